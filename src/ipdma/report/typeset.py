"""Statistical letters in italics, as APA asks."""

from __future__ import annotations

import re
from html import escape

LETTERS = re.compile(r"(?<![\w=])(p|t|F|z|d|B|N|n|k|K)(?=\s?[=<>]|\()")


def italics(text: str) -> str:
    """A sentence as HTML."""
    plain = escape(text, quote=False).replace("&lt;", "<").replace("&gt;", ">")
    marked = LETTERS.sub("\x02\\1\x03", plain)
    marked = marked.replace("<", "&lt;").replace(">", "&gt;")
    return marked.replace("\x02", "<i>").replace("\x03", "</i>")
