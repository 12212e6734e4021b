"""SPSS system files (.sav, .zsav): cells, labels and declared missing codes, numbers at their shortest."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ipdma.site.codes import code_key
from ipdma.site.formats import ReadOptions
from ipdma.site.formats.binary import (
    DAMAGE,
    Texts,
    check_cells,
    damaged,
    finish_table,
    lost_letters,
    number_text,
    read_by,
)
from ipdma.site.formats.epochs import SPSS_COARSE, spss_text
from ipdma.site.formats.letters import Letters, wanted_codec
from ipdma.site.formats.spss_cases import read_cases
from ipdma.site.formats.spss_dictionary import Dictionary, Variable, read_dictionary
from ipdma.site.table import Column, DeclaredMissing, Remark, Table

LARGEST_NUMBER = 1.7976931348623157e308


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read a .sav or .zsav file.

    Raises
    ------
    ReadError
        Damaged, cut short, too large, an encoding that is not known.
    """
    wanted = wanted_codec(options.encoding, name)
    try:
        dictionary, reader = read_dictionary(path.read_bytes())
        check_cells(name, len(dictionary.variables), max(0, dictionary.cases))
        stored = read_cells(dictionary, read_cases(dictionary, reader, name))
        letters = Letters(wanted or dictionary.codec)
        letters.decide(all_texts(dictionary, stored))
        columns = make_columns(dictionary, stored, letters)
    except (*DAMAGE, RuntimeError, zlib.error):
        raise damaged(name) from None
    return finish_table(name, columns, remarks(dictionary, columns))


def read_cells(dictionary: Dictionary, pieces: Iterable[bytes]) -> list[list[Any]]:
    """Per variable its cells: text of numbers, bytes of strings without the spaces at their end."""
    layout = struct.Struct(dictionary.order + "".join(parts(dictionary)))
    if layout.size != dictionary.elements * 8 or not layout.size:
        raise ValueError("the variables do not fill a case")
    keep = [number_texts(dictionary, v) if not v.width else string_texts() for v in dictionary.variables]
    cells: list[list[Any]] = [[] for _ in keep]
    for piece in pieces:
        stored = iter(zip(*layout.iter_unpack(piece), strict=True))
        for variable, texts, own in zip(dictionary.variables, keep, cells, strict=True):
            values: Iterable[Any] = next(stored)
            if variable.segments:
                rest = [next(stored) for _ in variable.segments]
                values = (b"".join(row)[: variable.width] for row in zip(values, *rest, strict=True))
            texts.extend(own, values)
    return cells


def parts(dictionary: Dictionary) -> Iterator[str]:
    """Each variable, and the bytes up to the next, in the words of `struct`."""
    flat = [part for variable in dictionary.variables for part in (variable, *variable.segments)]
    ends = [part.element for part in flat[1:]] + [dictionary.elements]
    for part, end in zip(flat, ends, strict=True):
        width = min(part.width, 255)
        spare = (end - part.element) * 8 - (width or 8)
        if not 0 <= spare < 8 or (part is flat[0] and part.element):
            raise ValueError("a variable takes another place than its width")
        yield (f"{width}s" if width else "d") + f"{spare}x"


def number_texts(dictionary: Dictionary, variable: Variable) -> Texts:
    """Texts of a variable's numbers; the system's missing value is an empty cell."""
    missing = struct.unpack(dictionary.order + "d", dictionary.system_missing)[0]
    write = spss_text(variable.kind)
    return Texts(read_by(write) if write else number_text, {missing: ""})


def bare(raw: bytes) -> bytes:
    """A string without what fills it up."""
    return raw.partition(b"\0")[0].rstrip(b" ")


def string_texts() -> Texts:
    """A string's bytes up to a zero byte, without the spaces that fill it up."""
    return Texts(bare)


def all_texts(dictionary: Dictionary, stored: list[list[Any]]) -> Iterator[bytes]:
    """Every text of the file, for the choice of its encoding."""
    for variable, cells in zip(dictionary.variables, stored, strict=True):
        yield variable.name
        yield variable.label
        yield from (label for _, label in variable.labels)
        if variable.width:
            yield from set(cells)


def make_columns(dictionary: Dictionary, stored: list[list[Any]], letters: Letters) -> list[Column]:
    """The variables as columns of text; labels that several share are written once."""
    columns, sets = [], {}
    for variable, cells in zip(dictionary.variables, stored, strict=True):
        text = code_text(dictionary, variable, letters)
        shared = (id(variable.labels), variable.kind, bool(variable.width))
        if shared not in sets:
            sets[shared] = {text(value): letters.text(label) for value, label in variable.labels}
        name = letters.text(variable.name)
        if not name.strip():
            raise ValueError("a variable without a name")
        if variable.width:
            cells = list(map(Texts(letters.text).__getitem__, cells))
        codes = frozenset(code_key(text(raw)) for raw in variable.missing)
        missing = DeclaredMissing(codes, spans(dictionary, variable))
        columns.append(Column(name, cells, letters.text(variable.label), sets[shared], missing))
    return columns


def code_text(dictionary: Dictionary, variable: Variable, letters: Letters) -> Callable[[bytes], str]:
    """How a stored code of this variable reads: as its cells do."""
    if variable.width:
        return lambda raw: letters.text(bare(raw))
    texts = number_texts(dictionary, variable)
    return lambda raw: texts[struct.unpack(dictionary.order + "d", raw)[0]]


def spans(dictionary: Dictionary, variable: Variable) -> tuple[tuple[float, float], ...]:
    """The declared range of missing numbers; LO and HI have no end."""
    if variable.span is None or variable.width:
        return ()
    low, high = variable.span
    low = -math.inf if low <= max(dictionary.lowest, -LARGEST_NUMBER) else low
    return ((low, math.inf if high >= LARGEST_NUMBER else high),)


def remarks(dictionary: Dictionary, columns: list[Column]) -> list[Remark]:
    """Letters that could not be read, dates of which the day is not shown."""
    found = [remark for column in columns for remark in lost_letters(column)]
    for variable, column in zip(dictionary.variables, columns, strict=True):
        if variable.kind in SPSS_COARSE and not variable.width:
            found.append(Remark("coarse_dates", column.name))
    return found
