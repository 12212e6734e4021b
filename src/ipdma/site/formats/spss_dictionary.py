"""The dictionary of an SPSS system file: what stands before its cells.

The records are those of PSPP's "System File Format".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from ipdma.site.formats.binary import ByteReader
from ipdma.site.formats.letters import code_page, find_codec

LABELS, INDEXES, DOCUMENT, EXTENSION, END, VARIABLE = 3, 4, 6, 7, 999, 2
SEGMENT = 252  # a very long string is stored in variables of 255 bytes, counted as 252 each
INTEGER_INFO, FLOAT_INFO, LONG_NAMES, LONG_STRINGS, MANY_CASES, ENCODING, LONG_LABELS, LONG_MISSING = (
    3,
    4,
    13,
    14,
    16,
    20,
    21,
    22,
)


@dataclass
class Variable:
    """One variable as it is stored.

    Attributes
    ----------
    width : int
        Bytes of a string; 0 for a number.
    element : int
        Position of its first element of 8 bytes in a case.
    segments : list of Variable
        The further variables that hold the rest of a very long string.
    labels : list of (bytes, bytes)
        Stored value and label; numbers as their 8 bytes.
    """

    short: bytes
    width: int
    element: int
    kind: int
    label: bytes = b""
    name: bytes = b""
    missing: list[bytes] = field(default_factory=list)
    span: tuple[float, float] | None = None
    labels: list[tuple[bytes, bytes]] = field(default_factory=list)
    segments: list[Variable] = field(default_factory=list)


@dataclass
class Dictionary:
    """Everything before the cells; `cases` is -1 where the file does not say."""

    order: str
    compression: int
    cases: int
    bias: float
    elements: int = 0
    variables: list[Variable] = field(default_factory=list)
    encoding: str | None = None
    page: int = 0
    lowest: float = -1.7976931348623155e308
    system_missing: bytes = b""
    by_element: dict[int, Variable] = field(default_factory=dict)

    @property
    def codec(self) -> str | None:
        """The declared encoding by name, else by code page."""
        return self.encoding or code_page(self.page)


def read_dictionary(data: bytes) -> tuple[Dictionary, ByteReader]:
    """The dictionary, and a reader that stands where the cells begin."""
    order = "<" if int.from_bytes(data[64:68], "little") in (2, 3) else ">"
    reader = ByteReader(data, order)
    reader.take(64)
    if reader.integer() not in (2, 3):
        raise ValueError("no layout that is known")
    _, compression, _, cases = reader.unpack("4i")
    bias = struct.unpack(order + "d", reader.take(8))[0]
    reader.take(84)
    dictionary = Dictionary(order, compression, cases, bias)
    dictionary.system_missing = struct.pack(order + "d", -1.7976931348623157e308)
    while (record := reader.integer()) != END:
        RECORDS[record](dictionary, reader)
    reader.take(4)
    merge_segments(dictionary)
    return dictionary, reader


def read_variable(dictionary: Dictionary, reader: ByteReader) -> None:
    """A variable, or the continuation of a string's."""
    width, has_label, missing, shown, _ = reader.unpack("5i")
    short = reader.take(8).rstrip(b" \0")
    variable = Variable(short, width, dictionary.elements, shown >> 16 & 0xFF)
    if has_label:
        size = reader.integer()
        variable.label = reader.take(size).rstrip()
        reader.take(-size % 4)
    values = [reader.take(8) for _ in range(abs(missing))]
    if missing in (-2, -3):
        low, high = struct.unpack(reader.order + "2d", values[0] + values[1])
        variable.span = (low, high)
        values = values[2:]
    elif not 0 <= missing <= 3:
        raise ValueError("no such number of missing values")
    variable.missing = values
    dictionary.elements += 1
    if width == -1:
        return
    if not 0 <= width <= 255:
        raise ValueError("no such width")
    variable.name = short
    dictionary.variables.append(variable)
    dictionary.by_element[variable.element + 1] = variable


def read_labels(dictionary: Dictionary, reader: ByteReader) -> None:
    """Value labels, then the variables that they belong to."""
    labels = []
    for _ in range(reader.integer()):
        value = reader.take(8)
        size = reader.integer("B")
        labels.append((value, reader.take(size).rstrip()))
        reader.take(-(size + 1) % 8)
    if reader.integer() != INDEXES:
        raise ValueError("labels without variables")
    for _ in range(reader.integer()):
        variable = dictionary.by_element.get(reader.integer())
        if variable is not None:
            variable.labels = labels


