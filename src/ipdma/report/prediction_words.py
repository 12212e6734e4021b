"""What is said of predicted benefit: first whether it is worth more than the average effect."""

from __future__ import annotations

from html import escape

from ipdma.analysis.records import Ident
from ipdma.report import wording
from ipdma.report.ledger import Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first
from ipdma.report.words import column_words, in_sentence, unit_words

MODEL = "prediction"
LEFT_OUT, SAME_DATA, OPTIMISM = "left-out trials", "same data", "optimism"
INTERVAL = (
    "The interval is of the average benefit of people with a profile in an average trial, not of one "
    "person's. The benefit is drawn towards the average by the penalty; the interval is that of the same "
    "model without one."
)
COMPLETE = (
    "Participants who lack the outcome or one of these variables take no part, although this plan imputes "
    "elsewhere: predictions are tested on what was observed, not on what a model of imputation has put in."
)
WAY = "Benefit: the outcome without the treatment less the outcome with it; above zero the treatment helps."
PATH_ITEMS = (
    "Is the overall effect reported beside predicted ones?",
    "Were few variables chosen before any result?",
    "Was there prior reason to expect that each changes the effect?",
    "Does the model have the variables' prognostic part too?",
    "Was overfitting held in check by a penalty?",
    "Do interactions rest on randomised comparisons?",
    "Are predictions told on an absolute scale?",
    "Were predictions tested in data that had no part in them?",
    "Are calibration and discrimination for benefit reported?",
    "Do predictions do better than the average effect?",
    "Was usefulness at thresholds of decisions judged?",
    "Do predictions apply to the people who ask?",
)


def head_of(analysis: Analysis) -> Ident:
    """The name of a cell's prediction."""
    return analysis.ident(MODEL, "one")


def predicted(material: Material) -> list[Analysis]:
    """The questions for which benefit was predicted, or was to be."""
    return [a for a in material.analyses if material.records.of("counts", head_of(a))]


def unit_of(material: Material, analysis: Analysis) -> tuple[float, str]:
    """What a unit of the outcome is in points, and the points' name."""
    row = material.count(head_of(analysis), "prediction_unit")
    if row is None or row.number("value") is None:
        return 1.0, material.scores_in(analysis.outcome)
    return row.number("value") or 1.0, material.points if row.text("level") else "points"


def variables_of(material: Material, analysis: Analysis) -> list[str]:
    """Plan names of the variables in the model, in their order."""
    rows = material.records.of("estimates", head_of(analysis))
    return list(dict.fromkeys(r.term.moderator for r in rows if r.term.kind == "within"))


def verdict_of(material: Material, analysis: Analysis) -> str:
    """`better`, `no better`, `untested`, or nothing where there is no prediction."""
    row = material.count(head_of(analysis), "prediction_verdict")
    return "" if row is None else row.text("level")


def lead(material: Material, analysis: Analysis) -> str:
    """The first sentence."""
    names = wording.several([named(material, n) for n in variables_of(material, analysis)])
    said = {
        "no better": f"No better than the average effect: predictions from {names} together.",
        "untested": (
            f"Not shown to be better than the average effect: predictions from {names} together; there are "
            "too few trials to leave one out and test them."
        ),
        "better": (
            f"Better than the average effect in trials that had no part in them: predictions from {names} "
            "together."
        ),
    }
    return said.get(verdict_of(material, analysis), "") if names else ""


def prediction_sentences(material: Material, analysis: Analysis, pen: Pen) -> str:
    """All that is said of one question, as text; why there is no prediction where there is none."""
    head = head_of(analysis)
    if not verdict_of(material, analysis):
        why = material.count(head, "refused") or material.count(head, "not_fitted")
        return "" if why is None else f"No benefit was predicted: {why.text('level')}."
    parts = [
        lead(material, analysis),
        tested_sentence(material, head, pen),
        thirds_sentence(material, analysis, pen),
    ]
    parts += [without_sentence(material, head), complete_sentence(material, analysis)]
    return " ".join(part for part in parts if part)


def tested_sentence(material: Material, head: Ident, pen: Pen) -> str:
    """Slope, c and optimism in the trials left out, and the test of all interactions."""
    trials = material.count(head, "prediction_tested")
    if trials is None or not trials.number("value"):
        return ""
    joint = first(
        material.records.of("estimates", head.but(variant="unpenalised")), term="treatment:within:(all)"
    )
    c, slope = (validation(material, head, name) for name in ("c_for_benefit", "calibration_slope"))
    parts = []
    if slope is not None:
        parts.append(
            f"a slope of observed on predicted benefit of {ranged(material, pen, slope)} (1 is right)"
        )
    if c is not None:
        parts.append(f"a c for benefit of {ranged(material, pen, c)} (0.5 is chance)")
        optimism = validation(material, head, "c_for_benefit", OPTIMISM)
        if optimism is not None:
            parts.append(f"an optimism in c of {pen.number(optimism, 'value')}")
    told = f"with {wording.several(parts)}" if parts else "with the same benefit for everybody"
    asked = material.count(head, "prediction_verdict")
    return (
        f"Each of {pen.number(trials, 'value', 0)} trials was predicted from the others, {told}; all "
        f"interactions together {pen.p_phrase(joint)}, where {pen.p(asked, 'value')} was asked (shared "
        "between the plan's predictions)."
    )


