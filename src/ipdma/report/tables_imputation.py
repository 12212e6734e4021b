"""Missing data: who lacks what, and what the answers become when gaps are filled in."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import MARKS, STAGES, flags, section_title, sign_line

OWN = {"outcome": "Outcome", "baseline": "Baseline score"}
FILLED = ("imputed", "delta", "jump_to_reference", "copy_increments", "non_responder")


def tabulate_missing(material: Material, ledger: Ledger) -> Table:
    """Gaps by variable and arm, those within trials apart from what trials never asked."""
    pen = ledger.pen("tables/missing_values")
    columns = [
        Column("Variable", "left"),
        Column("Missing, active"),
        Column("Missing, reference"),
        Column("Trials that never measured it"),
        Column("Their participants"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        found = [r for r in material.counts_of(analysis.id, "missing") if not r.text("study")]
        lines = [missing_row(material, analysis, pen, v) for v in distinct(found, "variable")]
        rows += [Section(section_title(material, analysis)), *lines] if lines else []
    least = material.least
    notes = [
        "Participants with a baseline score. Missing: without a value, of those in trials that measured the "
        "variable. Trials that never measured it stand apart: their participants say nothing of it.",
        f"Counts from 1 to {least - 1} are withheld (<{least}).",
    ]
    return Table("missing_values", "Missing values by arm", columns, rows, notes)


def missing_row(material: Material, analysis: Analysis, pen: Pen, variable: str) -> tuple[str, ...]:
    """One variable."""
    name = OWN.get(variable) or material.variable(variable)
    arms = [
        first(material.counts_of(analysis.id, "missing", variable=variable, study=""), arm=arm)
        for arm in ("active", "reference")
    ]
    whole = material.count(analysis.id, "missing", variable=variable, level="systematic")
    studies = material.count(analysis.id, "missing_studies", variable=variable)
    never = f"{pen.count(studies)} of {pen.count(studies, 'of')}" if studies is not None else wording.NOTHING
    return (
        name,
        *[share_cell(pen, row) for row in arms],
        never,
        pen.count(whole),
    )


def share_cell(pen: Pen, row: Row | None) -> str:
    """`12 of 210`, or what stands for a withheld count."""
    if row is None or not row.number("of"):
        return wording.NOTHING
    return f"{pen.count(row)} of {pen.count(row, 'of')}"


def tabulate_imputation(material: Material, ledger: Ledger) -> Table:
    """Headline and moderators with gaps filled in, beside those of the observed rows."""
    pen = ledger.pen("tables/imputation")
    columns = [
        Column("Effect", "left"),
        Column("Missing data", "left"),
        Column("Stage", "left"),
        Column("K"),
        Column("N"),
        Column(f"Estimate [{material.level} CI]"),
        Column("p"),
        Column("Missing information"),
        Column("Monte-Carlo error"),
        Column("Remark", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines = [*filled_headlines(material, analysis, pen), *filled_moderators(material, analysis, pen)]
        rows += [Section(section_title(material, analysis)), *lines] if lines else []
    notes = [
        sign_line(material) if material.analyses else "",
        "Observed: rows with an outcome. Imputed: multiple imputation within trial and arm, pooled by "
        "Rubin's rules. Shifts move imputed outcomes by so many SDs; jump to reference and copy increments "
        "draw the active arm's gaps as the reference arm would have them. Two levels: moderators also "
        "imputed in trials that never measured them.",
        "Missing information: share of the information that is lost to the gaps. Monte-Carlo error: of the "
        "estimate, by the number of imputations.",
        MARKS,
    ]
    return Table("imputation", "Missing data filled in", columns, rows, [n for n in notes if n])


def filled_headlines(material: Material, analysis: Analysis, pen: Pen) -> list[tuple[str, ...]]:
    """The treatment effect, observed and filled in; empty where nothing was filled in."""
    filled = [
        r
        for model in FILLED
        for r in material.rows_of(analysis, model)
        if r.text("term") == "treatment" and not r.text("moderator") and r.number("estimate") is not None
    ]
    observed = [r for stage in STAGES if (r := material.headline(analysis, stage)) is not None]
    return [filled_row(material, pen, "Treatment", r) for r in [*observed, *filled]] if filled else []


def filled_moderators(material: Material, analysis: Analysis, pen: Pen) -> list[tuple[str, ...]]:
    """Each moderator's interaction within trials, observed and filled in."""
    lines = []
    for name in material.plan.get("moderators", {}):
        models = [material.primary, "imputed", "two_level"]
        found = {m: material.records.of("estimates", analysis.ident(m, "one", name)) for m in models}
        if not (found["imputed"] or found["two_level"]):
            continue
        rows = [r for held in found.values() for r in held if r.term.kind == "within"]
        for term in distinct(rows, "term"):
            label = material.moderator(name)
            for row in (r for r in rows if r.text("term") == term):
                if row.number("estimate") is not None:
                    level = f", {row.text('level').replace('_', ' ')}" if row.text("level") else ""
                    lines.append(filled_row(material, pen, f"Interaction: {label}{level}", row))
    return lines


def filled_row(material: Material, pen: Pen, what: str, row: Row) -> tuple[str, ...]:
    """One fit."""
    where, term = row.text("analysis_id"), row.text("term")
    fmi = first(material.counts_of(where, "fmi"), variable=term)
    error = first(material.counts_of(where, "mc_error"), variable=term)
    note = first(material.counts_of(where, "more_imputations"))
    if row.text("model") == "copy_increments":
        note = note or first(material.counts_of(where, "imputation_note"))
    return (
        what,
        filling_words(material, pen, row),
        STAGES.get(row.text("stage"), ""),
        pen.count(row, "k"),
        pen.count(row, "n"),
        pen.effect(row) + flags(material, row),
        pen.p(row),
        pen.percent(fmi, "value", 0),
        pen.number(error, "value", 4),
        "" if note is None else note.text("level"),
    )


def filling_words(material: Material, pen: Pen, row: Row) -> str:
    """What was done about the gaps."""
    model = row.text("model")
    kind, _, rest = model.partition(":")
    if kind == "delta":
        counts = material.records.of("counts", row.text("analysis_id"))
        active, reference = (
            pen.number(first(counts, what="delta", arm=arm), "value") for arm in ("active", "reference")
        )
        unit = material.scores_in(row.text("outcome"))
        return f"Imputed, shifted {active} {unit} (active), {reference} {unit} (reference)"
    return {
        material.primary: "Observed",
        "imputed": f"Imputed, model {rest}" if rest else "Imputed",
        "non_responder": "No outcome counted as no event",
        "jump_to_reference": "Jump to reference",
        "copy_increments": "Copy increments in reference",
        "two_level": "Imputed in two levels",
    }.get(kind, wording.heading(kind))
