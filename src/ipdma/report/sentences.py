"""The methods paragraph and the results in APA style, written from the plan and the records."""

from __future__ import annotations

from ipdma.analysis.records import Ident
from ipdma.model.df import df_label
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.forest_rows import f_test
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first
from ipdma.report.words import STANDARDISE, in_sentence

WITHIN = "Within trials, "


def results_sentences(material: Material, ledger: Ledger) -> list[tuple[str, list[str]]]:
    """(title, sentences) of each contrast, outcome and time point: the effect, then the moderators."""
    pen = ledger.pen("report/results")
    found = []
    for analysis in material.analyses:
        lines = [
            effect_sentence(material, analysis, pen),
            heterogeneity_sentence(material, analysis, pen),
            stages_sentence(material, analysis, pen),
        ]
        lines += [
            moderator_sentence(material, analysis, pen, name) for name in material.plan.get("moderators", {})
        ]
        found.append((material.title(analysis), [line for line in lines if line]))
    return found


def effect_sentence(material: Material, analysis: Analysis, pen: Pen) -> str:
    """Across K trials (N = ...), the effect was ..., CI, t, p."""
    row = material.headline(analysis, "one")
    if row is None or row.number("estimate") is None:
        return ""
    who = (
        f"Across {pen.count(row, 'k')} {wording.plural(row.number('k'), 'trial')} (N = {pen.count(row, 'n')})"
    )
    return f"{who}, {verdict(material, analysis, row)}, {statistics(material, analysis, pen, row)}."


def verdict(material: Material, analysis: Analysis, row: Row) -> str:
    """What the interval says, without more than it says."""
    active, reference = (in_sentence(side) for side in material.sides(analysis.contrast))
    low, high, estimate = row.number("ci_low"), row.number("ci_high"), row.number("estimate")
    when = material.timepoint(analysis.timepoint)
    what = material.outcome(analysis.outcome)
    if low is None or high is None or estimate is None or low <= 0 <= high:
        return (
            f"the difference between {active} and {reference} in {what} at {when} could not be told from zero"
        )
    side = material.directions(analysis.contrast, analysis.outcome)[0 if estimate < 0 else 1]
    return f"the difference in {what} at {when} {in_sentence(side).replace('favours', 'favoured')}"


def statistics(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """`d = -0.55, 95% CI [-0.80, -0.30], t(8.3) = -5.00, p < .001`."""
    ratio = odds_ratio(material, pen, row)
    letter = (
        "log OR"
        if material.is_binary(analysis.outcome)
        else "B"
        if material.standardise(analysis.outcome) == "none"
        else "d"
    )
    text = f"{letter} = {pen.number(row, 'estimate')}, {material.level} CI {pen.interval(row)}"
    if row.number("statistic") is not None:
        test = f"t({pen.number(row, 'df', 1)})" if row.number("df") is not None else "z"
        text += f", {test} = {pen.number(row, 'statistic')}"
    return f"{ratio}{text}, {pen.p_phrase(row)}"


def odds_ratio(material: Material, pen: Pen, row: Row) -> str:
    """`OR = 2.68, 95% CI [1.60, 4.48], ` where the records hold it."""
    found = [
        material.count(row.text("analysis_id"), f"odds_ratio{end}", variable="treatment")
        for end in ("", "_low", "_high")
    ]
    if any(f is None or f.number("value") is None for f in found):
        return ""
    value, low, high = (pen.number(f, "value") for f in found)
    return f"OR = {value}, {material.level} CI [{low}, {high}]; "


def heterogeneity_sentence(material: Material, analysis: Analysis, pen: Pen) -> str:
    """Variance between trials, I2 and the prediction interval."""
    one, two = material.headline(analysis, "one"), material.headline(analysis, "two")
    parts = []
    if one is not None and one.number("tau2") is not None:
        parts.append(f"the effect varied between trials with \u03c4\u00b2 = {pen.number(one, 'tau2', 3)}")
    if two is not None and two.number("i2") is not None:
        parts.append(f"I\u00b2 = {pen.number(two, 'i2', 0)}% in the second stage")
    if one is not None and one.number("pi_low") is not None and one.number("pi_high") is not None:
        parts.append(
            f"the {material.level} prediction interval for a new trial was "
            f"{pen.interval(one, 'pi_low', 'pi_high')}"
        )
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def stages_sentence(material: Material, analysis: Analysis, pen: Pen) -> str:
    """The two-stage answer."""
    two = material.headline(analysis, "two")
    if two is None or two.number("estimate") is None:
        return ""
    return f"The two-stage analysis gave {statistics(material, analysis, pen, two)}."


def moderator_sentence(material: Material, analysis: Analysis, pen: Pen, name: str) -> str:
    """The within-trial interaction of one moderator."""
    head = analysis.ident(material.primary, "one", name)
    rows = material.records.of("estimates", head)
    levels = distinct((r for r in rows if r.term.kind == "within"), "level")
    joint = first(rows, term=Term("within", name))
    if joint is None or joint.number("p_value") is None:
        return ""
    label = in_sentence(material.moderator(name))
    holm = first(material.counts_of(head, "holm_p"), variable=joint.text("term"))
    judged = holm.number("value") if holm is not None else None
    p = judged if judged is not None else joint.number("p_value") or 0.0
    lead = f"{WITHIN}the effect {'varied with' if p < 0.05 else 'did not clearly vary with'} {label}"
    if not levels:
        unit = material.unit(head, name)
        per = f" {unit}" if unit else ""
        return (
            f"{lead}, B = {pen.number(joint, 'estimate')}{per}, {material.level} CI "
            f"{pen.interval(joint)}, {pen.p_phrase(joint)}{holm_text(material, pen, head, joint)}."
        )
    parts = [level_text(material, pen, first(rows, term=Term("within", name, level))) for level in levels]
    detail = "; ".join(part for part in parts if part)
    against = material.count(head, "moderator_reference")
    than = f" against {against.text('level').replace('_', ' ')}" if against is not None else ""
    tail = f" ({detail},{than})".replace(",)", ")") if detail else ""
    return f"{lead}, {f_test(material, pen, joint)}{holm_text(material, pen, head, joint)}{tail}."


def holm_text(material: Material, pen: Pen, head: Ident, row: Row) -> str:
    """The p value after Holm's correction."""
    holm = first(material.counts_of(head, "holm_p"), variable=row.text("term"))
    return f", after Holm's correction {pen.p_phrase(holm, 'value')}" if holm is not None else ""


def level_text(material: Material, pen: Pen, row: Row | None) -> str:
    """One level against the reference."""
    if row is None or row.number("estimate") is None:
        return ""
    return (
        f"{row.text('level').replace('_', ' ')}: B = {pen.number(row, 'estimate')}, {material.level} CI "
        f"{pen.interval(row)}, {pen.p_phrase(row)}"
    )


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
            f"Participant data were obtained for {pen.count(ipd)} of {pen.count(ipd, 'of')} eligible trials"
        )
    if total is not None:
        parts.append(f"{pen.count(total)} participants were contributed")
    contrasts = [material.contrast(c) for c in material.plan.get("contrasts", {})]
    text = "; ".join(parts)
    lead = f"{text}. " if text else ""
    return (
        f"{lead}The comparisons were {wording.several(contrasts)}. Participants were analysed in the arm "
        "to which they were allocated."
    )


