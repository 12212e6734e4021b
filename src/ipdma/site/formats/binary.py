"""What the readers of SPSS and Stata files share: bytes in order, numbers as text, limits before
anything is unpacked."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ipdma.errors import ReadError
from ipdma.site.codes import shortest
from ipdma.site.formats.letters import LOST
from ipdma.site.table import Column, NumberText, Remark, Table

LARGEST_CELLS = 6_000_000
LARGEST_COLUMNS = 20_000
FRESH_TEXTS = 2_000
DAMAGE = (struct.error, ValueError, KeyError, IndexError, OverflowError, TypeError)


def damaged(name: str) -> ReadError:
    """The one sentence of a file that breaks its format's rules."""
    return ReadError(
        f"{name}: the file is damaged, cut short or of a version that is not known; "
        "open it in the program that made it and save it again, or save it as CSV (UTF-8)"
    )


def check_cells(name: str, columns: int, rows: int) -> None:
    """Refuse a table that would fill the memory, before it is read."""
    if columns > LARGEST_COLUMNS or columns * rows > LARGEST_CELLS:
        raise ReadError(
            f"{name}: {columns} columns and {rows} rows are more than can be read "
            f"(up to {LARGEST_COLUMNS} columns and {LARGEST_CELLS // 1_000_000} million cells); "
            "export only the columns that study.yaml names"
        )


class ByteReader:
    """Takes what comes next from the bytes of a file.

    Raises
    ------
    ValueError
        Where fewer bytes are left than are asked for.
    """

    def __init__(self, data: bytes, order: str = "<") -> None:
        self.data, self.order, self.at = data, order, 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("the file ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def unpack(self, kinds: str) -> tuple[int, ...]:
        """The next numbers, kinds as `struct` names them."""
        kinds = self.order + kinds
        return struct.unpack(kinds, self.take(struct.calcsize(kinds)))

    def integer(self, kind: str = "i") -> int:
        """The next whole number."""
        return self.unpack(kind)[0]

    def expect(self, mark: bytes) -> None:
        """The next bytes are these."""
        if self.take(len(mark)) != mark:
            raise ValueError("the file's parts do not follow each other")

    @property
    def left(self) -> int:
        """Bytes not taken yet."""
        return len(self.data) - self.at


class Texts(dict[Any, Any]):
    """Remembers the text of each stored value: columns repeat theirs.

    Parameters
    ----------
    write : callable
        The text of one stored value.
    fixed : mapping
        Values whose text is known: the missing ones.
    """

    def __init__(self, write: Callable[[Any], Any], fixed: Mapping[Any, str] | None = None) -> None:
        super().__init__(fixed or {})
        self.write, self.fixed = write, fixed or {}

    def __missing__(self, value: Any) -> Any:
        text = self[value] = self.write(value)
        return text

    def extend(self, cells: list[Any], values: Iterable[Any]) -> None:
        """Append the texts of these values; a column of distinct numbers is not remembered for ever."""
        cells.extend(map(self.__getitem__, values))
        if len(self) > FRESH_TEXTS:
            self.clear()
            self.update(self.fixed)


def read_by(write: Callable[[float], str]) -> Callable[[float], str]:
    """A date's text, or the plain number where there is no such date."""

    def text(value: float) -> str:
        try:
            return write(value)
        except (OverflowError, ValueError):
            return number_text(value)

    return text


def number_text(value: float, single: bool = False) -> str:
    """Shortest text that gives the number back in the width (4 or 8 bytes) in which the file stores it."""
    if not math.isfinite(value):
        return "" if math.isnan(value) else str(value)
    return NumberText(shortest(shortest_single(value) if single else value))


def shortest_single(value: float) -> float:
    """The number of fewest digits that is the same in four bytes."""
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if struct.unpack("<f", struct.pack("<f", float(text)))[0] == value:
            return float(text)
    return float(f"{value:.9g}")


def lost_letters(column: Column) -> list[Remark]:
    """Cells whose letters could not be read, as a remark."""
    places = [(at + 2, cell) for at, cell in enumerate(column.cells) if LOST in cell]
    return [Remark("replaced_letters", column.name, [row for row, _ in places])] if places else []


def finish_table(name: str, columns: Sequence[Column], remarks: Sequence[Remark] = ()) -> Table:
    """A table of the rows that hold anything; numbered as a spreadsheet would, the header being row 1."""
    height = len(columns[0].cells) if columns else 0
    empty = set(range(height))
    for column in columns:
        if not empty:
            break
        cells = column.cells
        empty = {at for at in empty if not cells[at] or cells[at].isspace()}
    keep = [at for at in range(height) if at not in empty]
    if len(keep) < height:
        for column in columns:
            column.cells = [column.cells[at] for at in keep]
    return Table(name, list(columns), [at + 2 for at in keep], list(remarks))
