"""Stata files (.dta, formats 108 to 119): cells, labels and missing letters, numbers at their shortest."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ipdma.site.codes import code_key
from ipdma.site.formats import ReadOptions
from ipdma.site.formats.binary import (
    DAMAGE,
    ByteReader,
    Texts,
    check_cells,
    damaged,
    finish_table,
    lost_letters,
    number_text,
    read_by,
)
from ipdma.site.formats.epochs import STATA_COARSE, stata_text, stata_unit
from ipdma.site.formats.letters import Letters, wanted_codec
from ipdma.site.formats.stata_dictionary import Dictionary, Variable, cut, read_dictionary
from ipdma.site.formats.stata_texts import LabelSets, read_label_sets, read_long_strings, split_reference
from ipdma.site.table import Column, DeclaredMissing, Remark, Table

ROWS_AT_ONCE = 4096
# the missing value `.` of each kind; the next 26 of the whole numbers are .a to .z
MISSING = {"b": 101, "h": 32741, "i": 2147483621}
MISSING_BEFORE_113 = {"b": 127, "h": 32767, "i": 2147483647}
# of the others the bytes of `.`, and the step to the next letter, as whole numbers
MISSING_BYTES = {"f": ("I", 0x7F000000, 0x800), "d": ("Q", 0x7FE0000000000000, 0x10000000000)}
LETTERS = ["", *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read a .dta file.

    Raises
    ------
    ReadError
        Damaged, cut short, too large, an encoding that is not known.
    """
    wanted = wanted_codec(options.encoding, name)
    try:
        dictionary, reader = read_dictionary(path.read_bytes())
        check_cells(name, len(dictionary.variables), dictionary.rows)
        stored = read_cells(dictionary, take_rows(dictionary, reader))
        long_strings = read_long_strings(dictionary, reader)
        sets = read_label_sets(dictionary, reader)
        fill_long_strings(dictionary, stored, long_strings)
        letters = Letters(wanted or ("utf-8" if dictionary.release >= 118 else None))
        letters.decide(all_texts(dictionary, stored, sets))
        labels = Texts(lambda key: label_texts(dictionary, sets.get(key[0], []), key[1], letters))
        columns = [
            make_column(variable, cells, labels, letters)
            for variable, cells in zip(dictionary.variables, stored, strict=True)
        ]
    except DAMAGE:
        raise damaged(name) from None
    return finish_table(name, columns, remarks(dictionary, columns))


def take_rows(dictionary: Dictionary, reader: ByteReader) -> bytes:
    """The bytes of all rows."""
    layout = row_layout(dictionary)
    if dictionary.rows < 0 or not layout.size:
        raise ValueError("no rows")
    if dictionary.release < 117:
        return reader.take(dictionary.rows * layout.size)
    reader.expect(b"<data>")
    rows = reader.take(dictionary.rows * layout.size)
    reader.expect(b"</data>")
    return rows


def row_layout(dictionary: Dictionary) -> struct.Struct:
    """A row in the words of `struct`."""
    kinds = (f"{v.width}s" if v.kind in "sL" else v.kind for v in dictionary.variables)
    return struct.Struct(dictionary.order + "".join(kinds))


def read_cells(dictionary: Dictionary, rows: bytes) -> list[list[Any]]:
    """Per variable its cells: text of numbers, bytes of strings."""
    layout = row_layout(dictionary)
    keep = [cell_texts(dictionary, variable) for variable in dictionary.variables]
    cells: list[list[Any]] = [[] for _ in keep]
    step = layout.size * ROWS_AT_ONCE
    for start in range(0, len(rows), step):
        columns = zip(*layout.iter_unpack(rows[start : start + step]), strict=True)
        for texts, own, values in zip(keep, cells, columns, strict=True):
            texts.extend(own, values)
    return cells


def cell_texts(dictionary: Dictionary, variable: Variable) -> Texts:
    """Texts of a variable's stored values."""
    if variable.kind == "s":
        return Texts(cut)
    if variable.kind == "L":
        return Texts(lambda raw: split_reference(dictionary, raw))
    unit = stata_unit(variable.form)
    single = variable.kind == "f"
    write = read_by(stata_text(unit)) if unit else lambda value: number_text(value, single)
    fixed = missing_texts(dictionary, variable.kind)
    lowest = min(fixed)
    return Texts(lambda value: "" if value > lowest or value != value else write(value), fixed)


def missing_texts(dictionary: Dictionary, kind: str) -> dict[float, str]:
    """The values that stand for `.`, which is an empty cell, and for `.a` to `.z`."""
    if kind in MISSING:
        if dictionary.release < 113:
            return {MISSING_BEFORE_113[kind]: ""}
        return {MISSING[kind] + at: text for at, text in enumerate(LETTERS)}
    whole, first, step = MISSING_BYTES[kind]
    stored = (struct.pack("<" + whole, first + at * step) for at in range(27))
    numbers = (struct.unpack("<" + kind, raw)[0] for raw in stored)
    texts = LETTERS if dictionary.release >= 113 else LETTERS[:1]
    return dict(zip(numbers, texts, strict=False))


def fill_long_strings(
    dictionary: Dictionary, stored: list[list[Any]], strings: dict[tuple[int, int], bytes]
) -> None:
    """Put each long string where its cell refers to it; the reference 0, 0 is an empty one."""
    strings = strings | {(0, 0): b""}
    for variable, cells in zip(dictionary.variables, stored, strict=True):
        if variable.kind == "L":
            cells[:] = [strings[reference] for reference in cells]


def all_texts(dictionary: Dictionary, stored: list[list[Any]], sets: LabelSets) -> Iterator[bytes]:
    """Every text of the file, for the choice of its encoding."""
    for labels in sets.values():
        yield from (label for _, label in labels)
    for variable, cells in zip(dictionary.variables, stored, strict=True):
        yield variable.name
        yield variable.label
        if variable.kind in "sL":
            yield from set(cells)


def make_column(variable: Variable, cells: list[Any], labels: Texts, letters: Letters) -> Column:
    """A variable as a column of text; `labels` are those of a set and display format."""
    name = letters.text(variable.name)
    if not name.strip():
        raise ValueError("a variable without a name")
    label = letters.text(variable.label)
    if variable.kind in "sL":
        return Column(name, list(map(Texts(letters.text).__getitem__, cells)), label)
    used = frozenset(LETTERS[1:]).intersection(cells)
    own = labels[variable.label_set, variable.form]
    return Column(name, cells, label, own, DeclaredMissing(frozenset(map(code_key, used))))


def label_texts(
    dictionary: Dictionary, labels: Iterable[tuple[int, bytes]], form: str, letters: Letters
) -> dict[str, str]:
    """Labels by the text of their code; they are stored for four-byte numbers, whatever the variable is."""
    texts = cell_texts(dictionary, Variable(b"", "i", 0, form, b"", b""))
    return {texts[code]: letters.text(label) for code, label in labels if code != MISSING["i"]}


def remarks(dictionary: Dictionary, columns: list[Column]) -> list[Remark]:
    """Letters that could not be read, dates without a day."""
    found = [remark for column in columns for remark in lost_letters(column)]
    for variable, column in zip(dictionary.variables, columns, strict=True):
        if variable.kind not in "sL" and (stata_unit(variable.form) or "d") in STATA_COARSE:
            found.append(Remark("coarse_dates", column.name))
    return found
