"""What texts from outside may hold, and what is done to them where they are shown.

Three things harm: control characters (a terminal obeys them, a workbook breaks on them), signs that turn the
direction of writing (a line reads other than it is), and a beginning that a spreadsheet takes for a formula.
What a consortium writes (plan, registry, specs) is refused with its place; what a trial's file holds is shown
made harmless.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from hashlib import sha256
from html import escape

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FORMULA = re.compile(r"[=@]|[+-](?=[A-Za-z_=@(])")
STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
SCRIPT = re.compile("<script>(.*?)</script>", re.DOTALL)


def page_around(title: str, style: str, body: str, language: str = "en") -> str:
    """A page that needs nothing else and loads nothing.

    Parameters
    ----------
    title : str
        Plain text.
    style : str
        Its one style sheet.
    body : str
        Markup inside `<body>`.
    language : str
        Of its words.
    """
    inside = f"<style>{style}</style></head>\n<body>\n{body}</body></html>\n"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">\n{policy_for(inside)}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n{inside}'
    )


def policy_for(page: str) -> str:
    """The policy under which nothing runs and nothing gives a look but the scripts and style sheets that
    stand in the page, each by its digest."""
    rules = ["default-src 'none'", "img-src data:", "font-src data:"]
    for kind, pattern in (("style", STYLE), ("script", SCRIPT)):
        marks = [b64encode(sha256(text.encode()).digest()).decode() for text in pattern.findall(page)]
        if marks:
            rules.append(f"{kind}-src " + " ".join(f"'sha256-{mark}'" for mark in marks))
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">'


def why_harmful(text: str, formulas: bool = False) -> str:
    """What is wrong with a text, without the text; empty where nothing is.

    Parameters
    ----------
    text : str
    formulas : bool
        Whether it may stand alone in a cell of a table.
    """
    found = CONTROL.search(text) or TURNING.search(text)
    if found:
        turns = TURNING.match(found.group())
        kind = "a sign that turns the direction of writing" if turns else "a control character"
        return f"holds {kind} ({codepoint(found.group())}); type the text again without it"
    if formulas and FORMULA.match(text):
        return f"begins with {text[0]!r} as a formula of a spreadsheet does; begin with another letter"
    return ""


def codepoint(letter: str) -> str:
    """A letter by its number and name, as `U+001B`."""
    name = unicodedata.name(letter, "")
    return f"U+{ord(letter):04X}{' ' + name.lower() if name else ''}"


def for_terminal(text: str) -> str:
    """A text that a terminal only shows: what it would obey is written out as `\\x1b`."""
    return TURNING.sub(written_out, CONTROL.sub(written_out, text))


def written_out(found: re.Match[str]) -> str:
    """One letter as an escape."""
    number = ord(found.group())
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
