"""The codebook as one self-contained page, and as Markdown for the documentation."""

from __future__ import annotations

from html import escape

from ipdma.codebook.exports.rows import Sheet, codebook_sheets
from ipdma.codebook.load import Codebook
from ipdma.harmless import page_around

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem;
color: #1c2430; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem }
nav a { display: inline-block; margin: 0 1rem .3rem 0 }
table { border-collapse: collapse; font-size: .86rem; min-width: 100% }
th, td { border-bottom: 1px solid #d7dce3; padding: .25rem .5rem; text-align: left; vertical-align: top }
th { border-bottom: 2px solid #1c2430; background: #fff }
td:first-child { font-family: ui-monospace, monospace; white-space: nowrap }
td.long { min-width: 17rem }
.scroll { overflow-x: auto }
"""
LONG_CELL = 40


def html_files(codebook: Codebook) -> dict[str, str]:
    """The page."""
    sheets = codebook_sheets(codebook)
    links = " ".join(f'<a href="#{sheet.title}">{sheet.title}</a>' for sheet in sheets)
    body = "\n".join(map(html_table, sheets))
    lead = (
        f"<h1>Codebook</h1>\n<p>{len(codebook.variables)} variables, "
        f"{len(codebook.instruments)} instruments. Digest {codebook.digest[:16]}.</p>\n"
    )
    return {"codebook.html": page_around("Codebook", STYLE, f"{lead}<nav>{links}</nav>\n{body}\n")}


def html_table(sheet: Sheet) -> str:
    """One table with its heading."""
    head = "".join(f"<th>{escape(name)}</th>" for name in sheet.header)
    rows = "\n".join("<tr>" + "".join(map(html_cell, row)) + "</tr>" for row in sheet.rows)
    about = f"<p>{escape(sheet.about)}</p>" if sheet.about else ""
    return (
        f'<h2 id="{sheet.title}">{escape(sheet.title.capitalize())}</h2>{about}\n'
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'
    )


def html_cell(text: str) -> str:
    """One cell; a sentence gets room enough not to become a tower of words."""
    return f"<td{' class=long' if len(text) > LONG_CELL else ''}>{escape(text)}</td>"


def markdown_page(codebook: Codebook) -> str:
    """The instruments as a Markdown page: the documentation's `instruments.md`."""
    wanted = ("instruments", "scorings", "bands", "sources", "crosswalks")
    parts = [markdown_table(sheet) for sheet in codebook_sheets(codebook) if sheet.title in wanted]
    return "\n\n".join(["# Instruments", GENERATED, *parts]) + "\n"


GENERATED = (
    "Written by `ipdma codebook --format markdown` from `src/ipdma/codebook/`; change the YAML there, not "
    "this page. A number that is not marked as looked up stands as the field uses it and awaits a second "
    "pair of eyes."
)


def markdown_table(sheet: Sheet) -> str:
    """One table with its heading."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    head = [f"## {sheet.title.capitalize()}", "", *([sheet.about, ""] if sheet.about else [])]
    return "\n".join([*head, line(sheet.header), "|" + " --- |" * len(sheet.header), *map(line, sheet.rows)])