def outcome_methods(material: Material) -> str:
    """Instruments, scale, binary outcomes."""
    instruments = material.plan.get("instruments", {})
    preference = wording.several([str(i).upper() for i in instruments.get("preference", [])])
    text = (
        f"In each trial, contrast and time point the outcome was the first available of {preference}"
        if preference
        else "The outcome was each trial's depression measure"
    )
    rating = instruments.get("rating", "any")
    text += f" ({rating}-rated only)" if rating in {"observer", "self"} else ""
    word = str(material.plan.get("standardise"))
    text += (
        f". Scores were divided by {STANDARDISE.get(word, 'a constant')}."
        if word != "none"
        else ". Scores were analysed in raw points."
    )
    if any(material.is_binary(o) for o in material.plan.get("outcomes", {})):
        text += (
            " Response was a loss of at least half of the baseline score, remission a score at or below "
            "the instrument's threshold; both were analysed as observed, as log odds ratios."
        )
    return text


def model_methods(material: Material) -> str:
    """The primary model in words."""
    model = material.plan.get("models", {}).get(material.primary, {})
    covariates = [str(c) for c in model.get("covariates", [])]
    slopes = model.get("covariate_slopes", "stratified")
    adjusted = (
        f", adjusted for {wording.several(covariates)} "
        f"({'a slope per trial' if slopes == 'stratified' else 'a common slope'})"
        if covariates
        else ""
    )
    intercept = {
        "stratified": "an intercept per trial",
        "random": "random intercepts",
        "common": "a common intercept",
    }[str(model.get("intercept") or "stratified")]
    effect = {"random": "a random treatment effect", "common": "a common treatment effect"}[
        str(model.get("treatment_effect") or "random")
    ]
    residual = (
        "a residual variance per trial"
        if model.get("residual") == "by_study"
        else "a common residual variance"
    )
    row = next((r for a in material.analyses if (r := material.headline(a, "one")) is not None), None)
    method = (
        f" Intervals and tests used {df_label(row.text('df_method'))} degrees of freedom."
        if row is not None
        else ""
    )
    return (
        f"The primary analysis was a one-stage mixed model with {intercept}, {effect} and "
        f"{residual}{adjusted}, fitted by restricted maximum likelihood "
        f"(maximum likelihood for binary outcomes).{method} A two-stage analysis estimated each trial by "
        "itself and pooled the estimates by random-effects meta-analysis."
    )


def moderator_methods(material: Material) -> str:
    """How moderators were tested."""
    names = [in_sentence(material.moderator(n)) for n in material.plan.get("moderators", {})]
    if not names:
        return ""
    return (
        f"Moderators ({wording.several(names)}) were tested as interactions with treatment within trials: "
        "each moderator was centred at its trial's mean, and the "
        "trial mean entered as a separate across-trial term, so that differences between trials cannot pass "
        "for differences between participants. Naive interactions "
        "are shown for comparison only."
    )


def closing(material: Material) -> str:
    """Missing data, suppression, software."""
    missing = material.plan.get("missing") or {}
    text = (
        "Participants without the outcome were left out of the analysis of observed rows."
        if not missing
        else "Missing values were handled as the plan says under 'missing'; results of observed rows stand "
        "beside them."
    )
    least = material.least
    version = material.versions.get("ipdma", "")
    return (
        f"{text} Counts under {least} are withheld from tables. The software was ipdma {version}".strip()
        + "."
    )
