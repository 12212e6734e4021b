"""The parts of a plan as sentences: a function for each, and their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ipdma.report import wording
from ipdma.report.model_words import interval_words, model_words
from ipdma.report.words import (
    BLINDED,
    LEFT_OUT_BLINDED,
    STANDARDISE,
    Words,
    condition,
    in_sentence,
    instrument_words,
    unit_words,
)

Entry = Mapping[str, Any]


def scores(words: Words, entry: Entry) -> str:
    """Which instrument each trial's scores come from, and who rated it."""
    listed = "; ".join(instrument_words(str(name)) for name in entry.get("preference") or [])
    rating = str(entry.get("rating") or "any")
    whose = "whoever rated it" if rating == "any" else f"{rated(rating)} only"
    return f"in each trial the first that has a score before treatment and one after, {whose}: {listed}"


def rated(rating: str) -> str:
    """By whom a scale is filled in."""
    return {"observer": "rated by an observer", "self": "rated by the participants"}.get(rating, rating)


def divided(words: Words, value: Any) -> str:
    """By what scores are divided."""
    more = ", with Hedges' correction for small trials" if words.plan.get("hedges") else ""
    if value == "none":
        return "scores stay in points of their instrument"
    return f"scores are divided by {STANDARDISE.get(str(value), 'a constant')}{more}"


def times(words: Words, entries: Entry) -> str:
    """When outcomes are taken."""
    return "; ".join(f"{words.timepoint(name)}{window(entry or {})}" for name, entry in entries.items())


def window(entry: Entry) -> str:
    """`: 13 to 78 weeks after the end of treatment, the visit nearest to week 52`."""
    parts = [
        f"{entry[key][0]:g} to {entry[key][1]:g} weeks after {what}"
        for key, what in (("weeks_after_post", "the end of treatment"), ("weeks", "randomisation"))
        if entry.get(key)
    ]
    if parts and entry.get("target") is not None:
        parts.append(f"the visit nearest to week {entry['target']:g}")
    return f": {', '.join(parts)}" if parts else ""


def comparisons(words: Words, entries: Entry) -> str:
    """Who is compared with whom."""
    return "; ".join(
        f"{words.contrast(name)}: {conditions(entry['active'])} against {conditions(entry['reference'])}"
        for name, entry in entries.items()
    )


def conditions(names: Any) -> str:
    """Arms' conditions inside a sentence."""
    return wording.several([in_sentence(condition(str(name))) for name in names]).replace(" and ", " or ")


def outcomes(words: Words, entries: Entry) -> str:
    """What is measured: scores, then events, each with what is its own."""
    told: dict[str, list[str]] = {"Scores": [], "Events": []}
    single = (words.plan.get("secondary") or {}).get("instruments") or []
    for name in (n for n in entries if n not in single):
        entry, kind = entries[name] or {}, "Events" if words.is_binary(name) else "Scores"
        own = [rated(str(entry["rating"]))] if entry.get("rating") else []
        own += ["in points"] if entry.get("standardise") == "none" and kind == "Scores" else []
        at = [words.timepoint(str(t)) for t in entry.get("time_points") or []]
        own += [f"at {wording.several(at)}"] if at else []
        told[kind].append(in_sentence(words.outcome(name)) + (f" ({', '.join(own)})" if own else ""))
    return ". ".join(f"{kind}: {'; '.join(names)}" for kind, names in told.items() if names)


def secondary(words: Words, entry: Entry) -> str:
    """Instruments that are analysed by themselves too."""
    names = "; ".join(instrument_words(str(name)) for name in entry.get("instruments") or [])
    least = entry.get("minimum_studies")
    return f"each by itself, where at least {least} trials used it: {names}" if names else ""


def reliable(words: Words, entry: Entry) -> str:
    """When a change counts as reliable."""
    sd = STANDARDISE.get(str(entry.get("standard_deviation")), "the standard deviation")
    return (
        f"a change of more than {entry.get('threshold'):g} standard errors of the difference, which follows "
        f"from {sd} and the instrument's reliability"
    )


def models(words: Words, entries: Entry) -> str:
    """Every model, the primary one first."""
    order = sorted(entries, key=lambda name: name != words.primary)
    told = []
    for name in order:
        entry = entries[name] or {}
        method = str(entry.get("df") or "")
        text = model_words(words, entry) + (f"; intervals by {interval_words(method)}" if method else "")
        told.append(f"{'Primary' if name == words.primary else wording.heading(name)}: {text}")
    return ". ".join(told)


