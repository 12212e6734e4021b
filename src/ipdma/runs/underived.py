"""A file of a run held against the text that it should have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

FONT = re.compile(r"@font-face\{[^}]*\}")
XML_TEXT = re.compile(r"<(?:\w+:)?t(?: [^>]*)?>([^<]*)</(?:\w+:)?t>|<v>([^<]*)</v>")
AROUND = 24  # letters shown on each side of a difference
PACKED = (".docx", ".xlsx")


def differs(folder: Path, name: str, expected: bytes) -> Iterator[str]:
    """A sentence where a file's text is not the expected one; that it is missing, the manifest tells."""
    path = folder / name
    if not path.is_file() or path.read_bytes() == expected:
        return
    found, wanted = text_of(name, path.read_bytes()), text_of(name, expected)
    if found is None:
        yield f"{name}: not derivable from the records; it cannot be read"
    elif found != wanted:
        here, there = first_difference(found, wanted or "")
        yield f"{name}: not derivable from the records; it says {here!r}, they give {there!r}"


def text_of(name: str, content: bytes) -> str | None:
    """What a reader sees of a file as one text; None where it cannot be opened."""
    if not name.endswith(PACKED):
        return FONT.sub("", content.decode("utf-8", errors="replace"))
    try:
        with ZipFile(BytesIO(content)) as packed:
            parts = [n for n in packed.namelist() if n.endswith(".xml") and not n.startswith("docProps")]
            texts = [packed.read(part).decode("utf-8", errors="replace") for part in sorted(parts)]
    except (BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError):
        return None
    except Exception as error:
        if type(error).__module__ == "zlib":
            return None
        raise
    return "\n".join(unescape(a or b) for text in texts for a, b in XML_TEXT.findall(text))


def first_difference(found: str, wanted: str) -> tuple[str, str]:
    """The first place in which two texts differ, with some letters around it."""
    ends = min(len(found), len(wanted))
    at = next((i for i in range(ends) if found[i] != wanted[i]), ends)
    begin = max(0, at - AROUND)
    return found[begin : at + AROUND], wanted[begin : at + AROUND]
