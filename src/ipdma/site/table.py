"""A file as it stands: columns of text cells, with the row numbers that a spreadsheet shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ipdma.site.codes import code_key, parse_number
from ipdma.site.letters import tidy


class NumberText(str):
    """The shortest text of a cell that the file stores as a number: its decimal sign is never in doubt."""

    __slots__ = ()


@dataclass(frozen=True)
class DeclaredMissing:
    """Missing codes that the file itself declares: single codes and ranges of numbers, ends included."""

    codes: frozenset[Any] = frozenset()
    ranges: tuple[tuple[float, float], ...] = ()

    def covers(self, cell: str) -> bool:
        """Whether this cell is one of the declared codes."""
        if not self.codes and not self.ranges:
            return False
        if code_key(cell) in self.codes:
            return True
        number = parse_number(cell)
        return number is not None and any(low <= number <= high for low, high in self.ranges)

    def __str__(self) -> str:
        spans = [
            f"{low:g} to {high:g}".replace("-inf", "lowest").replace("inf", "highest")
            for low, high in self.ranges
        ]
        return ", ".join([*sorted(map(str, self.codes)), *spans])


@dataclass
class Column:
    """One column: its cells as they stand, and what the file says about them."""

    name: str
    cells: list[str]
    label: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    missing: DeclaredMissing = field(default_factory=DeclaredMissing)

    def label_of(self, cell: str) -> str:
        """The label that the file declares for this code, or an empty text."""
        if not self.labels:
            return ""
        return self.labels.get(cell) or self._by_key().get(code_key(cell), "")

    def _by_key(self) -> dict[Any, str]:
        return {code_key(code): label for code, label in self.labels.items()}


@dataclass
class Remark:
    """Something that the reader noticed; becomes a finding."""

    name: str
    column: str | None = None
    rows: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OtherSheet:
    """A sheet of the workbook that is not read, with the names of its columns."""

    name: str
    hidden: bool
    names: list[str]


@dataclass
class Table:
    """A file's data rows.

    Attributes
    ----------
    rows : list of int
        Their spreadsheet row numbers (header is row 1).
    left_out : list of (int, list of str)
        The rows that are no answers: question texts, a repeated header.
    sheet : str or None
        The sheet that was read, of a workbook.
    """

    file: str
    columns: list[Column]
    rows: list[int]
    remarks: list[Remark] = field(default_factory=list)
    left_out: list[tuple[int, list[str]]] = field(default_factory=list)
    sheet: str | None = None
    other_sheets: list[OtherSheet] = field(default_factory=list)

    def find(self, name: str) -> list[int]:
        """Positions of the columns of this name."""
        return [position for position, column in enumerate(self.columns) if column.name == name]

    def column(self, name: str) -> Column:
        """The first column of this name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> list[str]:
        """Column names as they stand."""
        return [column.name for column in self.columns]


def build_table(
    file: str,
    header: list[str],
    records: list[tuple[int, list[str]]],
    remarks: list[Remark],
    always: frozenset[int] = frozenset(),
) -> Table:
    """Put text records under their header; rows without any content are left out.

    Parameters
    ----------
    header : list of str
        Names as they stand; trailing ones without a name and without a cell are dropped.
    records : list of (int, list of str)
        Spreadsheet row number and cells; shorter or longer than the header where the file is so.
    always : frozenset of int
        Row numbers that stay though they show nothing (formulas that were never calculated).
    """
    names = [tidy(name) for name in header]
    kept = [
        (number, cells)
        for number, cells in records
        if number in always or any(cell and not cell.isspace() for cell in cells)
    ]
    width = len(names)
    wider = [(number, cells[width:]) for number, cells in kept if len(cells) > width]
    # a separator too many ends most rows of some programs; where it ends a few, their cells have moved
    habit = len(wider) * 2 >= len(kept)
    long_rows = [(number, cells) for number, cells in wider if not habit or any(map(str.strip, cells))]
    while (
        names
        and not names[-1]
        and not any(len(c) >= len(names) and c[len(names) - 1].strip() for _, c in kept)
    ):
        names.pop()
    short_rows = [number for number, cells in kept if len(cells) < len(names)]
    if long_rows:
        extra = [" ".join(filter(None, map(str.strip, cells))) for _, cells in long_rows]
        remarks.append(Remark("row_too_long", rows=[number for number, _ in long_rows], values=extra))
    if short_rows:
        remarks.append(Remark("row_too_short", rows=short_rows))
    width = len(names)
    padded = [
        cells[:width] if len(cells) >= width else cells + [""] * (width - len(cells)) for _, cells in kept
    ]
    columns = [list(cells) for cells in zip(*padded, strict=True)] if padded else [[] for _ in names]
    named = [name or f"(column {position})" for position, name in enumerate(names, start=1)]
    return Table(
        file=file,
        columns=[Column(name, cells) for name, cells in zip(named, columns, strict=True)],
        rows=[number for number, _ in kept],
        remarks=remarks,
    )
