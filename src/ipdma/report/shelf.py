"""Tables and figures as the page shows them: each once, numbered in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from ipdma.report.exhibit import Exhibit
from ipdma.report.formats.markup import table_markup
from ipdma.report.table import Table


@dataclass
class Shelf:
    """What a page can show.

    Attributes
    ----------
    tables, exhibits : sequence
    drawn : mapping of str to str
        The `<svg>` element of each exhibit.
    shown : dict of str to int
        Names of what was handed out, with its number.
    """

    tables: Sequence[Table]
    exhibits: Sequence[Exhibit]
    drawn: Mapping[str, str]
    shown: dict[str, int] = field(default_factory=dict)

    def figure(self, name: str) -> str:
        """The markup of a figure, or nothing where there is none or it stands elsewhere already."""
        found = next((e for e in self.exhibits if e.name == name), None)
        if found is None or f"figure-{name}" in self.shown:
            return ""
        return figure_markup(found, self.drawn[name], self.number("figure-", name))

    def table(self, name: str) -> str:
        """The markup of a table, or nothing where there is none or it stands elsewhere already."""
        found = next((t for t in self.tables if t.name == name), None)
        if found is None or f"table-{name}" in self.shown:
            return ""
        return table_markup(found, f"Table {self.number('table-', name)}.")

    def folded(self, kind: str, name: str, head: str) -> str:
        """A figure or table behind a heading, or nothing where it cannot be shown here."""
        markup = self.figure(name) if kind == "figure" else self.table(name)
        return f"<details><summary>{escape(head)}</summary>{markup}</details>\n" if markup else ""

    def number(self, kind: str, name: str) -> int:
        """Note that something is shown; how many of its kind are."""
        self.shown[kind + name] = 1 + sum(key.startswith(kind) for key in self.shown)
        return self.shown[kind + name]

    def link(self, kind: str, name: str, words: str) -> str:
        """A link to a figure or table of the page, or its words alone where it has none."""
        listed = self.exhibits if kind == "figure" else self.tables
        if not any(one.name == name for one in listed):
            return escape(words)
        return f'<a href="#{kind}-{escape(name)}">{escape(words)}</a>'

    def left(self, kind: str) -> list[str]:
        """Names of the figures or tables that nobody took yet."""
        listed = self.exhibits if kind == "figure" else self.tables
        return [one.name for one in listed if f"{kind}-{one.name}" not in self.shown]


def figure_markup(exhibit: Exhibit, svg: str, number: int) -> str:
    """A figure on a white sheet, in light and dark alike, with its caption and its text for those who
    cannot see it."""
    return (
        f'<figure class="plot" id="figure-{escape(exhibit.name)}"><div class="sheet" tabindex="0">'
        f'<div class="drawing" role="img" aria-label="{escape(exhibit.alt)}">{svg}</div></div>'
        f"<figcaption><b>Figure {number}.</b> {escape(exhibit.caption)}</figcaption></figure>\n"
    )
