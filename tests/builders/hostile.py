"""Good files made bad: bytes, cells of a table, values of a YAML file, parts of a packed file."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import yaml

TOKENS = (
    b"\0", b'"', b"'", b",", b";", b"\t", b"\n", b"\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J",
    "\u202e".encode(), b"{x}", b"{{y}}", b"=1+1", b"@SUM(A1)", b"9" * 400, b"{" * 200, b"[" * 200, b"- " * 90,
    b"&a [*a]", b"*a", b"!!python/name:os.system ", b"1e999", b"nan", b"-0", b"<script>", b"&lt;", b"%00",
    b"../../x", b"\xc3\x28", b"\xed\xa0\x80", b": ", b"? ", b"|\n", b"\\x00", b"00:00", b"31.02.2020",
)  # fmt: skip
CELLS = (
    "", " ", "0", "-1", "1", "1,5",
    "1.5", "1.234,5", "1e999", "-1e-320", "nan", "inf", "NA", "#N/A", "x" * 5000,
    "9" * 400, "\u202ex", "\x1b[31m", "=1+1", "{x}", "31.02.2020", "2020-13-45", "0x1F", "１２", "true", "é",
    "a\nb", '"', "null", "~", "O5", "l2", "1/2", "10%", "+5", "--", "00012", "1 000", "1'000",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, "", "0", "-1", "nan", "1e999", "x",
    "x" * 3000, [], {}, [[]], {"a": {"b": {"c": []}}}, ["a", "a"],
    {"": ""},
    "{x}", "\u202e", "a..b", "..", "a..a", "h1..h999999", "../../etc/passwd", "/dev/null", "=1+1", 0, -5,
    3.7,
    10**30, ["x"] * 300, {str(i): i for i in range(300)}, "9" * 300, float("inf"), "no", "2020-01-01", "\0",
)  # fmt: skip


def mutate(data: bytes, name: str, draw: random.Random) -> bytes:
    """A file with one to a few faults, of a kind that suits its name or of any."""
    ways: list[Callable[[bytes, random.Random], bytes]] = [mutate_bytes]
    if name.endswith((".yaml", ".json")):
        ways += [mutate_tree] * 3
    if name.endswith((".csv", ".tsv", ".txt")):
        ways += [mutate_cells] * 2
    if name.endswith((".xlsx", ".docx")):
        ways += [mutate_parts] * 3
    try:
        return draw.choice(ways)(data, draw)
    except (ValueError, yaml.YAMLError, csv.Error, zipfile.BadZipFile):
        return mutate_bytes(data, draw)


def mutate_bytes(data: bytes, draw: random.Random) -> bytes:
    """Bytes changed, taken away, put in, doubled, cut off."""
    content = bytearray(data or b"x")
    for _ in range(draw.choice((1, 1, 1, 2, 5, 40))):
        at = draw.randrange(len(content) + 1)
        kind = draw.randrange(7)
        if kind == 0 and at < len(content):
            content[at] = draw.randrange(256)
        elif kind == 1 and at < len(content):
            content[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            del content[at : at + draw.choice((1, 2, 9, 80))]
        elif kind == 3:
            content[at:at] = draw.choice(TOKENS)
        elif kind == 4:
            content[at:at] = content[at : at + draw.choice((4, 60, 600))] * draw.choice((1, 3))
        elif kind == 5:
            content[at : at + 4] = draw.choice((b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff" * 4, b"\x01\0\0\0"))
        elif draw.random() < 0.2:
            del content[at:]
        content = content or bytearray(b"x")
    return bytes(content)


def mutate_cells(data: bytes, draw: random.Random) -> bytes:
    """Cells, columns and rows of a delimited file."""
    text = data.decode("utf-8")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    for _ in range(draw.choice((1, 1, 2, 6))):
        kind, row = draw.randrange(8), draw.choice(rows)
        if kind < 4 and row:
            row[draw.randrange(len(row))] = draw.choice(CELLS)
        elif kind == 4:
            rows.append(list(row))
        elif kind == 5 and row:
            row.pop(draw.randrange(len(row)))
        elif kind == 6:
            column, cell = draw.randrange(max(1, len(rows[0]))), draw.choice(CELLS)
            for other in rows[draw.randrange(2) :]:
                if column < len(other):
                    other[column] = cell
        else:
            rows = rows[: draw.randrange(1, len(rows) + 1)]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8")


def mutate_tree(data: bytes, draw: random.Random) -> bytes:
    """Values, keys and entries of a YAML or JSON file; the others keep their types."""
    is_json = data[:1] == b"{"
    tree = json.loads(data) if is_json else yaml.safe_load(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = list(places_of(tree))
        if not places:
            break
        home, key = draw.choice(places)
        change_place(home, key, draw)
    if is_json:
        return json.dumps(tree, indent=1).encode()
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode("utf-8", "replace")


def places_of(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from places_of(tree[key])


def change_place(home: Any, key: Any, draw: random.Random) -> None:
    """One value replaced, taken away, doubled or put under another key."""
    kind, value = draw.randrange(7), home[key]
    if kind == 6 and isinstance(value, int | float):
        home[key] = draw.choice((-value, value + 1, value * 2, value / 3, value * 1e9, value + 1e-9))
    elif kind < 3 or kind == 6:
        home[key] = deepcopy(draw.choice(VALUES))
    elif kind == 3:
        del home[key]
    elif isinstance(home, dict):
        name = draw.choice((str(key)[:-1], f"{key}x", str(key).upper(), "", "x", draw.choice(CELLS)))
        home[name] = deepcopy(home[key]) if kind == 4 else home.pop(key)
    else:
        home.insert(draw.randrange(len(home) + 1), deepcopy(home[key]))


def mutate_parts(data: bytes, draw: random.Random) -> bytes:
    """One part of a packed file changed, taken away, doubled or emptied."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    name = draw.choice(sorted(parts))
    kind = draw.randrange(8)
    if kind == 0:
        del parts[name]
    elif kind == 1:
        parts[name] = b""
    elif kind == 2:
        parts[name + draw.choice(("x", "/../../y", ""))] = parts[name]
    else:
        parts[name] = mutate_bytes(parts[name], draw)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", draw.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as packed:
        for part, content in parts.items():
            packed.writestr(part, content)
    return out.getvalue()
