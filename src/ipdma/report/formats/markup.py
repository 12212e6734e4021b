"""A table as HTML, alone or inside the page."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from ipdma.harmless import page_around
from ipdma.report.table import Section, Table

LONG = 28  # letters from which a cell of text asks for more room than a word needs


def page_style() -> str:
    """The style sheet of the page and of the tables."""
    return files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")


def table_markup(table: Table, number: str = "") -> str:
    """A `<figure>` with caption, table and notes; the table scrolls by itself on a narrow screen."""
    head = "".join(f'<th scope="col" class="{c.align}">{escape(c.label)}</th>' for c in table.columns)
    body = "".join(row_markup(table, row) for row in table.rows)
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    label = f"<b>{escape(number)}</b> " if number else ""
    return (
        '<figure class="table" '
        f'id="table-{escape(table.name)}"><figcaption>{label}{escape(table.title)}</figcaption>'
        '<div class="scroll" tabindex="0" role="region" '
        f'aria-label="Table: {escape(table.title)}"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><div class="notes">{notes}</div></figure>\n'
    )


def row_markup(table: Table, row: tuple[str, ...] | Section) -> str:
    """One row; the first cell heads it."""
    if isinstance(row, Section):
        return (
            '<tr class="section"><th scope="rowgroup" '
            f'colspan="{len(table.columns)}">{escape(row.label)}</th></tr>\n'
        )
    align = table.columns[0].align
    head = (
        f'<th scope="row" class="{align}">{escape(row[0])}</th>' if row[0] else f'<td class="{align}"></td>'
    )
    cells = [head]
    cells += [
        f'<td class="{look_of(c.align, cell)}">{escape(cell)}</td>'
        for c, cell in zip(table.columns[1:], row[1:], strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>\n"


def look_of(align: str, cell: str) -> str:
    """A cell's classes: its alignment, and whether it holds a sentence."""
    return "left long" if align == "left" and len(cell) > LONG else align


def table_page(table: Table, style: str) -> bytes:
    """A page of its own for one table."""
    return page_around(table.title, style, f"<main>{table_markup(table)}</main>").encode()