def moderators(words: Words, entries: Entry) -> str:
    """Declared ones, then exploratory ones."""
    groups: dict[bool, list[str]] = {False: [], True: []}
    for name, entry in entries.items():
        entry = entry or {}
        levels = entry.get("labels") or entry.get("levels") or []
        unit = unit_words(str(entry.get("column") or ""))
        per = f" (per {entry['per']:g} {unit}".rstrip() + ")" if entry.get("per") not in (None, 1) else ""
        own = f" ({', '.join(map(str, levels))})" if levels and list(levels) != ["no", "yes"] else per
        groups[bool(entry.get("exploratory"))].append(f"{in_sentence(words.moderator(name))}{own}")
    heads = {False: "Declared", True: "Exploratory"}
    return ". ".join(f"{heads[kind]}: {'; '.join(names)}" for kind, names in groups.items() if names)


def moderator_analysis(words: Words, entry: Entry) -> str:
    """How moderators are judged and shown."""
    parts = []
    if entry.get("correction"):
        name = wording.heading(str(entry["correction"]))
        parts.append(f"the declared moderators' p values carry {name}'s correction")
    if entry.get("quantiles"):
        at = wording.several([f"{100 * q:g}th" for q in entry["quantiles"]])
        parts.append(f"effects are shown at the {at} percentile")
    if entry.get("minimum_studies"):
        parts.append(f"a moderator is tested where at least {entry['minimum_studies']} trials recorded it")
    if entry.get("naive"):
        parts.append(
            "interactions that mix differences within and between trials stand beside for comparison"
        )
    return "; ".join(parts)


def missing(words: Words, entry: Entry) -> str:
    """What is done about gaps."""
    if entry.get("method") != "multiple_imputation":
        return "observed outcomes alone"
    names = wording.several([in_sentence(words.outcome(str(o))) for o in entry.get("outcomes") or []])
    text = f"multiple imputation within trial and arm, at least {entry.get('m')} completed data sets"
    text += f", of {names}" if names else ""
    grid = (entry.get("delta") or {}).get("grid")
    if grid:
        text += f"; imputed outcomes shifted by {wording.several([f'{g:g}' for g in grid])}"
        meant = [str(o) for o in entry.get("outcomes") or words.plan.get("outcomes") or []]
        units = {words.scores_in(o) for o in meant if not words.is_binary(o)}
        text += f" {' or '.join(sorted(units))}"
    if "jump_to_reference" in (entry.get("reference_based") or []):
        text += "; and as the reference arm would have fared"
    return text


def absolute(words: Words, entry: Entry) -> str:
    """On which scale and at which risks effects are told."""
    parts = [f"effects are told in points of the {instrument_words(str(entry.get('instrument')))}"]
    if entry.get("severity"):
        held = [f"{wording.heading(str(k)).lower()} {v:g}" for k, v in entry["severity"].items()]
        parts.append(f"at {wording.several(held)} points before treatment")
    if entry.get("event_rates"):
        rates = wording.several([f"{100 * rate:g}" for rate in entry["event_rates"]])
        parts.append(f"and where {rates} of 100 have the event")
    return ", ".join(parts)


def certainty(words: Words, entry: Entry) -> str:
    """Which results are judged, against which difference."""
    worth = entry.get("worthwhile") or {}
    told = [
        text.format(worth[key])
        for key, text in (("points", "{:g} points"), ("standardised", "{:g} SD"), ("risk", "{:g} of risk"))
        if worth.get(key) is not None
    ]
    names = [result(words, str(name)) for name in entry.get("outcomes") or []]
    listed = f"GRADE for {'; '.join(names)}. " if names else "GRADE. "
    return f"{listed}Smallest worthwhile difference: {wording.several(told)}"


def result(words: Words, name: str) -> str:
    """`depression at post-treatment` of `depression.post`."""
    outcome, _, time = name.partition(".")
    return f"{in_sentence(words.outcome(outcome))}{f' at {words.timepoint(time)}' if time else ''}"


def explanations(words: Words, entries: Any) -> str:
    """Why answers differ, where somebody wrote it down."""
    told = []
    for entry in entries:
        contrast, outcome, time, *more = str(entry["analysis"]).split(".")
        name = f"{words.contrast(contrast)}, {result(words, f'{outcome}.{time}')}"
        moderator = f", {in_sentence(words.moderator(more[2]))}" if len(more) > 2 else ""
        told.append(f"{name}{moderator}: {entry['why']}")
    return "; ".join(told)


def labels(group: str) -> Callable[[Words, Any], str]:
    """The entries of a part by their labels."""

    def listed(words: Words, entries: Entry) -> str:
        return "; ".join(words.label(group, name) or wording.heading(name) for name in entries)

    return listed


