"""One column that holds the whole line: the file has another separator than was thought, and this names
it."""

from __future__ import annotations

from ipdma.errors import ReadError
from ipdma.site.table import Table

LINES = 60
MOST = 0.8
SIGNS = {
    ",": "a comma",
    ";": "a semicolon",
    "\t": "a tab",
    "|": "a pipe",
    "^": "a caret",
    ":": "a colon",
    "~": "a tilde",
    "#": "a hash",
    "&": "an ampersand",
    "!": "an exclamation mark",
    "/": "a slash",
}
WRITTEN = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe", "^": "caret", ":": "colon", " ": "space"}


def refuse_one_column(table: Table, text: str) -> None:
    """Raise a ReadError where the only column of a text file seems to be several."""
    if len(table.columns) != 1:
        return
    lines = [line for line in text.splitlines()[: LINES * 2] if line.strip()][:LINES]
    told = what_separates(lines)
    if told:
        raise ReadError(f"{table.file}: only one column was found, which holds the whole line; {told}")


def what_separates(lines: list[str]) -> str:
    """What stands between the columns of these lines and what to do, or an empty text."""
    if len(lines) < 2:
        return ""
    for sign, called in SIGNS.items():
        if agree([line.count(sign) for line in lines]):
            return f"{called} seems to separate the columns: write {option(sign)}, or save the file as CSV"
    words = [len(line.split()) for line in lines]
    if agree([n - 1 for n in words]):
        return f"a space seems to separate the columns: write {option(' ')}, or save the file as CSV"
    if (words[0] > 1 and sum(n > 1 for n in words) >= MOST * len(words)) or has_gaps(lines):
        return "the columns seem to stand at fixed places (fixed width); save the file as CSV (UTF-8)"
    return ""


def option(sign: str) -> str:
    """How study.yaml names this separator."""
    word = WRITTEN.get(sign, f'"{sign}"')
    return f"separator: {word} under `source` in study.yaml (scan: --separator {word})"


def agree(counts: list[int]) -> bool:
    """Whether nearly all lines hold as many signs as the first, and it holds one."""
    return counts[0] > 0 and sum(count == counts[0] for count in counts) >= MOST * len(counts)


def has_gaps(lines: list[str]) -> bool:
    """Whether nearly all lines hold two blanks or more between their words."""
    return sum("  " in line.strip() for line in lines) >= MOST * len(lines)
