"""SPSS and Stata files byte by byte: what no writer at hand makes (old releases, other byte orders,
dictionaries without an encoding)."""

from __future__ import annotations

import struct
import zlib

SYSMIS = -1.7976931348623157e308


def spss(
    variables,
    rows,
    order="<",
    compression=0,
    encoding=None,
    page=None,
    long_names=None,
    labels=(),
    cases=None,
    attributes=b"",
    page_word="cp1252",
):
    """A system file of numbers and of strings up to 255 bytes.

    Parameters
    ----------
    variables : list of dict
        `name`, `width` (0: number), `kind` (display format), `label`, `missing`: a list of codes, or
        "range", low, high and perhaps a code.
    labels : list of (dict, list of int)
        Labels by code, and positions of their variables.
    """
    number = lambda value: struct.pack(order + "d", SYSMIS if value is None else value)  # noqa: E731
    code = lambda text: text.encode(encoding or page_word) if isinstance(text, str) else text  # noqa: E731
    whole = lambda *values: struct.pack(f"{order}{len(values)}i", *values)  # noqa: E731
    body, first, at = b"", [], 0
    for v in variables:
        width = v.get("width", 0)
        first.append(at + 1)
        missing = v.get("missing", [])
        n = len(missing)
        if missing and missing[0] == "range":
            missing, n = missing[1:], -len(missing) + 1
        shown = v.get("kind", 1 if width else 5) << 16 | (width or 8) << 8
        label = code(v.get("label", ""))
        body += whole(2, width, bool(label), n, shown, shown) + code(v["name"]).ljust(8)
        if label:
            body += whole(len(label)) + label.ljust(-(-len(label) // 4) * 4)
        body += b"".join(code(m).ljust(8) if width else number(m) for m in missing)
        extra = max(0, -(-width // 8) - 1)
        body += (whole(2, -1, 0, 0, 0, 0) + b" " * 8) * extra
        at += 1 + extra
    for words, positions in labels:
        body += whole(3, len(words))
        for value, label in words.items():
            label = code(label)
            room = -(-(len(label) + 1) // 8) * 8 - 1
            stored = number(value) if isinstance(value, float) else code(value).ljust(8)
            body += stored + bytes([len(label)]) + label.ljust(room)
        body += whole(4, len(positions), *(first[p] for p in positions))
    extension = lambda kind, size, data: whole(7, kind, size, len(data) // size) + data  # noqa: E731
    if page is not None:
        body += extension(3, 4, whole(20, 0, 0, -1, 1, 1, 2 if order == "<" else 1, page))
    body += extension(4, 8, struct.pack(order + "3d", SYSMIS, -SYSMIS, -1.7976931348623155e308))
    if long_names:
        body += extension(13, 1, b"\t".join(code(f"{k}={v}") for k, v in long_names.items()))
    if encoding:
        body += extension(20, 1, encoding.encode())
    body += attributes + whole(999, 0)
    cells = b""
    for row in rows:
        for v, cell in zip(variables, row, strict=True):
            width = v.get("width", 0)
            cells += code(cell).ljust(-(-width // 8) * 8) if width else number(cell)
    head = (b"$FL3" if compression == 2 else b"$FL2") + b"@(#) SPSS DATA FILE test".ljust(60)
    n = len(rows) if cases is None else cases
    head += (
        whole(2, at, compression, 0, n) + struct.pack(order + "d", 100.0) + b"01 Jan 2020:00:00" + b" " * 67
    )
    if compression == 1:
        cells = packed(cells)
    if compression == 2:
        begin = len(head + body)
        raw, deflated = packed(cells), zlib.compress(packed(cells))
        wide = lambda *values: struct.pack(f"{order}{len(values)}q", *values)  # noqa: E731
        cells = wide(begin, begin + 24 + len(deflated), 48) + deflated
        cells += wide(-100, 0) + whole(0x3FF000, 1) + wide(begin, begin + 24) + whole(len(raw), len(deflated))
    return head + body + cells


def packed(cells):
    """Every element as a literal, eight to a group; blanks by their own command."""
    elements = [cells[at : at + 8] for at in range(0, len(cells), 8)]
    made = b""
    for at in range(0, len(elements), 8):
        group = elements[at : at + 8]
        made += bytes(254 if e == b" " * 8 else 253 for e in group).ljust(8, b"\0")
        made += b"".join(e for e in group if e != b" " * 8)
    return made


def stata(variables, rows, release=115, order="<", encoding="cp1252", labels=None, strings=()):
    """A .dta file.

    Parameters
    ----------
    variables : list of (name, kind, form[, label set])
        Kind: b, h, i, f, d, a width (string), or "L" with (variable, observation) in the cells.
    labels : dict of str to dict of int to str
        Label sets.
    strings : list of (int, int, str)
        Long strings.
    """
    tagged = release >= 117
    name, form, label = (
        (129, 57, 321) if release >= 118 else (33 if release >= 110 else 9, 49 if release >= 114 else 12, 81)
    )
    code = lambda text: text if isinstance(text, bytes) else text.encode(encoding)  # noqa: E731
    pad = lambda text, size: code(text).ljust(size, b"\0")  # noqa: E731
    pack = lambda kinds, *values: struct.pack(order + kinds, *values)  # noqa: E731
    k, n = len(variables), len(rows)
    variables = [(*v, "")[:4] for v in variables]
    names = b"".join(pad(v[0], name) for v in variables)
    forms = b"".join(pad(v[2], form) for v in variables)
    sets = b"".join(pad(v[3], name) for v in variables)
    titles = b"".join(pad(f"label of {v[0]}" if isinstance(v[0], str) else "x", label) for v in variables)
    data = b""
    for row in rows:
        for (_, kind, _, _), cell in zip(variables, row, strict=True):
            if kind == "L":
                data += reference(cell, release, order)
            else:
                data += pad(cell, kind) if isinstance(kind, int) else raw_or(pack, kind, cell)
    tables = b""
    for set_name, words in (labels or {}).items():
        texts, places = b"", []
        for word in words.values():
            places.append(len(texts))
            texts += code(word) + b"\0"
        table = pack(f"2i{len(words)}i{len(words)}i", len(words), len(texts), *places, *words) + texts
        table = pack("i", len(table)) + pad(set_name, name) + b"\0" * 3 + table
        tables += b"<lbl>" + table + b"</lbl>" if tagged else table
    if not tagged:
        head = (
            bytes([release, 1 if order == ">" else 2, 1, 0])
            + pack("Hi", k, n)
            + b"\0" * 81
            + pad("01 Jan 2020 00:00", 18)
        )
        end = pack("bi" if release >= 110 else "bh", 0, 0)
        types = bytes(old_type(v[1], release) for v in variables)
        return head + types + names + b"\0" * (2 * (k + 1)) + forms + sets + titles + end + data + tables
    codes = {"d": 65526, "f": 65527, "i": 65528, "h": 65529, "b": 65530, "L": 32768}
    types = b"".join(pack("H", codes.get(v[1], v[1])) for v in variables)
    sort = b"\0" * ((4 if release == 119 else 2) * (k + 1))
    gso = b"".join(
        b"GSO"
        + pack("IIBI" if release == 117 else "IQBI", v, o, 130, len(code(text)) + 1)
        + code(text)
        + b"\0"
        for v, o, text in strings
    )
    side = b"MSF" if order == ">" else b"LSF"
    parts = (
        b"<stata_dta><header><release>%d</release><byteorder>%s</byteorder><K>" % (release, side),
        pack("I" if release == 119 else "H", k),
        b"</K><N>",
        pack("I" if release == 117 else "Q", n),
        b"</N><label>",
        pack("B" if release == 117 else "H", 0),
        b"</label><timestamp>\0</timestamp></header><map>",
        b"\0" * 112,
        b"</map>",
        *(
            b"<" + tag + b">" + part + b"</" + tag + b">"
            for tag, part in (
                (b"variable_types", types),
                (b"varnames", names),
                (b"sortlist", sort),
                (b"formats", forms),
                (b"value_label_names", sets),
                (b"variable_labels", titles),
                (b"characteristics", b""),
                (b"data", data),
                (b"strls", gso),
                (b"value_labels", tables),
            )
        ),
        b"</stata_dta>",
    )
    return with_map(b"".join(parts), order)


def with_map(data, order):
    """The same file with the places of its parts in `<map>`."""
    tags = (
        b"<stata_dta>",
        b"<map>",
        b"<variable_types>",
        b"<varnames>",
        b"<sortlist>",
        b"<formats>",
        b"<value_label_names>",
        b"<variable_labels>",
        b"<characteristics>",
        b"<data>",
        b"<strls>",
        b"<value_labels>",
        b"</stata_dta>",
    )
    places = [*map(data.index, tags), len(data)]
    at = data.index(b"<map>") + 5
    return data[:at] + struct.pack(order + "14Q", *places) + data[at + 112 :]


def raw_or(pack, kind, cell):
    """A number, or the bytes of a missing letter (0 is `.`, 1 is `.a`)."""
    if not isinstance(cell, tuple):
        return pack(kind, cell)
    first = {"b": 101, "h": 32741, "i": 2147483621, "f": 0x7F000000, "d": 0x7FE0000000000000}[kind]
    step = {"f": 0x800, "d": 0x10000000000}.get(kind, 1)
    return pack({"f": "I", "d": "Q"}.get(kind, kind), first + cell[0] * step)


def old_type(kind, release):
    """The byte of a type before release 117."""
    if release >= 111:
        return {"d": 255, "f": 254, "i": 253, "h": 252, "b": 251}.get(kind, kind)
    return ord({"i": "l", "h": "i"}.get(kind, kind)) if isinstance(kind, str) else kind + 127


def reference(cell, release, order):
    """The eight bytes that point at a long string."""
    if release == 117:
        return struct.pack(order + "2I", *cell)
    width = 2 if release == 118 else 3
    side = "little" if order == "<" else "big"
    return cell[0].to_bytes(width, side) + cell[1].to_bytes(8 - width, side)
