"""Prognosis: what goes with a better or worse outcome inside the named arms. Never a treatment effect."""

from __future__ import annotations

from ipdma.plan import PROGNOSIS
from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import Row
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import MARKS, STAGES, flags
from ipdma.report.words import condition


def tabulate_prognosis(material: Material, ledger: Ledger) -> Table:
    """A section per outcome and time point, a row per predictor and level."""
    pen = ledger.pen("tables/prognosis")
    columns = [
        Column("Predictor", "left"),
        Column("Unit, or level", "left"),
        Column("Stage", "left"),
        Column("K"),
        Column("n"),
        Column(f"Association [{material.level} CI]"),
        Column("df"),
        Column("p"),
        Column("\u03c4\u00b2"),
        Column("I\u00b2"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    asked = [r for r in material.records.estimates if r.text("contrast") == PROGNOSIS]
    for outcome, timepoint in dict.fromkeys((r.text("outcome"), r.text("timepoint")) for r in asked):
        lines = [
            prognosis_row(material, pen, r)
            for r in asked
            if (r.text("outcome"), r.text("timepoint")) == (outcome, timepoint)
            and r.term.kind == "prognosis"
            and (r.number("estimate") is not None or r.number("p_value") is not None)
        ]
        title = f"{wording.heading(material.outcome(outcome))}, {material.timepoint(timepoint)}"
        rows += [Section(title), *lines] if lines else []
    arms = [condition(str(c)) for c in (material.plan.get("prognosis") or {}).get("conditions") or []]
    notes = [
        f"Participants in {wording.several(arms) or 'the named arms'} alone, without a comparison: an "
        "association with the outcome, adjusted as the plan says, by trial. Not a treatment effect and not "
        "a moderator of one: who does well here may do as well elsewhere.",
        "Scores: lower is better, so a positive association goes with a worse outcome.",
        MARKS,
    ]
    return Table(
        "prognosis", "Prognosis within the active arms (not treatment effects)", columns, rows, notes
    )


def prognosis_row(material: Material, pen: Pen, row: Row) -> tuple[str, ...]:
    """One coefficient, or the joint test of a category."""
    head, name = row.ident, row.text("moderator")
    unit = row.text("level").replace("_", " ") or material.unit(head, name)
    joint = row.number("estimate") is None
    i2 = pen.number(row, "i2", 0) + "%" if row.number("i2") is not None else wording.NOTHING
    known = material.count(head, "moderator_complete")
    return (
        material.moderator(name),
        "joint test" if joint else unit,
        STAGES.get(row.text("stage"), ""),
        pen.count(row, "k"),
        pen.count(known if known is not None else row),
        wording.NOTHING if joint else pen.effect(row) + flags(material, row),
        pen.number(row, "df", 1),
        pen.p(row),
        pen.number(row, "tau2", 3),
        i2,
    )
