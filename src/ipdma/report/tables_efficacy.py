"""The main table, one row per outcome and time point; and every model in both stages."""

from __future__ import annotations

from ipdma.model.df import df_label
from ipdma.report import wording
from ipdma.report.beside import AIM, NST, beside_text
from ipdma.report.boundary import reason
from ipdma.report.forest_rows import effect_text, prediction_text
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row
from ipdma.report.table import Column, Section, Table
from ipdma.report.words import in_sentence

BESIDE = {
    "hksj": "",
    "longitudinal": "All visits in one model",
    "imputed": "Gaps filled in (multiple imputation)",
}
SHORTER = (("NNT", ""), ("infinity", "\u221e"), (" to ", ", "))
STAGES = {"one": "one stage", "two": "two stages"}
ABBREVIATIONS = (
    "CI confidence interval; PI prediction interval for the effect in a new trial; K trials; N participants "
    "analysed; "
    "\u03c4\u00b2 variance of the effect between trials; I\u00b2 share of variance that lies between trials; "
    "df degrees of freedom; "
    "HAM-D Hamilton depression scale, 17 items; NNT number needed to treat."
)
MARKS = (
    "\u2020 a variance between trials is estimated at zero (singular fit). \u2021 the fit did not converge: "
    "do not use."
)


def tabulate_efficacy(material: Material, ledger: Ledger) -> Table:
    """One row per outcome and time point: the primary model."""
    pen = ledger.pen("tables/efficacy")
    level = material.level
    columns = [
        Column("Outcome", "left"),
        Column("K"),
        Column("N"),
        Column(f"Effect [{level} CI]"),
        Column(f"Other {material.level} CI", "left"),
        Column("p"),
        Column(f"{level} PI"),
        Column(f"{material.points} [{level} CI]"),
        Column("NNT", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for contrast in dict.fromkeys(a.contrast for a in material.analyses):
        lines = [
            efficacy_row(material, analysis, pen, row)
            for analysis in material.analyses
            if analysis.contrast == contrast and (row := main_row(material, analysis)) is not None
        ]
        rows += [Section(material.contrast(contrast)), *lines] if lines else []
    notes = [
        "Effect: standardised mean difference of a score, or difference in points where it says so; odds "
        "ratio of an event. Models, stages and heterogeneity stand in the table of all models.",
        *notes_of(material),
    ]
    return Table("efficacy", "Effects at each time point", columns, rows, notes)


def main_row(material: Material, analysis: Analysis) -> Row | None:
    """The primary model's effect in one stage, else in two."""
    found = (material.headline(analysis, stage) for stage in STAGES)
    return next((r for r in found if r is not None and r.number("estimate") is not None), None)


def efficacy_row(material: Material, analysis: Analysis, pen: Pen, row: Row) -> tuple[str, ...]:
    """One outcome at one time point."""
    odds = material.is_binary(analysis.outcome)
    outcome = material.outcome(analysis.outcome)
    label = f"{outcome[:1].upper()}{outcome[1:]}, {material.timepoint(analysis.timepoint)}"
    points, nnt = absolute(material, pen, row)
    return (
        label,
        pen.count(row, "k"),
        pen.count(row, "n"),
        effect_text(material, pen, row, odds) + flags(material, row),
        beside_text(material, pen, row, odds),
        pen.p(row),
        prediction_text(material, pen, row, odds),
        wording.NOTHING if odds else points,
        nnt,
    )


def tabulate_models(material: Material, ledger: Ledger) -> Table:
    """Every model of the plan in both stages."""
    pen = ledger.pen("tables/efficacy_models")
    columns = [
        Column("Model", "left"),
        Column("Stage", "left"),
        Column("K"),
        Column("N"),
        Column(f"Estimate [{material.level} CI]"),
        Column(f"Other {material.level} CI", "left"),
        Column("SE"),
        Column("df"),
        Column("p"),
        Column("\u03c4\u00b2"),
        Column("I\u00b2"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines = headline_rows(material, analysis, pen)
        rows += [Section(section_title(material, analysis)), *lines] if lines else []
    return Table("efficacy_models", "Effects in every model and stage", columns, rows, notes_of(material))


def section_title(material: Material, analysis: Analysis) -> str:
    """The question, and its scale."""
    scale = "log odds ratio" if material.is_binary(analysis.outcome) else "standardised mean difference"
    if scale.startswith("standardised") and material.standardise(analysis.outcome) == "none":
        scale = "mean difference in points"
    return f"{material.title(analysis)} ({scale})"


def headline_rows(material: Material, analysis: Analysis, pen: Pen) -> list[tuple[str, ...]]:
    """Each model of the plan in both stages; then the primary one with Hartung-Knapp's scale, over all
    visits, and with gaps filled in."""
    models = dict.fromkeys([material.primary, *material.plan.get("models", {}), *BESIDE])
    found = [(m, s, material.headline(analysis, s, m)) for m in models for s in STAGES]
    return [
        headline_row(material, pen, m, r)
        for m, _, r in found
        if r is not None and r.number("estimate") is not None
    ]


def headline_row(material: Material, pen: Pen, model: str, row: Row) -> tuple[str, ...]:
    """One fit."""
    i2 = pen.number(row, "i2", 0) + "%" if row.number("i2") is not None else wording.NOTHING
    return (
        model_name(material, model),
        stage_words(material, row),
        pen.count(row, "k"),
        pen.count(row, "n"),
        pen.effect(row) + flags(material, row),
        beside_text(material, pen, row),
        pen.number(row, "std_error", 3),
        pen.number(row, "df", 1),
        pen.p(row),
        pen.number(row, "tau2", 3),
        i2,
    )


def stage_words(material: Material, row: Row) -> str:
    """`two stages`, with what is pooled where that is not the scale of the section."""
    measure = material.measure(row.text("analysis_id"))
    words = STAGES.get(row.text("stage"), row.text("stage"))
    return f"{words} ({measure})" if measure else words


def flags(material: Material, row: Row) -> str:
    """Marks of a fit that did not converge or has a variance at zero, explained in the notes; and why a
    result is told in no sentence."""
    singular = "\u2020" if row.text("singular").lower() == "true" else ""
    marks = singular + ("\u2021" if row.text("converged").lower() == "false" else "")
    return marks + reason(material, row)


def absolute(material: Material, pen: Pen, row: Row) -> tuple[str, str]:
    """The effect in points, and NNT at an event rate of 20%, else at the first that the run has."""
    where = row.text("analysis_id")
    points = material.count(where, "hamd_effect")
    text = wording.NOTHING
    if points is not None:
        low, high = material.count(where, "hamd_low"), material.count(where, "hamd_high")
        text = pen.number(points, "value", 1)
        text += f" [{pen.number(low, 'value', 1)}, {pen.number(high, 'value', 1)}]" if low and high else ""
    rates = material.counts_of(where, "nnt")
    chosen = next((r for r in rates if r.text("variable") == "0.2"), rates[0] if rates else None)
    return text, nnt_text(pen, chosen)


def nnt_text(pen: Pen, row: Row | None) -> str:
    """`B 10.4 (B 4.2, \u221e, H 20.1)` for the record's `NNTB 10.4 (NNTB 4.2 to infinity to NNTH 20.1)`."""
    text = pen.worded(row)
    for long, short in SHORTER:
        text = text.replace(long, short)
    return text


def notes_of(material: Material) -> list[str]:
    """Signs, scale, degrees of freedom, marks, abbreviations."""
    signs = dict.fromkeys(
        f"{material.title(a)}: {material.sign_note(a.contrast, a.outcome)}" for a in material.analyses[:1]
    )
    notes = [sign_line(material), df_line(material)] if material.analyses else []
    if any(row.text("df_method") == NST for row in material.records.estimates):
        notes.append(AIM)
    if signs:
        notes.append(
            "NNT: of a score at an event rate of 20% in the reference arm where the run gives it; of an "
            "event standardised over the trials' baselines. B to benefit, H to harm (NNTB, NNTH), \u221e no "
            "difference: an interval that holds it goes from benefit through \u221e to harm."
        )
    if any(material.headline(a, "one", "longitudinal") is not None for a in material.analyses):
        notes.append(
            "All visits in one model: baseline and every later score of all participants with any, so N "
            "counts those in the model, of the trials with that time point, and not those seen at it."
        )
    return [*notes, MARKS, ABBREVIATIONS]


def sign_line(material: Material) -> str:
    """The sign convention of every outcome, said once where it is the same."""
    groups: dict[tuple[str, str], list[str]] = {}
    for analysis in material.analyses:
        sides = tuple(in_sentence(side) for side in material.sides(analysis.contrast))
        left = material.directions(analysis.contrast, analysis.outcome)[0]
        word = "negative" if left == f"Favours {sides[0]}" else "positive"
        contrast = "" if one_sign(material, analysis.outcome) else material.contrast(analysis.contrast)
        groups.setdefault((word, contrast), []).append(material.outcome(analysis.outcome))
    parts = []
    for (word, contrast), outcomes in groups.items():
        where = f" ({contrast})" if contrast else ""
        parts.append(f"{word} values of {wording.several(list(dict.fromkeys(outcomes)))}{where}")
    return f"Sign: the treatment that a contrast names first is favoured by {'; by '.join(parts)}."


def one_sign(material: Material, outcome: str) -> bool:
    """Whether an outcome has one sign convention over all contrasts."""
    words = set()
    for analysis in (a for a in material.analyses if a.outcome == outcome):
        active = in_sentence(material.sides(analysis.contrast)[0])
        words.add(material.directions(analysis.contrast, outcome)[0] == f"Favours {active}")
    return len(words) == 1


def df_line(material: Material) -> str:
    """Which degrees of freedom the intervals use, by stage."""
    seen: dict[tuple[str, str], None] = {}
    for row in material.records.estimates:
        if (
            row.text("term") == "treatment"
            and not row.text("moderator")
            and row.text("model") in material.plan.get("models", {})
        ):
            seen[(row.text("stage"), df_label(row.text("df_method")))] = None
    parts = [
        f"{STAGES[stage]}: {wording.several([m for s, m in seen if s == stage])}"
        for stage in STAGES
        if any(s == stage for s, _ in seen)
    ]
    return f"Degrees of freedom and standard errors, {'; '.join(parts)}."


def model_name(material: Material, model: str) -> str:
    """A model's label, else its name in the plan."""
    if model == "hksj":
        return f"{material.primary}, Hartung-Knapp scale"
    return BESIDE.get(model) or material.label("models", model) or model
