"""What stands in one cell of a template: a word, a list, or pairs of code and meaning; every one comes back
as it was.

`TAU`, `-99; 999`, `1 = male; 2 = female`. A word with signs of its own stands in double quotes, nothing at
all is `null`, a list of one ends in `;`.
"""

from __future__ import annotations

import json
from typing import Any

from ipdma.errors import ReadError

SIGNS = set(';="\n\r\t')
NOTHING = "null"


def write_word(value: str | None) -> str:
    """A word; quoted where it could be taken for something else."""
    if value is None:
        return NOTHING
    plain = value == value.strip() and value not in ("", NOTHING) and value.isprintable()
    if plain and not SIGNS & set(value):
        return value
    return json.dumps(value)


def read_word(cell: str) -> str | None:
    """The word that `write_word` wrote, or that a person typed."""
    cell = cell.strip()
    if cell == NOTHING:
        return None
    if cell.startswith('"') and cell.endswith('"') and len(cell) > 1:
        try:
            return str(json.loads(cell, strict=False))
        except json.JSONDecodeError:
            return cell
    return cell


def write_list(values: list[str | None]) -> str:
    """Words parted by `; `; a single one keeps its `;`."""
    return "; ".join(map(write_word, values)) + (";" if len(values) == 1 else "")


def write_pairs(pairs: dict[str, str | None]) -> str:
    """Codes and meanings, as `1 = male; 2 = female`."""
    return "; ".join(f"{write_word(code)} = {write_word(meaning)}" for code, meaning in pairs.items())


def read_cell(cell: str, where: str) -> Any:
    """A word, a list or pairs, whichever the cell holds.

    Raises
    ------
    ReadError
        Where some parts have a `=` and others do not, or a code occurs twice.
    """
    parts = cut(cell, ";")
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
        listed = True
    else:
        listed = len(parts) > 1
    pairs = [cut(part, "=") for part in parts]
    if all(len(pair) == 1 for pair in pairs):
        words = [read_word(part) for part in parts]
        return words if listed else words[0]
    if not all(len(pair) == 2 for pair in pairs):
        raise ReadError(f"{where}: write a list as `a; b` or pairs as `1 = male; 2 = female`")
    codes = [read_word(code) or "" for code, _ in pairs]
    if len(set(codes)) < len(codes):
        raise ReadError(f"{where}: a code occurs twice")
    return {code: read_word(meaning) for code, (_, meaning) in zip(codes, pairs, strict=True)}


def cut(cell: str, sign: str) -> list[str]:
    """The parts between signs that stand outside double quotes."""
    parts, inside, escaped = [""], False, False
    for letter in cell:
        if letter == '"' and not escaped:
            inside = not inside
        escaped = letter == "\\" and inside and not escaped
        if letter == sign and not inside:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def is_word(value: Any) -> bool:
    """Whether a value is a single word or nothing."""
    return value is None or isinstance(value, str)


def is_list(value: Any) -> bool:
    """Whether a value is a list of words that a cell can hold."""
    return isinstance(value, list) and bool(value) and all(map(is_word, value))


def is_pairs(value: Any) -> bool:
    """Whether a value is a mapping of words that a cell can hold."""
    return isinstance(value, dict) and bool(value) and all(map(is_word, value.values()))


def write_cell(value: Any) -> str | None:
    """The cell of a value, None where a cell cannot hold it."""
    if is_word(value):
        return write_word(value)
    if is_list(value):
        return write_list(value)
    return write_pairs(value) if is_pairs(value) else None
