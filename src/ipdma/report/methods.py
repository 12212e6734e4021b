"""The methods of a run as paragraphs for a paper, written from the plan without a word of its keys."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.beside import NST, UNPUBLISHED
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.model_words import interval_words, model_words
from ipdma.report.records import first
from ipdma.report.words import STANDARDISE, in_sentence, instrument_words


def methods_paragraphs(material: Material, ledger: Ledger) -> list[str]:
    """What was done, from the plan as it ran."""
    pen = ledger.pen("report/methods")
    return [
        p
        for p in (
            data_methods(material, pen),
            outcome_methods(material),
            model_methods(material),
            moderator_methods(material),
            missing_methods(material),
            certainty_methods(material),
            closing(material),
        )
        if p
    ]


def data_methods(material: Material, pen: Pen) -> str:
    """Trials and participants."""
    total = first(material.records.of("counts", "cohort"), what="participants", study="", arm="")
    ipd = first(material.records.of("counts", "cohort"), what="registry", variable="ipd")
    parts = []
    if ipd is not None:
        parts.append(
            f"participant data were obtained for {pen.count(ipd)} of {pen.count(ipd, 'of')} eligible trials"
        )
    if total is not None:
        parts.append(f"{pen.count(total)} participants were contributed")
    text = "; ".join(parts)
    lead = f"{text[:1].upper()}{text[1:]}. " if text else ""
    contrasts = [f"\u2018{material.contrast(c)}\u2019" for c in material.plan.get("contrasts", {})]
    what = "comparison was" if len(contrasts) == 1 else "comparisons were"
    return (
        f"{lead}The {what} {wording.several(contrasts)}. Participants were analysed in the arm to which they "
        "were allocated."
    )


def outcome_methods(material: Material) -> str:
    """Instruments, scale, binary outcomes."""
    instruments = material.plan.get("instruments") or {}
    preference = [instrument_words(str(i)) for i in instruments.get("preference") or []]
    text = (
        "In each trial the outcome was the first of these instruments with a score before treatment and at "
        f"the time point in question: {'; '.join(preference)}"
        if preference
        else "The outcome was each trial's depression measure"
    )
    rating = instruments.get("rating", "any")
    text += f" ({rating}-rated only)" if rating in {"observer", "self"} else ""
    word = str(material.plan.get("standardise"))
    text += (
        f". Scores were divided by {STANDARDISE.get(word, 'a constant')}."
        if word != "none"
        else ". Scores were analysed in points of the instrument."
    )
    if any(material.is_event(o) for o in material.plan.get("outcomes", {})):
        text += (
            " Response was a loss of at least half of the score before treatment, remission a score at or "
            "below the instrument's threshold; events were analysed as observed, as log odds ratios."
        )
    return text


def model_methods(material: Material) -> str:
    """The primary model in words."""
    model = material.plan.get("models", {}).get(material.primary) or {}
    row = next((r for a in material.analyses if (r := material.headline(a, "one")) is not None), None)
    two = next((r for a in material.analyses if (r := material.headline(a, "two")) is not None), None)
    intervals = (
        "" if row is None else f" Intervals and tests were by {interval_words(row.text('df_method'))}."
    )
    if any(r is not None and r.text("df_method") == NST for r in (row, two)):
        intervals += f" {UNPUBLISHED}"
    pooled = "" if two is None else f", with intervals by {interval_words(two.text('df_method'))}"
    return (
        f"The primary analysis was a one-stage mixed model with {model_words(material, model)}, fitted by "
        f"restricted maximum likelihood (maximum likelihood for events).{intervals} In a second analysis, in "
        "two stages, each trial was estimated by itself and the estimates were pooled by random-effects "
        f"meta-analysis{pooled}."
    )


def moderator_methods(material: Material) -> str:
    """How moderators were tested: declared ones, then exploratory ones."""
    entries = material.plan.get("moderators") or {}
    groups = {
        kind: [
            in_sentence(material.moderator(n))
            for n, entry in entries.items()
            if bool((entry or {}).get("exploratory")) is kind
        ]
        for kind in (False, True)
    }
    if not entries:
        return ""
    listed = [f"declared beforehand were {'; '.join(groups[False])}"] if groups[False] else []
    listed += [f"exploratory were {'; '.join(groups[True])}"] if groups[True] else []
    names = ". ".join(f"{text[:1].upper()}{text[1:]}" for text in listed)
    correction = str((material.plan.get("moderator_analysis") or {}).get("correction") or "")
    corrected = f" P values of the declared ones carry {wording.heading(correction)}'s correction."
    return (
        "Moderators were tested as interactions with treatment within trials: each was centred at its "
        "trial's mean, and the trial's mean entered as a term of its own, so that differences between trials "
        f"cannot pass for differences between participants. {names}."
        f"{corrected if correction and groups[False] else ''}"
    )


def missing_methods(material: Material) -> str:
    """What was done about missing values."""
    missing = material.plan.get("missing") or {}
    if missing.get("method") != "multiple_imputation":
        return "Participants without the outcome were left out."
    text = (
        "The primary analysis used the participants whose outcome was observed. Beside it, missing values "
        f"were filled in by multiple imputation within trial and arm (at least {missing['m']} completed data "
        "sets) and results combined by Rubin's rules."
    )
    if (missing.get("delta") or {}).get("grid") or missing.get("reference_based"):
        text += (
            " Departures from missing at random were tried by worsening imputed outcomes step by step"
            f"{', and by letting them follow the reference arm' if missing.get('reference_based') else ''}."
        )
    return text


def certainty_methods(material: Material) -> str:
    """How certainty was judged."""
    signed = (material.plan.get("certainty") or {}).get("judgements")
    who = "was judged by the authors" if signed else "is suggested from the data, not signed by the authors"
    return (
        f"Certainty of evidence follows GRADE and {who}. Absolute effects on events are "
        "standardised over the trials' participants (g-computation), from a stated risk where there is one."
    )


def closing(material: Material) -> str:
    """Suppression and software."""
    version = material.versions.get("ipdma", "")
    return (
        f"Numbers of fewer than {material.least} people are withheld, with others from which they would "
        f"follow. The software was ipdma {version}".strip()
        + "."
    )