def read_document(dictionary: Dictionary, reader: ByteReader) -> None:
    """Notes that nobody needs here."""
    reader.take(80 * reader.integer())


def read_extension(dictionary: Dictionary, reader: ByteReader) -> None:
    """An extension record; one that is not known is stepped over."""
    subtype, size, count = reader.unpack("3i")
    if size < 0 or count < 0:
        raise ValueError("a size below zero")
    body = ByteReader(reader.take(size * count), reader.order)
    read = EXTENSIONS.get(subtype)
    if read:
        read(dictionary, body)


def read_integers(dictionary: Dictionary, body: ByteReader) -> None:
    """Machine integers; the last names a code page."""
    dictionary.page = body.unpack("8i")[7]


def read_floats(dictionary: Dictionary, body: ByteReader) -> None:
    """How this file writes a missing number and its lowest one."""
    dictionary.system_missing = body.take(8)
    body.take(8)
    dictionary.lowest = struct.unpack(body.order + "d", body.take(8))[0]


def pairs(body: ByteReader, mark: bytes) -> dict[bytes, bytes]:
    """`NAME=text` parted by a mark."""
    parts = (part.partition(b"=") for part in body.data.split(mark))
    return {name.strip(b"\0"): text for name, sign, text in parts if sign}


def read_long_names(dictionary: Dictionary, body: ByteReader) -> None:
    """Names of more than eight letters."""
    names = pairs(body, b"\t")
    for variable in dictionary.variables:
        variable.name = names.get(variable.short, variable.name).rstrip(b"\0 ")


def read_long_strings(dictionary: Dictionary, body: ByteReader) -> None:
    """Strings of more than 255 bytes."""
    widths = pairs(body, b"\t")
    for variable in dictionary.variables:
        if variable.short in widths:
            variable.width = int(widths[variable.short].strip(b"\0 "))


def read_case_count(dictionary: Dictionary, body: ByteReader) -> None:
    """Cases, where they are too many for the header."""
    _, cases = body.unpack("2q")
    if dictionary.cases < 0:
        dictionary.cases = cases


def read_encoding(dictionary: Dictionary, body: ByteReader) -> None:
    """The encoding by its name."""
    dictionary.encoding = find_codec(body.data.decode("ascii", "replace").strip("\0 "))


def sized(body: ByteReader) -> bytes:
    """Bytes after their number."""
    return body.take(body.integer())


def read_long_labels(dictionary: Dictionary, body: ByteReader) -> None:
    """Labels of values of more than eight bytes."""
    names = {variable.name: variable for variable in dictionary.variables}
    while body.left:
        name = sized(body)
        _, count = body.unpack("2i")
        labels = [(sized(body), sized(body).rstrip()) for _ in range(count)]
        if name in names:
            names[name].labels = labels


def read_long_missing(dictionary: Dictionary, body: ByteReader) -> None:
    """Missing values of strings of more than eight bytes: of each the first eight are compared."""
    names = {variable.name: variable for variable in dictionary.variables}
    while body.left:
        name = sized(body)
        count, size = body.unpack("Bi")
        values = [body.take(size) for _ in range(count)]
        if name in names:
            names[name].missing = values


def merge_segments(dictionary: Dictionary) -> None:
    """Join the variables that hold one very long string."""
    waiting = iter(dictionary.variables)
    merged = []
    for variable in waiting:
        if variable.width > 255:
            count = -(-variable.width // SEGMENT) - 1
            variable.segments = list(islice(waiting, count))
            if len(variable.segments) < count or any(not 0 < p.width <= 255 for p in variable.segments):
                raise ValueError("a segment that is missing or holds no text")
        merged.append(variable)
    dictionary.variables = merged


Reader = Callable[[Dictionary, ByteReader], None]
RECORDS: dict[int, Reader] = {
    VARIABLE: read_variable,
    LABELS: read_labels,
    DOCUMENT: read_document,
    EXTENSION: read_extension,
}
EXTENSIONS: dict[int, Reader] = {
    INTEGER_INFO: read_integers,
    FLOAT_INFO: read_floats,
    LONG_NAMES: read_long_names,
    LONG_STRINGS: read_long_strings,
    MANY_CASES: read_case_count,
    ENCODING: read_encoding,
    LONG_LABELS: read_long_labels,
    LONG_MISSING: read_long_missing,
}
