"""The texts of a Stata file that do not stand in its cells: value labels and long strings."""

from __future__ import annotations

import struct

from ipdma.site.formats.binary import ByteReader
from ipdma.site.formats.stata_dictionary import Dictionary, cut

LabelSets = dict[bytes, list[tuple[int, bytes]]]


def read_label_sets(dictionary: Dictionary, reader: ByteReader) -> LabelSets:
    """Value labels by the name of their set."""
    sets: LabelSets = {}
    if dictionary.release < 117:
        while reader.left:
            reader.integer()
            read_set(dictionary, reader, sets)
        return sets
    reader.expect(b"<value_labels>")
    while (mark := reader.take(5)) == b"<lbl>":
        reader.integer("I")
        read_set(dictionary, reader, sets)
        reader.expect(b"</lbl>")
    if mark != b"</val":
        raise ValueError("the labels do not end")
    return sets


def read_set(dictionary: Dictionary, reader: ByteReader, sets: LabelSets) -> None:
    """One set: its name, its codes, its texts."""
    name = cut(reader.take(dictionary.sizes[0]))
    reader.take(3)
    count, size = reader.unpack("2i")
    if count < 0 or 8 * count > reader.left:
        raise ValueError("more labels than bytes")
    places, codes = reader.unpack(f"{count}i"), reader.unpack(f"{count}i")
    texts = reader.take(size)
    if any(not 0 <= place < size for place in places):
        raise ValueError("a label outside its set")
    sets[name] = [
        (code, texts[place : texts.index(b"\0", place)]) for code, place in zip(codes, places, strict=True)
    ]


def read_long_strings(dictionary: Dictionary, reader: ByteReader) -> dict[tuple[int, int], bytes]:
    """Long strings (strL) by variable and observation; none before release 117."""
    strings: dict[tuple[int, int], bytes] = {}
    if dictionary.release < 117:
        return strings
    reader.expect(b"<strls>")
    while (mark := reader.take(3)) == b"GSO":
        variable, row, _, size = reader.unpack("IIBI" if dictionary.release == 117 else "IQBI")
        text = reader.take(size)
        strings[variable, row] = cut(text)
    if mark + reader.take(5) != b"</strls>":
        raise ValueError("the long strings do not end")
    return strings


def split_reference(dictionary: Dictionary, raw: bytes) -> tuple[int, int]:
    """Variable and observation of a long string, from the eight bytes in its cell."""
    if dictionary.release == 117:
        variable, row = struct.unpack(dictionary.order + "2I", raw)
        return variable, row
    width = 2 if dictionary.release == 118 else 3
    if dictionary.order == "<":
        return int.from_bytes(raw[:width], "little"), int.from_bytes(raw[width:], "little")
    return int.from_bytes(raw[:width], "big"), int.from_bytes(raw[width:], "big")
