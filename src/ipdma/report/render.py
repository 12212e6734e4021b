"""From a run's records to all of its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.resources import files
from multiprocessing import get_all_start_methods, get_context

from ipdma.provenance import digest_text
from ipdma.report.claims import claims_csv, claims_json
from ipdma.report.drawn import INSIDE, Drawn, Files, key_of, key_of_tables
from ipdma.report.exhibit import Exhibit, render_exhibit
from ipdma.report.figures import list_exhibits
from ipdma.report.formats.document import table_document
from ipdma.report.formats.figure import FORMATS
from ipdma.report.formats.markup import table_page
from ipdma.report.formats.text import table_csv
from ipdma.report.formats.workbook import table_workbook
from ipdma.report.ledger import Ledger
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
        Processes that draw the figures; the files are the same for any number of them.
    attacked : callable, optional
        Given all that the report prints, says how many withheld numbers can be worked out of it, so that the
        pages warn of them; without it they warn of those of `material` alone.
    earlier : Drawn, optional
        Figures and tables of an earlier run, which are not made again; the files are the same without them.
    """
    earlier = Drawn({}) if earlier is None else earlier
    ledger = Ledger()
    tables = tabulate_all(material, ledger)
    exhibits = list_exhibits(material, ledger)
    yield from table_files(tables, earlier)
    drawn: dict[str, str] = {}
    pictures: dict[str, bytes] = {}
    printed = {e.name for e in printed_exhibits(material, exhibits)}
    drawings = draw_all(exhibits, formats_of(material), workers, earlier)
    for number, (exhibit, files_of_it) in enumerate(drawings, 1):
        if say is not None and (number % 10 == 0 or number == len(exhibits)):
            say(f"figures: {number} of {len(exhibits)}")
        for name, content in files_of_it:
            if name == INSIDE:
                drawn[exhibit.name] = content.decode("utf-8")
                continue
            if name.endswith(".png") and exhibit.name in printed:
                pictures[exhibit.name] = content
            yield name, content
    yield from texts_around(material, tables, exhibits, drawn, ledger, pictures, attacked)


def render_texts(
    material: Material, drawn: Mapping[str, str], tables: list[Table], ledger: Ledger
) -> Iterator[tuple[str, bytes]]:
    """As `render`, without drawing: every file but the figures, around drawings that are there already.

    `tables` are those of the material, and `ledger` holds their claims.
    """
    exhibits = list_exhibits(material, ledger)
    yield from table_files(tables, Drawn({}))
    known = {exhibit.name: drawn.get(exhibit.name, "") for exhibit in exhibits}
    yield from texts_around(material, tables, exhibits, known, ledger, {})


def texts_around(
    material: Material,
    tables: list[Table],
    exhibits: list[Exhibit],
    drawn: Mapping[str, str],
    ledger: Ledger,
    pictures: Mapping[str, bytes],
    attacked: Attacked | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Captions, the checklist, the manuscript with its pictures, the page, its warnings, the claims."""
    yield "captions.json", captions_json(exhibits, tables)
    page = build_page(material, tables, exhibits, drawn, ledger)
    names = [f"figures/{e.name}.svg" for e in exhibits] + [f"tables/{t.name}.html" for t in tables]
    artefacts = [*names, *material.folders]
    yield from checklist_files(artefacts, page_style(), material.stamp)
    yield "manuscript.docx", manuscript(material, tables, exhibits, check_items(artefacts), ledger, pictures)
    exposed = attacked(ledger) if attacked is not None else 0
    if exposed > material.exposed:  # every number is printed before what follows from them all is known
        material = replace(material, exposed=exposed)
        page = build_page(material, tables, exhibits, drawn, ledger)
    yield "report.html", page
    yield "audit.html", build_audit(material)
    yield "claims.csv", claims_csv(ledger)
    yield "claims.json", claims_json(ledger)


def formats_of(material: Material) -> dict[bool, list[str]]:
    """The formats of the main figures (True) and of the others, as the plan has them; SVG always."""
    asked = material.plan.get("figures") or {}
    return {main: [*asked.get(name, FORMATS), "svg"] for main, name in ((True, "main"), (False, "explorer"))}


def draw_all(
    exhibits: list[Exhibit], formats: dict[bool, list[str]], workers: int, earlier: Drawn | None = None
) -> Iterator[tuple[Exhibit, Files]]:
    """Each exhibit with its files, in order; drawn where it was not before."""
    earlier = Drawn({}) if earlier is None else earlier
    keys = {e.name: key_of(e, formats[e.main]) for e in exhibits}
    known = {e.name: earlier.files(keys[e.name]) for e in exhibits}
    made = draw_anew([e for e in exhibits if known[e.name] is None], formats, workers)
    for exhibit in exhibits:
        files_of_it = known.pop(exhibit.name)
        if files_of_it is None:
            files_of_it = next(made)
            earlier.add(keys[exhibit.name], files_of_it)
        yield exhibit, files_of_it


def draw_anew(exhibits: list[Exhibit], formats: dict[bool, list[str]], workers: int) -> Iterator[Files]:
    """The files of each exhibit, in order."""
    draw = partial(draw_one, formats=formats)
    if workers < 2 or len(exhibits) < 2 or "fork" not in get_all_start_methods():
        yield from map(draw, exhibits)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        yield from pool.map(draw, exhibits, chunksize=4)


def draw_one(exhibit: Exhibit, formats: dict[bool, list[str]]) -> Files:
    """The files of one exhibit."""
    return [
        (kind if kind == INSIDE else f"figures/{exhibit.name}.{kind}", content)
        for kind, content in render_exhibit(exhibit, formats[exhibit.main])
    ]


def table_files(tables: list[Table], earlier: Drawn) -> Iterator[tuple[str, bytes]]:
    """Every table in four formats, and all of them in one Word document; made where they were not before."""
    for table in tables:
        yield from earlier.files_or(key_of_tables([table]), partial(files_of_table, table))
    if tables:
        key = digest_text(f"together {key_of_tables(tables)}")  # a run may have one table
        yield from earlier.files_or(key, lambda: [("tables/all_tables.docx", table_document(tables))])


def files_of_table(table: Table) -> Files:
    """A table in four formats."""
    name = f"tables/{table.name}"
    return [
        (f"{name}.csv", table_csv(table)),
        (f"{name}.html", table_page(table, page_style())),
        (f"{name}.xlsx", table_workbook(table)),
        (f"{name}.docx", table_document(table)),
    ]


def page_style() -> str:
    """The style sheet of the page and of the tables."""
    return files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")


def captions_json(exhibits: list[Exhibit], tables: list[Table]) -> bytes:
    """Captions and texts for those who cannot see, by file name, for whoever shows the files elsewhere."""
    held = {f"figures/{e.name}": {"caption": e.caption, "alt": e.alt, "section": e.section} for e in exhibits}
    held |= {
        f"tables/{t.name}": {"caption": t.title, "alt": " ".join(t.notes), "section": "Tables"}
        for t in tables
    }
    return (json.dumps(held, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
