"""Joint tests and heterogeneity in the letters of figures, tables and sentences."""

from __future__ import annotations

from ipdma.report.ledger import Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first


def f_test(material: Material, pen: Pen, row: Row, short: bool = False) -> str:
    """`F(2, 8.1) = 1.20, p = .350` of a joint test; short without its p value."""
    num = first(material.counts_of(row.text("analysis_id"), "df_num"), variable=row.text("term"))
    p_value = "" if short else pen.p_phrase(row)
    if num is None:
        return p_value
    degrees = pen.compact(num, "value")
    if row.number("df") is not None:
        degrees += f", {pen.number(row, 'df', 1)}"
    test = f"F({degrees}) = {pen.number(row, 'statistic')}"
    return test if short else f"{test}, {p_value}"


def heterogeneity(material: Material, analysis: Analysis, pen: Pen, term: str = "treatment") -> str:
    """tau2 with its interval, I2, Q: of the second stage; tau2 of the first."""
    parts = []
    for stage, name in (("two", "Two-stage"), ("one", "One-stage")):
        row = material.headline(analysis, stage)
        if row is not None and row.number("tau2") is not None:
            parts.append(f"{name}: {tau_text(material, pen, row, term)}")
    return ("Heterogeneity. " + ". ".join(parts) + ".") if parts else ""


def tau2_of(material: Material, pen: Pen, row: Row | None, term: str) -> str:
    """`0.031 [0.000, 0.210]`: a term's variance between studies, with its interval where there is one."""
    text = pen.number(row, "tau2", 3)
    counts = [] if row is None else material.records.of("counts", row.text("analysis_id"))
    low, high = (first(counts, what=what, variable=term, study="") for what in ("tau2_low", "tau2_high"))
    if low is None or high is None:
        return text
    return f"{text} [{pen.number(low, 'value', 3)}, {pen.number(high, 'value', 3)}]"


def tau_text(material: Material, pen: Pen, row: Row, term: str) -> str:
    """`tau2 = 0.031 [0.000, 0.210], I2 = 42%, Q = 18.40, df 10, p = .049`."""
    counts = material.records.of("counts", row.text("analysis_id"))

    def found(what: str) -> Row | None:
        return first(counts, what=what, variable=term, study="")

    text = f"\u03c4\u00b2 = {tau2_of(material, pen, row, term)}"
    if row.number("i2") is not None:
        text += f", I\u00b2 = {pen.number(row, 'i2', 0)}%"
    if found("q_p") is not None:
        text += f", Q = {pen.number(found('q'), 'value')}, df {pen.compact(found('q_df'), 'value')}"
        text += f", {pen.p_phrase(found('q_p'), 'value')}"
    return text
