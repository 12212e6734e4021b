"""A table to be printed: text cells, already rounded, with its notes. Every writer takes this one record."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A column's heading and alignment (`left`, `right`, `centre`)."""

    label: str
    align: str = "right"


@dataclass(frozen=True)
class Section:
    """A line across the table that heads the rows below it."""

    label: str


@dataclass(frozen=True)
class Table:
    """A titled table.

    Attributes
    ----------
    name : str
        File name without ending.
    rows : list of (tuple of str | Section)
        As many cells as columns, or a heading across all of them.
    notes : list of str
        Printed below: sign convention, degrees of freedom, abbreviations, warnings.

    Raises
    ------
    ValueError
        Where a row has more or fewer cells than there are columns.
    """

    name: str
    title: str
    columns: list[Column]
    rows: list[tuple[str, ...] | Section]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for row in self.rows:
            if not isinstance(row, Section) and len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.name}: {len(row)} cells in a row of {len(self.columns)} columns"
                )

    @property
    def empty(self) -> bool:
        """True when there is no row to print."""
        return not any(isinstance(row, tuple) for row in self.rows)
