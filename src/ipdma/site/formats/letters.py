"""Letters of SPSS and Stata files: the declared encoding, else UTF-8, else cp1252; never a whole file for
one bad byte."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from ipdma.errors import ReadError

FALLBACK = "cp1252"
LOST = "\ufffd"
# single letters of these encodings are at most a few bytes, and ASCII stands for itself
KNOWN = re.compile(
    r"utf-8(-sig)?|ascii|cp\d+|iso8859-\d+|koi8-[rut]|mac-\w+|shift_jis\w*|euc_\w+|gb2312|gbk|gb18030|big5\w*"
    r"|johab|tis-620|hp-roman8"
)
CODE_PAGES = {
    65001: "utf-8",
    20127: "ascii",
    51932: "euc_jp",
    51949: "euc_kr",
    54936: "gb18030",
    20866: "koi8-r",
}


def find_codec(declared: str) -> str | None:
    """Python's name of an encoding that a file or a person names, None where it knows none."""
    text = declared.strip().split(":")[0].replace("windows-", "cp").replace("WINDOWS-", "cp")
    try:
        name = codecs.lookup(text).name if text.isascii() and text.isprintable() else ""
    except LookupError:
        return None
    return name if KNOWN.fullmatch(name) else None


def code_page(number: int) -> str | None:
    """Python's name of the encoding behind a Windows code page, None where it says nothing."""
    if number in CODE_PAGES:
        return CODE_PAGES[number]
    if 28591 <= number <= 28606:
        return find_codec(f"iso8859-{number - 28590}")
    return find_codec(f"cp{number}") if number > 4 else None


def wanted_codec(wanted: str | None, name: str) -> str | None:
    """The encoding that study.yaml asks for.

    Raises
    ------
    ReadError
        Where there is none of this name.
    """
    if not wanted:
        return None
    found = find_codec(wanted)
    if found is None:
        raise ReadError(f"{name}: `encoding: {wanted}` is not known; use utf-8, cp1252 or auto")
    return found


class Letters:
    """Turns bytes of one file into text.

    Parameters
    ----------
    declared : str or None
        Python's name of the encoding; None decides between UTF-8 and cp1252 by all texts of the file.
    """

    def __init__(self, declared: str | None) -> None:
        self.declared = declared
        self.encoding = declared or "utf-8"

    def decide(self, texts: Iterable[bytes]) -> None:
        """Where nothing is declared: cp1252 once more texts fail as UTF-8 than pass."""
        if self.declared:
            return
        good = bad = 0
        for raw in set(texts):
            if not raw.isascii():
                fits = is_utf8(raw)
                good, bad = good + fits, bad + (not fits)
        self.encoding = FALLBACK if bad > good else "utf-8"

    def text(self, raw: bytes) -> str:
        """The text; letters that cannot be read become the replacement sign."""
        if raw.isascii():
            return raw.decode("ascii")
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            # a text of another encoding in a file that declares none; one with letters of both is damaged
            mixed = self.declared is None and raw.decode(self.encoding, "ignore").isascii()
            return raw.decode(FALLBACK if mixed else self.encoding, "replace")


def is_utf8(raw: bytes) -> bool:
    """Whether these bytes are valid UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
