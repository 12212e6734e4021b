"""Which row of a visit counts: rows of one participant at one visit are read together, column by column.

Several codes of the file may be one visit (REDCap's arms, an unscheduled form). Each score counts from the
one row that fills it; two rows that fill the same column cannot both be right, and nothing chooses between
them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.site.facts import Facts
from ipdma.site.reading import Reading
from ipdma.site.study_file import Visit


def report_repeated_visits(
    reading: Reading,
    column: str,
    owners: Sequence[int | None],
    visits: Sequence[Visit | None],
    facts: Facts,
) -> None:
    """Participants with two rows of one visit that fill the same score."""
    seen: dict[tuple[int, str, float | None], list[int]] = {}
    for owner, visit, position in zip(owners, visits, reading.kept, strict=True):
        if owner is not None and visit is not None and visit.timepoint is not None:
            seen.setdefault((owner, visit.timepoint, visit.weeks), []).append(position)
    scores = score_columns(reading)
    codes = reading.table.column(column).cells
    repeated: list[tuple[int, str]] = []
    colliding: list[tuple[int, str]] = []
    for (owner, _, _), rows in seen.items():
        clash = clashing(rows, scores)
        if len({codes[i].strip() for i in clash}) > 1:
            colliding += [(reading.table.rows[i], codes[i]) for i in clash]
        else:
            repeated += [(reading.table.rows[i], facts.persons[owner].id) for i in clash]
    add = reading.findings.add
    file, of = reading.table.file, len(reading.kept)
    if repeated:
        add("participant_repeated", file, "participant", facts.columns.get("participant"), repeated, of=of)
    if colliding:
        private = {"visits": ", ".join(sorted({f"'{cell.strip()}'" for _, cell in colliding}))}
        add("visits_collide", file, "visit", column, colliding, of=of, private=private)


def score_columns(reading: Reading) -> list[list[str]]:
    """The cells of every column that an assessment names."""
    mentions = [name for entry in reading.file.assessments for name in (entry.total, *entry.items) if name]
    names = reading.columns.mentioned(mentions)
    return [column.cells for column in reading.table.columns if column.name in names]


def clashing(rows: Sequence[int], scores: Sequence[Sequence[str]]) -> list[int]:
    """The rows of a visit that fill a column which another of them fills; all where no score is known."""
    if len(rows) < 2 or not scores:
        return list(rows) if len(rows) > 1 else []
    found: set[int] = set()
    for cells in scores:
        filled = [i for i in rows if cells[i].strip()]
        found.update(filled if len(filled) > 1 else ())
    return sorted(found)
