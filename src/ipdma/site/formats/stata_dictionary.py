"""The dictionary of a Stata file, format 108 to 119: what stands before its cells.

The layouts are those of Stata's "File formats .dta" help and, before 113, of what Stata 6 and 7 wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ipdma.site.formats.binary import ByteReader

OLDEST, NEWEST_BINARY = 108, 115
TAGGED = (117, 118, 119)
STRL = 32768
TAGGED_TYPES = {65526: "d", 65527: "f", 65528: "i", 65529: "h", 65530: "b"}
BINARY_TYPES = {255: "d", 254: "f", 253: "i", 252: "h", 251: "b"}
LETTER_TYPES = {ord("d"): "d", ord("f"): "f", ord("l"): "i", ord("i"): "h", ord("b"): "b"}


@dataclass
class Variable:
    """One variable as it is stored; `kind` is `struct`'s letter of a number, "s" or "L" (strL)."""

    name: bytes
    kind: str
    width: int
    form: str
    label_set: bytes
    label: bytes


@dataclass
class Dictionary:
    """Everything before the cells."""

    release: int
    order: str
    rows: int
    variables: list[Variable] = field(default_factory=list)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Bytes of a name, a display format and a variable's label."""
        if self.release >= 118:
            return 129, 57, 321
        return 33 if self.release >= 110 else 9, 49 if self.release >= 114 else 12, 81


def cut(raw: bytes) -> bytes:
    """A text up to its zero byte."""
    return raw.partition(b"\0")[0]


def read_dictionary(data: bytes) -> tuple[Dictionary, ByteReader]:
    """The dictionary, and a reader that stands where the cells begin."""
    if data.startswith(b"<stata_dta>"):
        return read_tagged(data)
    release, order = data[0], {1: ">", 2: "<"}[data[1]]
    if not OLDEST <= release <= NEWEST_BINARY:
        raise ValueError("no release that is known")
    reader = ByteReader(data, order)
    reader.take(4)
    count, rows = reader.unpack("Hi")
    reader.take(81 + 18)
    codes = list(reader.take(count))
    dictionary = Dictionary(release, order, rows)
    name, form, label = dictionary.sizes
    names = [reader.take(name) for _ in range(count)]
    reader.take(2 * (count + 1))
    forms = [reader.take(form) for _ in range(count)]
    sets = [reader.take(name) for _ in range(count)]
    labels = [reader.take(label) for _ in range(count)]
    types = [binary_type(code, release) for code in codes]
    add_variables(dictionary, names, types, forms, sets, labels)
    while True:
        kind, size = reader.unpack("bi" if release >= 110 else "bh")
        if not kind and not size:
            return dictionary, reader
        reader.take(size)


def binary_type(code: int, release: int) -> tuple[str, int]:
    """Kind and width; before 111 letters stand for numbers, and strings count from 127."""
    if release >= 111:
        return (BINARY_TYPES[code], 0) if code > 244 else ("s", code)
    return (LETTER_TYPES[code], 0) if code in LETTER_TYPES else ("s", code - 127)


def read_tagged(data: bytes) -> tuple[Dictionary, ByteReader]:
    """The dictionary between tags, from release 117."""
    reader = ByteReader(data)
    reader.expect(b"<stata_dta><header><release>")
    release = int(reader.take(3))
    if release not in TAGGED:
        raise ValueError("no release that is known")
    reader.expect(b"</release><byteorder>")
    order = reader.order = {b"MSF": ">", b"LSF": "<"}[reader.take(3)]
    reader.expect(b"</byteorder><K>")
    count = reader.integer("I" if release == 119 else "H")
    reader.expect(b"</K><N>")
    dictionary = Dictionary(release, order, reader.integer("I" if release == 117 else "Q"))
    reader.expect(b"</N><label>")
    reader.take(reader.integer("B" if release == 117 else "H"))
    reader.expect(b"</label><timestamp>")
    reader.take(reader.integer("B"))
    reader.expect(b"</timestamp></header><map>")
    reader.take(14 * 8)
    reader.expect(b"</map>")
    name, form, label = dictionary.sizes
    codes = section(reader, b"variable_types", 2, count)
    types = [tagged_type(int.from_bytes(code, "little" if order == "<" else "big")) for code in codes]
    names = section(reader, b"varnames", name, count)
    section(reader, b"sortlist", 4 if release == 119 else 2, count + 1)
    forms = section(reader, b"formats", form, count)
    sets = section(reader, b"value_label_names", name, count)
    labels = section(reader, b"variable_labels", label, count)
    add_variables(dictionary, names, types, forms, sets, labels)
    reader.expect(b"<characteristics>")
    while (mark := reader.take(4)) == b"<ch>":
        reader.take(reader.integer("I"))
        reader.expect(b"</ch>")
    if mark + reader.take(14) != b"</characteristics>":
        raise ValueError("the characteristics do not end")
    return dictionary, reader


def section(reader: ByteReader, tag: bytes, size: int, count: int) -> list[bytes]:
    """A list between its tags: so many entries of one size."""
    reader.expect(b"<" + tag + b">")
    if size * count > reader.left:
        raise ValueError("more entries than bytes")
    entries = [reader.take(size) for _ in range(count)]
    reader.expect(b"</" + tag + b">")
    return entries


def tagged_type(code: int) -> tuple[str, int]:
    """Kind and width, from release 117."""
    if code == STRL:
        return "L", 8
    return (TAGGED_TYPES[code], 0) if code in TAGGED_TYPES else ("s", code)


def add_variables(
    dictionary: Dictionary,
    names: list[bytes],
    types: list[tuple[str, int]],
    forms: list[bytes],
    sets: list[bytes],
    labels: list[bytes],
) -> None:
    """Put the lists together, a variable each."""
    for name, (kind, width), form, label_set, label in zip(names, types, forms, sets, labels, strict=True):
        if kind == "s" and not 0 < width <= 2045:
            raise ValueError("no such width")
        form_text = cut(form).decode("latin-1")
        dictionary.variables.append(Variable(cut(name), kind, width, form_text, cut(label_set), cut(label)))
