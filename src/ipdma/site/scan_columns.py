"""Looks at the columns of a file for `ipdma scan`: what each seems to be, and what of it may be written down.

Nothing that points at a person goes into a draft: no cell of an identifier, of a date or of a column with
more than 20 distinct values; of text only known words for a level, an arm or a visit; numeric codes only
where five people or more share them, or where the file itself declares them; counts under five as `<5`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ipdma.privacy import content_kind, name_kind, say_count
from ipdma.privacy.wording import points_at
from ipdma.site.codes import parse_number
from ipdma.site.date_orders import own_order
from ipdma.site.dates import is_serial, parse_date
from ipdma.site.scan_labels import labels_to_show, text_to_show
from ipdma.site.scan_words import words_of
from ipdma.site.table import Column, Table

MOST_DISTINCT = 20
FEWEST = 5


@dataclass
class Look:
    """What a scan knows of a column.

    Attributes
    ----------
    kind : str
        `empty`, `identifying`, `date`, `number`, `codes` (numbers, 20 distinct or fewer), `text`.
    codes : list of str
        Codes that may be written down, in ascending order.
    texts : list of str
        Distinct cells of a text column with few of them: to be recognised by known words, never written as
        such.
    """

    name: str
    label: str
    words: list[str]
    kind: str
    filled: int
    distinct: int
    unique: bool
    repeats: bool
    identifying: str | None = None
    codes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)
    missing: str = ""

    @property
    def answers(self) -> dict[str, str]:
        """Codes with the words that may explain them: the file's labels, or the texts themselves."""
        if self.declared:
            return dict(self.declared)
        return {text: text for text in self.texts} | {code: "" for code in self.codes}


def look_at_all(table: Table, blocked: set[str]) -> list[Look]:
    """Every column that is not on the block list."""
    return [look_at(column) for column in table.columns if column.name not in blocked]


def look_at(column: Column) -> Look:
    """One column."""
    filled = [cell.strip() for cell in column.cells if cell.strip() and not column.missing.covers(cell)]
    counts = Counter(filled)
    words = words_of(column.name)
    identifying = name_kind(column.name, column.label) or content_kind(filled)
    look = Look(
        name=column.name,
        label=text_to_show(column.label),
        words=words,
        kind=kind_of(filled, counts, identifying),
        filled=len(filled),
        distinct=len(counts),
        unique=len(counts) == len(column.cells) == len(filled) and len(filled) > 1,
        repeats=len(counts) < len(filled),
        identifying=identifying,
        declared=labels_to_show(column),
        missing=str(column.missing) if column.missing.codes or column.missing.ranges else "",
    )
    if look.kind == "codes":
        look.codes = sorted((c for c, n in counts.items() if n >= FEWEST), key=lambda c: float(parse(c) or 0))
    if look.kind == "text" and len(counts) <= MOST_DISTINCT:
        look.texts = sorted(counts)
    return look


def count_people(looks: list[Look], table: Table, person: Look) -> None:
    """In a file where people stand more than once, count people instead of rows."""
    people = table.column(person.name).cells
    for look in looks:
        column = table.column(look.name)
        pairs = {
            (cell.strip(), who)
            for cell, who in zip(column.cells, people, strict=True)
            if cell.strip() and not column.missing.covers(cell)
        }
        look.filled = len({who for _, who in pairs})
        if look.kind == "codes":
            counts = Counter(cell for cell, _ in pairs)
            look.codes = [code for code in look.codes if counts[code] >= FEWEST]


def kind_of(filled: list[str], counts: Counter[str], identifying: str | None) -> str:
    """What nearly all filled cells are."""
    if not filled:
        return "empty"
    if identifying:
        return "identifying"
    most = 0.9 * len(filled)
    if sum(n for cell, n in counts.items() if parse(cell) is not None) >= most:
        return "codes" if len(counts) <= MOST_DISTINCT else "number"
    if sum(n for cell, n in counts.items() if is_date(cell)) >= most:
        return "date"
    return "text"


def parse(cell: str) -> float | None:
    """A number with either decimal sign."""
    number = parse_number(cell)
    return number if number is not None else parse_number(cell, ",")


def is_date(cell: str) -> bool:
    """Whether a cell is a date in some order."""
    return any(parse_date(cell, order) for order in ("DMY", "MDY")) or bool(":" in cell and is_serial(cell))


def file_order(table: Table) -> str | None:
    """The order that all columns of dates show which show one; None where they differ."""
    shown = {order for column in table.columns if (order := own_order(column.cells))}
    return shown.pop() if len(shown) == 1 else None


def inventory(looks: list[Look]) -> list[str]:
    """A line per column, for the comments of a draft: nothing in it points at a person."""
    lines = []
    for position, look in enumerate(looks, start=1):
        name = f"(column {position}, its name is kept back)" if points_at(look.name) else look.name
        kind = f"looks like a {look.identifying}; keep it out" if look.identifying else look.kind
        parts = [f"{name}: {kind}", f"filled {say_count(look.filled)}"]
        if look.kind in ("codes", "number", "text"):
            distinct = f"more than {MOST_DISTINCT}" if look.distinct > MOST_DISTINCT else str(look.distinct)
            parts.append(f"distinct {distinct}")
        if look.label:
            parts.append(f"label '{look.label}'")
        if look.declared and not look.identifying:
            parts.append("codes " + ", ".join(f"{c} {label}" for c, label in look.declared.items()))
        if look.missing:
            parts.append(f"declared missing {look.missing}")
        lines.append("; ".join(parts))
    return lines
