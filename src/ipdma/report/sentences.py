"""The results in APA style, written from the records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipdma.analysis.records import Ident
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.boundary import boundary, cause
from ipdma.report.heterogeneity import f_test
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first
from ipdma.report.verdict import favoured, tellable
from ipdma.report.words import in_sentence

WITHIN = "Within trials, "
FORM = "{}, counted once in the family: within trials,"
IDENTIFIED = 3  # trials from which a variance between them can be told
EXPLORATORY = "Exploratory, outside the declared family and with p not corrected for it: within trials,"


def results_sentences(material: Material, ledger: Ledger) -> list[tuple[str, list[str]]]:
    """(title, sentences) of each contrast, outcome and time point: the effect, then the moderators."""
    pen = ledger.pen("report/results")
    found = []
    for analysis in material.analyses:
        lines = effect_sentences(material, analysis, pen)
        lines += [
            moderator_sentence(material, analysis, pen, name) for name in material.plan.get("moderators", {})
        ]
        found.append((material.title(analysis), [line for line in lines if line]))
    return found


def effect_sentences(material: Material, analysis: Analysis, pen: Pen) -> list[str]:
    """The effect and how far trials differ in it; or that there is too little to tell."""
    row = material.headline(analysis, "one") or material.headline(analysis, "two")
    if row is None or row.number("estimate") is None:
        return []
    trials = f"{pen.count(row, 'k')} {wording.plural(row.number('k'), 'trial')} (N = {pen.count(row, 'n')})"
    what = f"{material.outcome(analysis.outcome)} at {material.timepoint(analysis.timepoint)}"
    if why := cause(material, row):
        return [f"In {trials} the effect on {what} cannot be told: {why}."]
    if not tellable(material, row):
        return [f"In {trials} there were too few data to tell an effect on {what}."]
    lines = [
        f"Across {trials}, {verdict(material, analysis, row)}, {statistics(material, analysis, pen, row)}."
    ]
    return [line for line in [*lines, heterogeneity_sentence(material, analysis, pen, row)] if line]


def verdict(material: Material, analysis: Analysis, row: Row) -> str:
    """What the interval says, without more than it says."""
    active, reference = (in_sentence(side) for side in material.sides(analysis.contrast))
    when, what = material.timepoint(analysis.timepoint), material.outcome(analysis.outcome)
    side = favoured(material, analysis, row)
    if not side:
        return f"{active} and {reference} could not be told apart in {what} at {when}"
    return f"the difference in {what} at {when} favoured {active if side == 'active' else reference}"


def statistics(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """`d = -0.55, 95% CI [-0.80, -0.30], t(8.3) = -5.00, p < .001`; of events the odds ratio in its place."""
    raw = material.standardise(analysis.outcome) == "none"
    text = f"{'B' if raw else 'd'} = {pen.number(row, 'estimate')}, {material.level} CI {pen.interval(row)}"
    if material.is_binary(analysis.outcome):
        text = (
            odds_ratio(material, pen, row)
            or f"log OR = {pen.number(row, 'estimate')}, {material.level} CI {pen.interval(row)}"
        )
    if row.number("statistic") is not None:
        test = f"t({pen.number(row, 'df', 1)})" if row.number("df") is not None else "z"
        text += f", {test} = {pen.number(row, 'statistic')}"
    return f"{text}, {pen.p_phrase(row)}"


def odds_ratio(material: Material, pen: Pen, row: Row) -> str:
    """`OR = 2.68, 95% CI [1.60, 4.48]` where the records hold it."""
    found = [
        material.count(row.text("analysis_id"), f"odds_ratio{end}", variable="treatment")
        for end in ("", "_low", "_high")
    ]
    if any(f is None or f.number("value") is None for f in found):
        return ""
    value, low, high = (pen.number(f, "value") for f in found)
    return f"OR = {value}, {material.level} CI [{low}, {high}]"


def heterogeneity_sentence(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """How far trials differ, and the prediction interval on the scale of the effect before it."""
    tau2 = row.number("tau2")
    if tau2 is None or (row.number("k") or IDENTIFIED) < IDENTIFIED:
        return ""
    if tau2 == 0:
        return (
            "No variance between trials was found, which with so few trials does not show that there is none."
        )
    text = f"The effect varied between trials (\u03c4\u00b2 = {pen.number(row, 'tau2', 3)})"
    interval = prediction_interval(material, analysis, pen, row)
    return (
        f"{text}; {material.level} prediction interval for a new trial {interval}."
        if interval
        else f"{text}."
    )


def prediction_interval(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """The prediction interval; of events as odds ratios."""
    if row.number("pi_low") is None or row.number("pi_high") is None:
        return ""
    if not material.is_binary(analysis.outcome):
        return pen.interval(row, "pi_low", "pi_high")
    names = ("odds_ratio_pi_low", "odds_ratio_pi_high")
    low, high = (material.count(row.text("analysis_id"), n, variable="treatment") for n in names)
    if low is None or high is None:
        return ""
    return f"[{pen.number(low, 'value')}, {pen.number(high, 'value')}]"


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
    if why := cause(material, joint):
        return f"Whether the effect varied with {label} within trials cannot be told: {why}."
    if boundary(material, joint):
        return f"{WITHIN}there were too few data to tell whether the effect varied with {label}."
    p = judged if judged is not None else joint.number("p_value") or 0.0
    lead = f"{WITHIN}the effect {'varied with' if p < 0.05 else 'did not clearly vary with'} {label}"
    apart = material.standing(head, name)
    if apart:
        why = EXPLORATORY if apart == "exploratory" else FORM.format(wording.heading(apart))
        lead = f"{why} the interaction with {label}"
    if not levels:
        unit = material.unit(head, name)
        per = f" {unit}" if unit else ""
        return (
            f"{lead}, B = {pen.number(joint, 'estimate')}{per}, {material.level} CI "
            f"{pen.interval(joint)}, {pen.p_phrase(joint)}{holm_text(material, pen, head, joint)}."
            f"{error_text(material, analysis, pen, name)}"
        )
    parts = [level_text(material, pen, first(rows, term=Term("within", name, level))) for level in levels]
    detail = "; ".join(part for part in parts if part)
    against = material.count(head, "moderator_reference")
    than = f" against {against.text('level').replace('_', ' ')}" if against is not None else ""
    tail = f" ({detail},{than})".replace(",)", ")") if detail else ""
    return f"{lead}, {f_test(material, pen, joint)}{holm_text(material, pen, head, joint)}{tail}."


def error_text(material: Material, analysis: Analysis, pen: Pen, name: str) -> str:
    """What the interaction would be where the plan states a reliability of the scores behind it."""
    told = []
    for entry, keys in (material.plan.get("sensitivity") or {}).items():
        stated = (keys or {}).get("reliability")
        rows = material.records.of("estimates", analysis.ident(entry, "one", name)) if stated else []
        row = first(rows, term=Term("within", name))
        if row is not None and row.number("estimate") is not None and tellable(material, row):
            told.append(f" With {stated_words(stated)} for these scores it would be B = {pen.effect(row)}.")
    return "".join(told)


def stated_words(stated: Any) -> str:
    """`a stated reliability of 0.8`, or of each instrument."""
    of = "each instrument" if isinstance(stated, Mapping) else f"{float(stated):g}"
    return f"a stated reliability of {of}"


def holm_text(material: Material, pen: Pen, head: Ident, row: Row) -> str:
    """The p value after Holm's correction."""
    holm = first(material.counts_of(head, "holm_p"), variable=row.text("term"))
    return f", after Holm's correction {pen.p_phrase(holm, 'value')}" if holm is not None else ""


def level_text(material: Material, pen: Pen, row: Row | None) -> str:
    """One level against the reference."""
    if row is None or row.number("estimate") is None or boundary(material, row):
        return ""
    return (
        f"{row.text('level').replace('_', ' ')}: B = {pen.number(row, 'estimate')}, {material.level} CI "
        f"{pen.interval(row)}, {pen.p_phrase(row)}"
    )
