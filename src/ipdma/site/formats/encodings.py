"""The encoding of a text: byte-order marks, UTF-16 without one, UTF-8, at last cp1252, decided for the whole
file; bytes that do not fit it are settled cell by cell."""

from __future__ import annotations

import codecs
import re

from ipdma.errors import ReadError
from ipdma.site.letters import is_wrongly_read

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
STRAY = re.compile("[\udc80-\udcff]")
NOT_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


def decode(data: bytes, declared: str | None, name: str) -> str:
    """The text of a file: as declared; else a byte-order mark, UTF-16 without one, UTF-8, at last cp1252.

    A file that is UTF-8 but for some bytes stays UTF-8: those bytes come as surrogates (PEP 383), for
    `settle`.

    Raises
    ------
    ReadError
        The declared encoding is not known, or the file holds zero bytes.
    """
    if declared:
        try:
            codecs.lookup(declared)
            return data.decode(declared, errors="replace").lstrip("\ufeff")
        except (LookupError, UnicodeError, ValueError):
            raise ReadError(
                f"{name}: `encoding: {' '.join(declared.split())[:40]!r}` is not known; "
                "use utf-8, cp1252, utf-16 or auto"
            ) from None
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors=escaped(encoding)).lstrip("\ufeff")
    wide = wide_encoding(data)
    if wide is not None:
        return data.decode(wide, errors="replace")
    if b"\0" in data:
        raise ReadError(f"{name}: this is not a text file (it holds zero bytes); save it as CSV (UTF-8)")
    text = data.decode("utf-8", errors="surrogateescape")
    if STRAY.search(text) and not NOT_ASCII.search(text):
        return data.decode("cp1252", errors="replace")
    return text


def escaped(encoding: str) -> str:
    """How bytes that do not fit are kept for later, where the encoding allows it."""
    return "surrogateescape" if encoding.startswith("utf-8") else "replace"


def settle(cell: str) -> str:
    """A cell of a file in UTF-8 with bytes that are none: as cp1252 where that gives letters, else with
    replacement signs."""
    if cell.isascii() or not STRAY.search(cell):
        return cell
    data = cell.encode("utf-8", errors="surrogateescape")
    whole = data.decode("cp1252", errors="replace") if not NOT_ASCII.search(cell) else "\ufffd"
    sound = all(letter.isalpha() for letter in whole if not letter.isascii())
    # a lone first byte of two is a letter cut in half more often than an Ã
    if sound and not is_wrongly_read(whole) and not set(whole) & {"Ã", "Â"}:
        return whole
    return data.decode("utf-8", errors="replace")


def wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the beginning is zero."""
    start = data[:400]
    odd, even = start[1::2], start[0::2]
    if len(odd) < 4:
        return None
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None
