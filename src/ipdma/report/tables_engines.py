"""Engine against engine: the same model by this package and by others."""

from __future__ import annotations

from ipdma.analysis.records import Ident
from ipdma.model.df import df_label
from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import MARKS, flags, section_title

ENGINES = {"engine_ipdma": "ipdma", "statsmodels": "statsmodels MixedLM", "lme4": "R lme4"}
SHORT = 1e-4  # a criterion above ours by more has stopped before the optimum


def tabulate_engines(material: Material, ledger: Ledger) -> Table:
    """A section per question that other engines were asked."""
    pen = ledger.pen("tables/engines")
    columns = [
        Column("Engine", "left"),
        Column("Version", "left"),
        Column("Estimate"),
        Column("SE"),
        Column("df"),
        Column("p"),
        Column("\u03c4\u00b2"),
        Column("\u22122 log likelihood"),
        Column("Remark", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines = [line for engine in ENGINES for line in engine_rows(material, analysis, pen, engine)]
        rows += [Section(section_title(material, analysis)), *lines] if lines else []
    notes = [
        "Random intercept and random treatment effect with a common residual variance, REML, by each engine. "
        "An engine stands under our own answer with the same degrees of freedom and standard errors.",
        f"{MARKS} Not comparable: the engine did not converge, or stopped where the criterion is worse than "
        "ours by more than 0.0001 (smaller is better); its numbers are not those of the model and stand in "
        "the record files alone.",
    ]
    return Table("engines", "The same model by different engines", columns, rows, notes)


def engine_rows(material: Material, analysis: Analysis, pen: Pen, engine: str) -> list[tuple[str, ...]]:
    """One engine's answer, or why there is none."""
    where = analysis.ident(engine, "one")
    version = first(material.counts_of(where, "engine_version"))
    word = version.text("level") if version is not None else ""
    row = material.headline(analysis, "one", engine)
    if row is None:
        return [(ENGINES[engine], word, *[wording.NOTHING] * 6, "")] if word else []
    criterion = material.count(where, "criterion")
    failed = is_unusable(row, criterion, material.count(analysis.ident("engine_ipdma", "one"), "criterion"))
    remark = remark_of(material, where, engine, failed)
    if failed:
        found = pen.number(criterion, "value", 3) if criterion is not None else wording.NOTHING
        blank = [wording.NOTHING] * 4
        return [(ENGINES[engine], word, "not comparable", *blank, found, remark)]
    theirs = (
        ENGINES[engine],
        word,
        pen.number(row, "estimate", 4) + flags(material, row),
        pen.number(row, "std_error", 4),
        pen.number(row, "df", 1),
        pen.p(row),
        pen.number(row, "tau2", 4),
        pen.number(criterion, "value", 3),
        remark,
    )
    return [*ours_beside(material, where, pen), theirs]


def ours_beside(material: Material, where: Ident, pen: Pen) -> list[tuple[str, ...]]:
    """Our own answer with the degrees of freedom of an engine that has others."""
    rows = {r.text("what"): r for r in material.counts_of(where, "ours")}
    if not rows:
        return []
    parts = {what: material.count(where, what) for what in ("ours", "ours_se", "ours_df", "ours_p")}
    method = df_label(rows["ours"].text("level"))
    texts = [pen.number(parts[w], "value", d) for w, d in (("ours", 4), ("ours_se", 4), ("ours_df", 1))]
    name = f"{ENGINES['engine_ipdma']}, {method}"
    return [(name, "", *texts, pen.p(parts["ours_p"], "value"), *[wording.NOTHING] * 2, "")]


def is_unusable(row: Row, criterion: Row | None, ours: Row | None) -> bool:
    """Whether an engine did not converge or stopped before the optimum."""
    if row.text("converged").lower() == "false":
        return True
    numbers = [None if r is None else r.number("value") for r in (criterion, ours)]
    return numbers[0] is not None and numbers[1] is not None and numbers[0] - numbers[1] > SHORT


def remark_of(material: Material, where: Ident, engine: str, failed: bool) -> str:
    """The engine's own warnings; of ours only that it failed, since singular fits carry a mark."""
    texts = [r.text("level") for r in material.counts_of(where, "warning")]
    shown = [] if engine == "engine_ipdma" and not failed else texts
    if failed and not shown:
        shown = ["did not reach the optimum"]
    return "; ".join(f"{text[:1].upper()}{text[1:]}" if not i else text for i, text in enumerate(shown))
