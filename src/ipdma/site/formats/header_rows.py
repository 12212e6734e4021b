"""A file without a header, and rows that are no answers: question texts, import ids, a repeated header.

They are found by comparing the first rows with those below: where a column holds numbers, a sentence is no
answer; where every cell of the header could stand below it, it is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ipdma.errors import ReadError
from ipdma.site.codes import parse_number
from ipdma.site.dates import ISO, PARTS
from ipdma.site.table import Column, Remark, Table

LOOKED_AT = 200
FIRST_ROWS = 4
MOST = 0.8
NO_ANSWER = frozenset(
    [
        "na",
        "n/a",
        "#n/a",
        "nan",
        "none",
        "null",
        "nil",
        "missing",
        "unknown",
        "n.a.",
        "k.a.",
        "nvt",
        "n.v.t.",
        "onbekend",
        "unbekannt",
        "weiß",
        "weiss",
        "nicht",
        "refused",
        "inconnu",
        "sconosciuto",
        "desconocido",
        "-",
        ".",
        "?",
        "x",
        "ja",
        "nee",
        "nein",
        "yes",
        "no",
        "true",
        "false",
    ]
)


def look_at_rows(table: Table) -> Table:
    """The table without the rows that are no answers, which are remarked.

    Raises
    ------
    ReadError
        The first row seems to hold data, so that the columns have no names.
    """
    again = repeated_headers(table)
    asked = [] if again else question_rows(table)
    if again or asked:
        table.remarks.append(
            Remark("header_again" if again else "question_rows", rows=[table.rows[i] for i in again or asked])
        )
        leave_out(table, set(again or asked))
    if table.rows and looks_headless(table):
        raise ReadError(
            f"{table.file}: the first row looks like data, not like a header with the names of the columns; "
            "put a row with the columns' names above it, or export the file again with its header"
        )
    return table


def leave_out(table: Table, positions: set[int]) -> None:
    """Take rows out of a table."""
    keep = [i for i in range(len(table.rows)) if i not in positions]
    table.left_out += [
        (table.rows[i], [column.cells[i] for column in table.columns]) for i in sorted(positions)
    ]
    for column in table.columns:
        column.cells = [column.cells[i] for i in keep]
    table.rows = [table.rows[i] for i in keep]


def repeated_headers(table: Table) -> list[int]:
    """Positions of rows that hold the header once more, as files that were put together do."""
    named = [column for column in table.columns if not column.name.startswith("(column ")]
    if len(named) < 3:
        return []
    first = named[0]
    return [
        i
        for i, cell in enumerate(first.cells)
        if cell.strip() == first.name
        and sum(" ".join(c.cells[i].split()) == c.name for c in named) >= MOST * len(named)
    ]


def question_rows(table: Table) -> list[int]:
    """Positions of the first rows that hold texts where all rows below hold numbers or dates."""
    found: list[int] = []
    for i in range(min(FIRST_ROWS, len(table.rows) - 3)):
        if sum(is_sentence(column.cells[i].strip()) for column in table.columns) < 2:
            continue
        measured = [column for column in table.columns if is_measured(column, i + 1)]
        texts = [text for column in measured if (text := column.cells[i].strip())]
        worded = [text for text in texts if is_sentence(text)]
        if len(worded) >= max(2, MOST * len(texts)) and len(set(worded)) * 2 > len(worded):
            found = list(range(i + 1))
    return found


def is_measured(column: Column, start: int) -> bool:
    """Whether nearly all cells from here on are numbers or dates."""
    below = [cell for cell in column.cells[start : start + LOOKED_AT] if cell.strip()]
    return len(below) >= 3 and sum(is_value(cell) for cell in below) >= MOST * len(below)


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date."""
    cell = cell.strip()
    number = parse_number(cell) is not None or parse_number(cell, ",") is not None
    return number or bool(ISO.match(cell) or PARTS.match(cell))


def is_sentence(text: str) -> bool:
    """Whether a cell holds words that are no missing code."""
    return (
        len(text) > 2
        and (
            not is_value(text)
            and sum(map(str.isalpha, text)) * 2 >= len(text.replace(" ", ""))
            and not set(text.casefold().split()) & NO_ANSWER
        )
    ) or text.startswith("{")


def looks_headless(table: Table) -> bool:
    """Whether the names of the columns could all be cells of the rows below them."""
    named = [column for column in table.columns if not column.name.startswith("(column ")]
    numbers = [float(column.name) for column in named if parse_number(column.name) is not None]
    like = [is_like_below(column) for column in named if parse_number(column.name) is None]
    counting = all(b > a for a, b in pairwise(numbers)) and len(numbers) > 1
    blocks = sum(b == a + 1 for a, b in pairwise(numbers)) >= MOST * (len(numbers) - 1)
    if len(numbers) > 1 and (blocks or (counting and not all(like))):
        return False
    below = sum(is_measured(column, 0) for column in named if parse_number(column.name) is not None)
    return below + sum(like) >= max(2, MOST * len(named)) and below + sum(map(bool, like)) > len(named) / 2


def is_like_below(column: Column) -> bool:
    """Whether a column's name has the form of its cells: a date, the same letters and digits, one of its
    codes."""
    name = column.name
    cells = [" ".join(cell.split()) for cell in column.cells[:LOOKED_AT] if cell.strip()]
    if not cells:
        return False
    if is_value(name) or any(map(str.isdigit, name)):
        form = form_of(name)
        return sum(form_of(cell) == form for cell in cells) >= max(2, MOST * len(cells))
    return cells.count(name) >= 2 or looks_like_person(name, cells)


def form_of(text: str) -> str:
    """Letters and digits by their kind alone: `P001` and `P9999` are alike."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"[0-9]+", "9", text))


def looks_like_person(name: str, cells: Sequence[str]) -> bool:
    """Whether a name of two capitalised words stands above others of that form."""
    words = name.split()
    if len(words) < 2 or not all(word[:1].isupper() for word in words):
        return False
    alike = [cell for cell in cells if len(cell.split()) == len(words) and cell[:1].isupper()]
    return len(alike) >= MOST * len(cells) and len(set(alike)) > 1
