"""Whether the answer holds: sensitivity, one stage against two."""

from __future__ import annotations

from ipdma.analysis.record_words import ITSELF, SAME, SHARED
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import MARKS, STAGES, flags, section_title, sign_line, stage_words
from ipdma.report.tables_engines import ENGINES
from ipdma.report.tables_imputation import FILLED, filling_words

APART = {
    "matched",
    "subgroup",
    "aggregate",
    "not_obtained",
    "egger",
    "hksj",
    "tree",
    "two_level",
    "longitudinal",
    "prediction",
    *ENGINES,
}


def tabulate_sensitivity(material: Material, ledger: Ledger) -> Table:
    """The primary model, then each way of changing it by one thing."""
    pen = ledger.pen("tables/sensitivity")
    columns = [
        Column("Analysis", "left"),
        Column("Stage", "left"),
        Column("K"),
        Column("N"),
        Column(f"Estimate [{material.level} CI]"),
        Column("p"),
        Column("\u03c4\u00b2"),
        Column("Primary model, same trials", "left"),
        Column("Remark", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines = sensitivity_rows(material, analysis, pen)
        rows += [Section(section_title(material, analysis)), *lines] if len(lines) > 1 else []
    notes = [
        sign_line(material) if material.analyses else "",
        "Each line changes the primary analysis in what it names. Where that leaves other trials, the "
        "primary model on those same trials stands beside it, so that the difference between the two is not "
        "one of trials; 'itself' says that the trials are all that changed. Leave-one-out and the "
        "specification curve stand in their figures. "
        "Risk-of-bias lines: effect beside the item as study-level moderator, which compares trials and not "
        "participants.",
        MARKS,
    ]
    return Table("sensitivity", "Sensitivity of the effect", columns, rows, [n for n in notes if n])


def sensitivity_rows(material: Material, analysis: Analysis, pen: Pen) -> list[tuple[str, ...]]:
    """The primary model, every changed analysis of the same question, and what could not be run."""
    found = [r for stage in STAGES if (r := material.headline(analysis, stage)) is not None]
    models = dict.fromkeys(model for *_, model in material.by_model)
    if analysis not in material.detailed:
        models = {m: None for m in models if not m.startswith("rob_") and m != "risk_of_bias"}
    models = dict.fromkeys(sorted(models, key=lambda m: m in {"risk_of_bias", "rob_covariate"}))
    rows = [r for model in models for r in material.rows_of(analysis, model) if is_sensitivity(material, r)]
    found += rows
    return [sensitivity_row(material, pen, row) for row in found] + not_run(material, analysis)


def is_sensitivity(material: Material, row: Row) -> bool:
    """A changed analysis, or the association with a risk-of-bias item."""
    model, term = row.text("model"), row.text("term")
    if model in material.plan.get("models", {}) or model.split(":")[0] in {
        *APART,
        "leave_out",
        "multiverse",
        "rob_moderator",
    }:
        return False
    if model.endswith(f":{SAME}"):
        return False
    beside = model in {"risk_of_bias", "rob_covariate"}
    if row.text("moderator") and not beside:
        return False
    across = Term.parse(term).kind == "across" and model == "risk_of_bias"
    return (term == "treatment" or across) and row.number("estimate") is not None


def sensitivity_row(material: Material, pen: Pen, row: Row) -> tuple[str, ...]:
    """One line."""
    name = sensitivity_name(material, pen, row)
    warning = first(material.counts_of(row.text("analysis_id"), "choice"))
    remark = f"{warning.text('variable')}: {warning.text('level')}" if warning is not None else ""
    return (
        name,
        stage_words(material, row),
        pen.count(row, "k"),
        pen.count(row, "n"),
        pen.effect(row) + flags(material, row),
        pen.p(row),
        pen.number(row, "tau2", 3),
        same_trials(material, pen, row),
        remark,
    )


def same_trials(material: Material, pen: Pen, row: Row) -> str:
    """The primary model on the trials of a changed analysis, where those are not the primary one's."""
    ident = row.ident
    relation = material.count(ident, SAME)
    if relation is None or relation.text("level") == SHARED:
        return wording.NOTHING
    if relation.text("level") == ITSELF:
        return "itself"
    beside = first(
        material.records.of("estimates", ident.but(model=f"{ident.model}:{SAME}")), term="treatment"
    )
    if beside is None:
        return stands_beside(material, pen, row) or relation.text("level")
    k = f" (K {pen.count(beside, 'k')})" if beside.number("k") != row.number("k") else ""
    return pen.effect(beside) + flags(material, beside) + k


def stands_beside(material: Material, pen: Pen, row: Row) -> str:
    """The same of a row that is no sensitivity analysis: numbers in the counts of its own fit."""
    counts = [
        first(material.counts_of(row.text("analysis_id"), f"beside{end}"), level=SAME)
        for end in ("", "_low", "_high")
    ]
    if any(count is None for count in counts):
        return ""
    value, low, high = (pen.number(count, "value") for count in counts)
    return f"{value} [{low}, {high}]"


def sensitivity_name(material: Material, pen: Pen, row: Row) -> str:
    """What was changed, as words."""
    model, item = row.text("model"), row.text("moderator")
    if model == material.primary:
        return "Primary analysis"
    if model == "risk_of_bias":
        what = f"difference, {row.text('level')}" if row.text("term") != "treatment" else "effect beside it"
        return f"{wording.item(item)}: {what}"
    if model == "rob_covariate":
        return f"{wording.item(item)}: as covariate, random intercepts"
    kind, _, rest = model.partition(":")
    if kind in FILLED:
        return filling_words(material, pen, row)
    if kind == "nesting":
        return nesting_words(material, pen, row)
    if kind in material.plan.get("sensitivity", {}):
        changed = material.label("sensitivity", kind) or wording.heading(kind)
        return changed + correlation_words(material, pen, row)
    return f"Raw points, {rest.upper()}" if kind == "raw" else wording.heading(model)


def nesting_words(material: Material, pen: Pen, row: Row) -> str:
    """Therapists taken into account, and how alike the participants of one are."""
    one = row.ident.but(stage="one")
    share, low, high = (material.count(one, name) for name in ("icc", "icc_low", "icc_high"))
    trials = material.count(one, "nesting_studies")
    where = f" in {pen.count(trials)} of {pen.count(trials, 'of')} trials" if trials is not None else ""
    if share is None:
        return f"Therapists taken into account{where}"
    interval = f" [{pen.number(low, 'value', 2)}, {pen.number(high, 'value', 2)}]"
    alike = f"intraclass correlation {pen.number(share, 'value', 2)}{interval}"
    return f"Therapists taken into account{where}; {alike}"


def correlation_words(material: Material, pen: Pen, row: Row) -> str:
    """With which correlation of baseline and outcome published trials take part, where there are any."""
    one = row.ident.but(stage="one").analysis_id
    found = {pen.number(count, "value", 2) for count in material.counts_of(one, "published_correlation")}
    if not found:
        return ""
    ends = sorted(found)
    span = ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"
    return f"; correlation of baseline and outcome in published trials {span}"


def not_run(material: Material, analysis: Analysis) -> list[tuple[str, ...]]:
    """Sensitivity analyses that could not be made, with the reason."""
    rows = [r for r in material.not_run if r.ident.question == analysis.ident()]
    blank = wording.NOTHING
    names = [r.ident.model for r in rows]
    return [
        (
            material.label("sensitivity", n) or wording.heading(n),
            "",
            blank,
            blank,
            "not run",
            blank,
            blank,
            blank,
            r.text("level"),
        )
        for n, r in zip(names, rows, strict=True)
    ]


def tabulate_stages(material: Material, ledger: Ledger) -> Table:
    """One stage beside two, as the plan has them and as a matched pair."""
    pen = ledger.pen("tables/one_stage_two_stage")
    level = material.level
    columns = [
        Column("Model", "left"),
        Column(f"One stage [{level} CI]"),
        Column("\u03c4\u00b2"),
        Column(f"Two stages [{level} CI]"),
        Column("\u03c4\u00b2"),
        Column("Difference / SE"),
        Column("Remark", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines = [
            r
            for m in [*material.plan.get("models", {}), "matched", "longitudinal"]
            if (r := stage_row(material, analysis, pen, m)) is not None
        ]
        rows += [Section(section_title(material, analysis)), *lines] if lines else []
    notes = [
        "Difference / SE: one stage minus two stages, in standard errors of the one-stage estimate. "
        "'matched' fits the same rows with the same "
        "assumptions in both stages; there the two should agree to within 0.1 standard errors.",
        "'longitudinal' fits all visits in one model, so that participants seen at some visits alone take "
        "part; the remark says how many it has, and how many the analysis of this visit alone.",
        MARKS,
    ]
    return Table("one_stage_two_stage", "One stage against two", columns, rows, notes)


def stage_row(material: Material, analysis: Analysis, pen: Pen, model: str) -> tuple[str, ...] | None:
    """Both stages of a model."""
    one, two = (material.headline(analysis, stage, model) for stage in ("one", "two"))
    if one is None or two is None:
        return None
    where = analysis.ident(model, "one")
    gap = first(material.counts_of(where, "concordance"), variable="treatment")
    flag = first(material.counts_of(where, "concordance_flag"))
    measure = material.measure(two.text("analysis_id"))
    remark = gap.text("level") if gap is not None else f"two stages: {measure}" if measure else ""
    if flag is not None:
        remark = f"{remark}; {flag.text('level') or 'unexplained difference'}"
    gain = material.count(where, "longitudinal_participants")
    if gain is not None:
        remark = f"{pen.count(gain)} participants in the model, {pen.count(gain, 'of')} at this visit alone"
    return (
        model,
        pen.effect(one) + flags(material, one),
        pen.number(one, "tau2", 3),
        pen.effect(two) + flags(material, two),
        pen.number(two, "tau2", 3),
        pen.number(gap, "value", 3),
        remark,
    )
