"""Writes docs/findings/: one page per finding code, made from the message catalogue.

python tools/write_finding_pages.py [docs/findings]
"""

from __future__ import annotations

import sys
from pathlib import Path

from ipdma.site.catalogue import load_catalogue
from ipdma.site.findings import CODES, GRADES

HEAD = "<!-- made by tools/write_finding_pages.py from src/ipdma/site/messages/en.yaml -->\n"


def page(code: str, grade: str) -> str:
    """The page of one code."""
    words, entry = load_catalogue("en")["phrases"], load_catalogue("en")[code]
    message = entry["message"].replace("{{", "{").replace("}}", "}")
    remedy = entry["remedy"].replace("{{", "{").replace("}}", "}")
    parts = [
        f"{HEAD}# {code}: {entry['title']}",
        f"Grade: **{words[grade]}**. {GRADE_MEANS[grade]}",
        entry["page"],
        f"What it says: {message}",
        f"What to do: {remedy}",
    ]
    return "\n\n".join(parts) + "\n"


GRADE_MEANS = {
    "must_fix": "The upload is not ready while it stands, and it cannot be confirmed away.",
    "please_confirm": "It blocks nothing. Correct it, or enter it under `confirmed` in study.yaml.",
    "note": "Nothing has to be done.",
}


def pages() -> dict[str, str]:
    """Every page by its file name, and the list of all."""
    made = {f"{code}.md": page(code, grade) for code, grade in CODES.values()}
    lines = [f"{HEAD}# Findings", "Codes are stable; a page explains each."]
    for grade in GRADES:
        titles = [
            f"- [{code}]({code}.md) {load_catalogue('en')[code]['title']}"
            for code, own in sorted(CODES.values())
            if own == grade
        ]
        lines += [f"## {load_catalogue('en')['phrases'][grade].capitalize()}", "\n".join(titles)]
    return made | {"README.md": "\n\n".join(lines) + "\n"}


def write(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/findings"))
