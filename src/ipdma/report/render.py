"""From a run's records to all of its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from ipdma.report.claims import claims_csv, claims_json
from ipdma.report.drawn import INSIDE, Drawn
from ipdma.report.exhibit import Exhibit
from ipdma.report.figures import list_exhibits
from ipdma.report.formats.figure import FORMATS
from ipdma.report.formats.markup import page_style
from ipdma.report.ledger import Ledger
from ipdma.report.making import figure_work, made_of, making, table_works
from ipdma.report.manuscript import manuscript, printed_exhibits
from ipdma.report.material import Material
from ipdma.report.page import build_audit, build_page
from ipdma.report.prisma import check_items, checklist_files
from ipdma.report.table import Table
from ipdma.report.tables import tabulate_all

Say = Callable[[str], None]
Attacked = Callable[[Ledger], int]


def render(
    material: Material,
    say: Say | None = None,
    workers: int = 1,
    attacked: Attacked | None = None,
    earlier: Drawn | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield (path relative to the results folder, bytes) of every file of the report.

    Parameters
    ----------
    material : Material
    say : callable, optional
        Given a line of text now and then: how many figures are drawn.
    workers : int
        Processes that draw figures and write tables; the files are the same for any number of them.
    attacked : callable, optional
        Given all that the report prints, says how many withheld numbers can be worked out of it, so that the
        pages warn of them; without it they warn of those of `material` alone.
    earlier : Drawn, optional
        Figures and tables of an earlier run, which are not made again; the files are the same without them.
    """
    of_figures, ledger = Ledger(), Ledger()
    exhibits = list_exhibits(material, of_figures)
    formats = formats_of(material)
    figures = {exhibit.name: figure_work(exhibit, formats) for exhibit in exhibits}
    printed = [exhibit.name for exhibit in printed_exhibits(material, exhibits)]
    with making(workers, Drawn({}) if earlier is None else earlier) as made:
        made.begin([figures[name] for name in first_drawn(exhibits, printed)])
        tables = tabulate_all(material, ledger)
        ledger.claims |= of_figures.claims
        sheets = table_works(tables)
        made.begin([*sheets[-1:], *sheets[:-1]])

        def drawn() -> dict[str, str]:
            found = {}
            for number, (name, work) in enumerate(figures.items(), 1):
                found[name] = dict(made.files(work))[INSIDE].decode("utf-8")
                if say is not None and (number % 10 == 0 or number == len(figures)):
                    say(f"figures: {number} of {len(figures)}")
            return found

        def pictures() -> dict[str, bytes]:
            named = {name: dict(made.files(figures[name])) for name in printed}
            files = {name: held.get(f"figures/{name}.png") for name, held in named.items()}
            return {name: content for name, content in files.items() if content is not None}

        texts = list(texts_around(material, tables, exhibits, drawn, ledger, pictures, attacked))
        for work in (*sheets, *figures.values()):
            yield from ((name, content) for name, content in made.files(work) if name != INSIDE)
    yield from texts


def first_drawn(exhibits: list[Exhibit], printed: list[str]) -> list[str]:
    """Names of the figures in the order in which they are begun: those that the manuscript waits for, then
    those that take longest, which have more formats."""
    order = sorted(exhibits, key=lambda exhibit: (exhibit.name not in printed, not exhibit.main))
    return [exhibit.name for exhibit in order]


def render_texts(
    material: Material, drawn: Mapping[str, str], tables: list[Table], ledger: Ledger
) -> Iterator[tuple[str, bytes]]:
    """As `render`, without drawing: every file but the figures, around drawings that are there already.

    `tables` are those of the material, and `ledger` holds their claims.
    """
    exhibits = list_exhibits(material, ledger)
    for files in made_of(table_works(tables), 1, Drawn({})):
        yield from files
    known = {exhibit.name: drawn.get(exhibit.name, "") for exhibit in exhibits}
    yield from texts_around(material, tables, exhibits, lambda: known, ledger, dict)


def texts_around(
    material: Material,
    tables: list[Table],
    exhibits: list[Exhibit],
    drawn: Callable[[], Mapping[str, str]],
    ledger: Ledger,
    pictures: Callable[[], Mapping[str, bytes]],
    attacked: Attacked | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Captions, the checklist, the manuscript with its pictures, the page, its warnings, the claims.

    `drawn` and `pictures` are asked for as late as can be: the page is built once without its drawings, for
    the numbers that it prints, and what follows from them all is sought while others still draw.
    """
    yield "captions.json", captions_json(exhibits, tables)
    build_page(material, tables, exhibits, {exhibit.name: "" for exhibit in exhibits}, ledger)
    names = [f"figures/{e.name}.svg" for e in exhibits] + [f"tables/{t.name}.html" for t in tables]
    artefacts = [*names, *material.folders]
    yield from checklist_files(artefacts, page_style(), material.stamp)
    yield (
        "manuscript.docx",
        manuscript(material, tables, exhibits, check_items(artefacts), ledger, pictures()),
    )
    exposed = attacked(ledger) if attacked is not None else 0
    if exposed > material.exposed:
        material = replace(material, exposed=exposed)
    yield "report.html", build_page(material, tables, exhibits, drawn(), ledger)
    yield "audit.html", build_audit(material)
    yield "claims.csv", claims_csv(ledger)
    yield "claims.json", claims_json(ledger)


def formats_of(material: Material) -> dict[bool, list[str]]:
    """The formats of the main figures (True) and of the others, as the plan has them; SVG always."""
    asked = material.plan.get("figures") or {}
    return {main: [*asked.get(name, FORMATS), "svg"] for main, name in ((True, "main"), (False, "explorer"))}


def captions_json(exhibits: list[Exhibit], tables: list[Table]) -> bytes:
    """Captions and texts for those who cannot see, by file name, for whoever shows the files elsewhere."""
    held = {f"figures/{e.name}": {"caption": e.caption, "alt": e.alt, "section": e.section} for e in exhibits}
    held |= {
        f"tables/{t.name}": {"caption": t.title, "alt": " ".join(t.notes), "section": "Tables"}
        for t in tables
    }
    return (json.dumps(held, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