def tree(words: Words, entry: Entry) -> str:
    """Where a tree is grown, and how far."""
    names = wording.several([f"\u2018{words.contrast(c)}\u2019" for c in entry.get("contrasts") or []])
    at = result(words, f"{entry.get('outcome')}.{entry.get('time_point')}")
    return (
        f"in {names}, of {at}: a split needs p below {entry.get('alpha'):g} and {entry.get('minimum_node')} "
        f"people on either side, at most {entry.get('maximum_depth')} deep; "
        f"grown again in {entry.get('resamples')} resamples"
    )


def visits(words: Words, entry: Entry) -> str:
    """The model over visits."""
    names = wording.several([words.timepoint(str(v)) for v in entry.get("visits") or []])
    return f"{names} in one model; covariance of a participant's visits {entry.get('covariance', '')}"


def prognosis(words: Words, entry: Entry) -> str:
    """Which outcomes' prognosis is studied, inside which arms."""
    names = wording.several([in_sentence(words.outcome(str(o))) for o in entry.get("outcomes") or []])
    return f"within the arms of {conditions(entry.get('conditions') or [])}, of {names}"


def network(words: Words, entry: Entry) -> str:
    """What is in the model over all arms."""
    names = wording.several([in_sentence(words.outcome(str(o))) for o in entry.get("outcomes") or []])
    nodes = entry.get("nodes") or {}
    told = "; ".join(f"{wording.heading(n)}: {conditions(own)}" for n, own in nodes.items())
    return f"all arms of all trials, of {names}{f' ({told})' if told else ''}" if names else ""


def nesting(words: Words, entry: Entry) -> str:
    """Whose therapists are taken into account."""
    arms = "the active arms" if entry.get("arms") == "active" else "both arms"
    return f"a variance between therapists in {arms}" if entry.get("column") else ""


def prediction(words: Words, entry: Entry) -> str:
    """From what benefit is predicted."""
    names = wording.several([in_sentence(words.moderator(str(n))) for n in entry.get("variables") or []])
    return f"from {names} together, tested in trials left out" if names else ""


def figures(words: Words, entry: Entry) -> str:
    """In which formats figures are written."""
    names = {"main": "figures for print", "explorer": "all others"}
    told = [f"{names[k]} in {wording.several([f.upper() for f in entry[k]])}" for k in names if entry.get(k)]
    return "; ".join(told)


TOLD: dict[str, tuple[str, Callable[[Words, Any], str]]] = {
    "blind": ("Blinding", lambda words, value: f"{BLINDED} Left out: {LEFT_OUT_BLINDED}" if value else ""),
    "instruments": ("Instruments", scores),
    "standardise": ("Scale", divided),
    "time_points": ("Time points", times),
    "contrasts": ("Comparisons", comparisons),
    "outcomes": ("Outcomes", outcomes),
    "secondary": ("Single instruments", secondary),
    "reliable_change": ("Reliable change", reliable),
    "models": ("Models", models),
    "level": ("Intervals", lambda words, value: f"{words.level} intervals"),
    "moderators": ("Moderators", moderators),
    "moderator_analysis": ("Tests of moderators", moderator_analysis),
    "subgroups": (
        "Subgroups of trials",
        lambda words, value: f"by {wording.several([*map(in_sentence, value)])}",
    ),
    "risk_of_bias": (
        "Risk of bias",
        lambda words, value: "; ".join(wording.item(str(v)).removeprefix("Risk of bias, ") for v in value),
    ),
    "prognosis": ("Prognosis", prognosis),
    "network": ("All treatments in one model", network),
    "nesting": ("Therapists", nesting),
    "prediction": ("Predicted benefit", prediction),
    "longitudinal": ("Course over time", visits),
    "sensitivity": ("Sensitivity analyses", labels("sensitivity")),
    "missing": ("Missing outcomes", missing),
    "aggregate_trials": (
        "Published results",
        lambda words, value: "pooled beside where a trial gave no participant data" if value else "",
    ),
    "absolute": ("Absolute effects", absolute),
    "certainty": ("Certainty", certainty),
    "explanations": ("Where answers differ", explanations),
    "engines": (
        "Other software",
        lambda words, value: (
            f"the headline models are fitted again by {wording.several(list(map(str, value)))}"
        ),
    ),
    "tree": ("Tree of moderators", tree),
    "integrity": ("Checks of the data", lambda words, value: "the IPD Integrity Tool" if value else ""),
    "figures": ("Figures", figures),
    "minimum_cell": (
        "Few people",
        lambda words, value: f"numbers of fewer than {value} people are withheld",
    ),
    "seed": ("Random numbers", lambda words, value: f"drawn from the seed {value}"),
}
