"""Text that a spreadsheet would run as a formula: written with an apostrophe before it, read back without."""

from __future__ import annotations

import re

# = + - @ at the start, as they stand or full-width; a spreadsheet reads past blanks and controls before them
ACTS = re.compile(r"[\s\x00-\x20]*[=+\-@＝＋－＠]")
# a number, alone or before an interval or unit in brackets or behind a blank, and a lone sign act on nothing
PLAIN = re.compile(
    r"\s*[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?%?"
    r"(?:\s*[(\[][^|!=]*|\s+to [^|!=]*)?\s*\Z"
)
SHIELDED = re.compile(r"'+[\s\x00-\x20]*[=+\-@＝＋－＠]")


def shield(text: str) -> str:
    """The text as a .csv may hold it."""
    if SHIELDED.match(text) or (ACTS.match(text) and not PLAIN.match(text)):
        return f"'{text}"
    return text


def unshield(text: str) -> str:
    """The text that `shield` was given."""
    return text[1:] if text[:1] == "'" and SHIELDED.match(text) else text
