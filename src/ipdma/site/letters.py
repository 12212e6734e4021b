"""Signs that cannot be seen, accents written in two ways, and letters that were read in the wrong
encoding."""

from __future__ import annotations

import re
import unicodedata

# zero-width and direction signs, byte-order marks, soft hyphens, other controls than white space
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x08\x0e-\x1b\x7f]"
)
# what two bytes of UTF-8 turn into when they are read as cp1252, Latin-1, cp437 or 850, or Mac Roman
WRONGLY_READ = re.compile(
    "[ÂÃÄÅÐÑ][\u0080-\u009f\u00a0-\u00bf€‚ƒ„…†‡ˆ‰‹Œ‘’“”•–—˜™›œŸ]|â€|ï»¿|ï¿½|[├┬][\u2500-\u25ff¡-¿\u00c0-\u00ff]|√[©®±ºª§ßµ∂¥∏ü†≠´¨≥]"
)


def tidy(text: str) -> str:
    """A name as people see it: no invisible signs, accents composed (NFC), single blanks."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(INVISIBLE.sub("", text).split())


def holds_invisible(text: str) -> bool:
    """Whether a text holds a sign that nobody sees."""
    return INVISIBLE.search(text) is not None


def is_wrongly_read(text: str) -> bool:
    """Whether a text looks like UTF-8 that was read in another encoding, as `MÃ¼ller`."""
    return not text.isascii() and WRONGLY_READ.search(text) is not None
