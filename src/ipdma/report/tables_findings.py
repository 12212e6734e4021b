"""The summary of findings (GRADE) and, beside it, every domain of its certainty with its reason."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.boundary import in_place
from ipdma.report.grade import DOMAINS, Certainty, certainty_of, worthwhile
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row
from ipdma.report.table import Column, Section, Table

SUGGESTED = "\u00a7"  # a mark of its own: in other cells a star is a withheld number
CONCERNS = {"none": "no concern", "open": "question", "serious": "serious", "very serious": "very serious"}


def tabulate_findings(material: Material, ledger: Ledger) -> Table:
    """One row per result that the plan names, under its contrast."""
    pen = ledger.pen("tables/summary_of_findings")
    columns = [
        Column("Outcome", "left"),
        Column("Trials (people)"),
        Column("Without, of 100"),
        Column("Difference", "left"),
        Column("Relative effect"),
        Column("Certainty", "left"),
        Column("Concerns", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for contrast, analyses in material.found.items():
        lines = [line for a in analyses if (line := finding_row(material, a, pen))]
        rows += [Section(material.contrast(contrast)), *lines] if lines else []
    return Table("summary_of_findings", "Summary of findings", columns, rows, notes_of(material))


def finding_row(material: Material, analysis: Analysis, pen: Pen) -> tuple[str, ...] | None:
    """One result."""
    row = material.headline(analysis, "one") or material.headline(analysis, "two")
    certainty = certainty_of(material, analysis, pen)
    if row is None or certainty is None:
        return None
    where = row.text("analysis_id")
    label = material.outcome(analysis.outcome)
    untold = in_place(material, row)
    return (
        f"{label[:1].upper()}{label[1:]}, {material.timepoint(analysis.timepoint)}",
        f"{pen.count(row, 'k')} ({pen.count(row, 'n')})",
        pen.hundred(material.count(where, "control_risk")),
        untold or difference_text(material, analysis, pen, row),
        wording.NOTHING if untold else relative_text(material, analysis, pen, row),
        f"{certainty.circles} {certainty.level}{'' if certainty.by else SUGGESTED}",
        concerns_text(certainty),
    )


def difference_text(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """So many more or fewer of a hundred, or points of the instrument, with the interval."""
    where = row.text("analysis_id")
    if material.is_binary(analysis.outcome):
        found = [material.count(where, f"absolute_effect{end}") for end in ("", "_low", "_high")]
        if any(f is None or f.number("value") is None for f in found):
            return found[0].withheld or wording.NOTHING if found[0] is not None else wording.NOTHING
        value, low, high = (pen.hundred(f) for f in found)
        return f"{value} [{low}, {high}] of 100"
    return points_text(material, analysis, pen, row)


def points_text(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """`-2.3 [-3.0, -1.5] HAM-D points`, or the effect itself where it is in points already."""
    if material.standardise(analysis.outcome) == "none":
        return f"{pen.effect(row, 1)} points"
    where = row.text("analysis_id")
    found = [material.count(where, f"hamd_{end}") for end in ("effect", "low", "high")]
    if any(f is None or f.number("value") is None for f in found):
        return wording.NOTHING
    value, low, high = (pen.number(f, "value", 1) for f in found)
    return f"{value} [{low}, {high}] {material.points}"


def relative_text(material: Material, analysis: Analysis, pen: Pen, row: Row) -> str:
    """The odds ratio or the standardised mean difference with its interval."""
    if not material.is_binary(analysis.outcome):
        raw = material.standardise(analysis.outcome) == "none"
        return wording.NOTHING if raw else f"SMD {pen.effect(row)}"
    where = row.text("analysis_id")
    found = [material.count(where, f"odds_ratio{end}", variable="treatment") for end in ("", "_low", "_high")]
    if any(f is None or f.number("value") is None for f in found):
        return wording.NOTHING
    value, low, high = (pen.number(f, "value") for f in found)
    return f"OR {value} [{low}, {high}]"


def concerns_text(certainty: Certainty) -> str:
    """What takes certainty away, by domain."""
    return (
        "; ".join(
            f"{DOMAINS[d.name].lower()}{' (very)' if d.concern == 'very serious' else ''}"
            for d in certainty.concerns
        )
        or "none found"
    )


def notes_of(material: Material) -> list[str]:
    """How to read the table, and what nobody judged yet."""
    held = dict.fromkeys(
        f"{worthwhile(material, a):g} {unit_of(material, a)}"
        for rows in material.found.values()
        for a in rows
    )
    return [
        f"Difference: the treatment named first minus the other [{material.level} CI]. Without, of 100: "
        "events without the treatment among people with the trials' baselines, or as the plan states; the "
        "difference is standardised over these people (g-computation). SMD standardised mean difference; OR "
        "odds ratio.",
        "Certainty: GRADE, high less one step per serious and two per very serious concern; indirectness and "
        f"publication bias take nothing away until a person judges them. {SUGGESTED} Suggested from this "
        f"run; nobody has signed it. Smallest worthwhile difference: {wording.several(list(held))}.",
    ]


def unit_of(material: Material, analysis: Analysis) -> str:
    """What a worthwhile difference counts."""
    if material.is_binary(analysis.outcome):
        return "in the share with an event"
    return material.scores_in(analysis.outcome)


def tabulate_certainty(material: Material, ledger: Ledger) -> Table:
    """Every domain of every result, with its reason and who judged it."""
    pen = ledger.pen("tables/certainty")
    columns = [Column(head, "left") for head in ("Result", "Domain", "Concern", "Why", "Judged by")]
    rows: list[tuple[str, ...] | Section] = []
    for contrast, analyses in material.found.items():
        rows.append(Section(material.contrast(contrast)))
        for analysis in analyses:
            certainty = certainty_of(material, analysis, pen)
            label = f"{material.outcome(analysis.outcome)}, {material.timepoint(analysis.timepoint)}"
            rows += [
                (
                    label[:1].upper() + label[1:],
                    DOMAINS[d.name],
                    CONCERNS[d.concern],
                    d.reason,
                    d.by or "suggested",
                )
                for d in (certainty.domains if certainty else ())
            ]
    notes = [
        "Suggested: worked out from this run, for an author to accept or replace (docs/certainty.md). A "
        "question is for a person to answer."
    ]
    return Table("certainty", "Certainty of evidence by domain", columns, rows, notes)
