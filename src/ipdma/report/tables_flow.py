"""Participants in each trial and arm: randomised, contributed, analysed (a CONSORT flow as a table)."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first
from ipdma.report.table import Column, Section, Table

SIDES = ("active", "reference")


def tabulate_flow(material: Material, ledger: Ledger) -> Table:
    """A section per contrast, a row per trial and arm, of the plan's first outcome."""
    pen = ledger.pen("tables/participant_flow")
    times = list(dict.fromkeys(a.timepoint for a in material.detailed))
    columns = [Column("Study", "left"), Column("Arm", "left"), Column("Randomised"), Column("Contributed")]
    columns += [Column(f"Analysed, {material.timepoint(t)}") for t in times]
    rows: list[tuple[str, ...] | Section] = []
    for contrast in dict.fromkeys(a.contrast for a in material.detailed):
        lines = arm_rows(material, pen, contrast, times)
        rows += [Section(material.contrast(contrast)), *lines] if lines else []
    notes = [
        "Randomised: the whole trial with all of its arms, once per trial. Contributed: participants of the "
        "arm in the data. Analysed: with the scores that the first outcome of the plan needs. A dash: the "
        "trial takes no part at that time point. Arm sizes are not suppressed; how many of an arm lack a "
        "score is not printed, since few would be known by it."
    ]
    return Table("participant_flow", "Participants in each trial and arm", columns, rows, notes)


def arm_rows(material: Material, pen: Pen, contrast: str, times: list[str]) -> list[tuple[str, ...]]:
    """Both arms of every trial of a contrast."""
    analyses = {a.timepoint: a for a in material.detailed if a.contrast == contrast}
    counts = [r for a in analyses.values() for r in material.records.of("counts", a.id)]
    rows = []
    for study in material.in_order(distinct((r for r in counts if r.text("what") == "rows"), "study")):
        randomised = first(material.records.of("counts", "cohort"), what="randomised", study=study)
        for arm, label in zip(SIDES, material.sides(contrast), strict=True):
            lead = (material.study(study), cell(pen, randomised)) if arm == SIDES[0] else ("", "")
            given = first(material.records.of("counts", contrast), what="participants", study=study, arm=arm)
            analysed = [analysed_cell(material, pen, analyses.get(t), study, arm) for t in times]
            side = label[:1].upper() + label[1:]
            rows.append((lead[0], side, lead[1], cell(pen, given), *analysed))
    return rows


def analysed_cell(material: Material, pen: Pen, analysis: Analysis | None, study: str, arm: str) -> str:
    """How many of one arm are analysed at one time point."""
    if analysis is None:
        return wording.NOTHING
    return cell(pen, first(material.counts_of(analysis.id, "analysed"), study=study, arm=arm))


def cell(pen: Pen, row: Row | None) -> str:
    """A count, what stands for a withheld one, or a dash."""
    return wording.NOTHING if row is None else pen.count(row)