def validation(material: Material, head: Ident, name: str, level: str = LEFT_OUT) -> Row | None:
    """One measure of how predictions did: in the trials left out, on the data of the fit, or the optimism."""
    return material.count(head, "validation", variable=name, level=level)


def ranged(material: Material, pen: Pen, row: Row, digits: int = 2, unit: float = 1.0) -> str:
    """A count, times `unit`, with its interval where the counts of the same name with `_low` and `_high` give
    one."""
    ends = [
        first(
            material.records.of("counts", row.text("analysis_id")),
            what=f"{row.text('what')}{end}", variable=row.text("variable"), level=row.text("level"),
        )
        for end in ("_low", "_high")
    ]  # fmt: skip
    value = pen.scaled(row, "value", unit, digits)
    if any(end is None or end.number("value") is None for end in ends):
        return value
    low, high = (pen.scaled(end, "value", unit, digits) for end in ends)
    return f"{value} [{low}, {high}]"


def thirds_sentence(material: Material, analysis: Analysis, pen: Pen) -> str:
    """Observed benefit where least and where most was predicted."""
    unit, points = unit_of(material, analysis)
    rows = material.counts_of(head_of(analysis), "third_observed")
    if len(rows) < 3:
        return ""
    low, high = (ranged(material, pen, rows[i], 1, unit) for i in (0, 2))
    return (
        f"Observed benefit was {low} {points} in the third of each trial with the least predicted benefit "
        f"and {high} in that with the most."
    )


def without_sentence(material: Material, head: Ident) -> str:
    """Variables of the plan that are not in the model, and why."""
    rows = material.counts_of(head, "prediction_without")
    told = [f"{named(material, r.text('variable'))} ({r.text('level')})" for r in rows]
    return f"Left out: {wording.several(told)}." if told else ""


def complete_sentence(material: Material, analysis: Analysis) -> str:
    """That a prediction takes complete rows, where the plan imputes the outcome elsewhere."""
    missing = material.plan.get("missing") or {}
    imputed = missing.get("method") == "multiple_imputation"
    return COMPLETE if imputed and analysis.outcome in (missing.get("outcomes") or ()) else ""


def path_markup(material: Material, asked: list[Analysis]) -> str:
    """The items of PATH (Kent et al. 2020, Ann Intern Med 172: 35) with this run's answers, closed."""
    parts = []
    for analysis in asked:
        rows = material.counts_of(head_of(analysis), "path_item")
        items = "".join(map(path_item, rows))
        if items:
            parts.append(f"<p><b>{escape(material.title(analysis))}</b></p><ol>{items}</ol>")
    if not parts:
        return ""
    head = "What the PATH statement asks of predicted benefit, answered"
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>\n"


def path_item(row: Row) -> str:
    """One question with its answer and reason."""
    answer, _, reason = row.text("level").partition(": ")
    question = PATH_ITEMS[int(row.text("variable")) - 1]
    return f"<li>{escape(question)} <b>{escape(answer)}</b>: {escape(reason)}</li>"


def profile_names(material: Material, analysis: Analysis) -> list[str]:
    """Profiles in their order."""
    rows = material.records.of("estimates", head_of(analysis).but(variant="profiles"))
    return distinct(rows, "level")


def profile_words(material: Material, analysis: Analysis, name: str, pen: Pen) -> str:
    """A profile's values in words, with its own name before them where the plan gave one."""
    head = head_of(analysis).but(variant="profiles")
    rows = [r for r in material.counts_of(head, "profile_value") if r.text("variable").startswith(f"{name}|")]
    told = [value_words(material, analysis, r, pen) for r in rows]
    own = name in ((material.plan.get("prediction") or {}).get("profiles") or {})
    beyond = [r.text("level") for r in material.counts_of(head, "extrapolated", variable=name)]
    outside = [named(material, n) if n in material.plan["moderators"] else n for n in beyond]
    mark = f" (extrapolated: {wording.several(outside)} outside the data)" if outside else ""
    return f"{f'{wording.heading(name)}: ' if own else ''}{', '.join(told)}{mark}"


def value_words(material: Material, analysis: Analysis, row: Row, pen: Pen) -> str:
    """`baseline severity 20 HAM-D points`."""
    name = row.text("variable").rpartition("|")[2]
    column = (material.plan["moderators"].get(name) or {}).get("column")
    if row.number("value") is None:
        return f"{named(material, name)} {in_sentence(row.text('level'))}"
    unit = unit_of(material, analysis)[1] if column == "baseline" else unit_words(str(column))
    return f"{named(material, name)} {pen.compact(row, 'value')}{f' {unit}' if unit else ''}"


def named(material: Material, name: str) -> str:
    """A variable inside a sentence; one that the model has on another scale by the words of its column."""
    entry = material.plan["moderators"].get(name) or {}
    if (entry.get("transform") or "none") == "none":
        return in_sentence(material.moderator(name))
    return in_sentence(column_words(str(entry.get("column") or name)))
