"""A bundle shown: as tables in a terminal, and as a page for an ethics board."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from ipdma.bundle.records import Bundle
from ipdma.harmless import page_around
from ipdma.report.bundle_words import Grid, Part, bundle_parts, warning

WIDEST = 60  # letters of a cell in a terminal
STYLE = """
.aloud { border: 3px solid var(--warnline); background: var(--warn); padding: .6em 1em; font-weight: bold; }
caption { text-align: left; font-weight: 600; padding: .3em 0; } th.left { text-align: left; }
"""
LEAD = (
    "This page shows the content of one file, the bundle of a trial. The file is what leaves the site "
    "in place of the participants' rows, for a meta-analysis whose plan was fixed before."
)


def bundle_text_report(bundle: Bundle) -> Iterator[str]:
    """Every part of a bundle in lines for a terminal."""
    yield f"Trial {bundle.study_id}"
    if aloud := warning(bundle):
        yield f"*** {aloud}"
    for part in bundle_parts(bundle):
        yield ""
        yield part.title.upper()
        yield from part.sentences
        for grid in (*part.grids, *part.folded):
            yield ""
            yield from grid_lines(grid)


def grid_lines(grid: Grid) -> Iterator[str]:
    """A table in lines, its columns as wide as their longest cell."""
    rows = [tuple(shortened(cell) for cell in row) for row in (grid.head, *grid.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(grid.head))]
    yield grid.caption
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def shortened(cell: str) -> str:
    """A cell that a terminal can hold."""
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 3] + "..."


def bundle_page(bundle: Bundle) -> str:
    """The page for an ethics board."""
    title = f"What leaves of trial {bundle.study_id}"
    style = files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")
    aloud = f'<p class="aloud" role="alert">{escape(warning(bundle))}</p>' if warning(bundle) else ""
    parts = "".join(part_markup(part) for part in bundle_parts(bundle))
    body = f"<main><h1>{escape(title)}</h1>{aloud}<p>{escape(LEAD)}</p>\n{parts}</main>"
    return page_around(title, style + STYLE, body)


def part_markup(part: Part) -> str:
    """A section; its long tables folded."""
    sentences = "".join(f"<li>{escape(text)}</li>" for text in part.sentences)
    listed = (
        f"<ul>{sentences}</ul>" if len(part.sentences) > 1 else f"<p>{escape(''.join(part.sentences))}</p>"
    )
    inside = (listed if part.sentences else "") + "".join(map(grid_markup, part.grids))
    if part.folded:
        many = "Show all" if len(part.folded) > 1 else "Show"
        folded = "".join(map(grid_markup, part.folded))
        inside += (
            f"<details><summary>{many}: {escape(part.folded[0].caption)} ...</summary>{folded}</details>"
        )
    return f"<section><h2>{escape(part.title)}</h2>\n{inside}</section>\n"


def grid_markup(grid: Grid) -> str:
    """A table that scrolls by itself."""
    head = "".join(f'<th scope="col" class="left">{escape(cell)}</th>' for cell in grid.head)
    rows = "".join(
        f'<tr><th scope="row" class="left">{escape(row[0])}</th>'
        + "".join(f'<td class="left">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in grid.rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><caption>{escape(grid.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>\n"
    )
