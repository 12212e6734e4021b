"""Files made side by side in processes of their own, while the one that asks for them does something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from ipdma.provenance import digest_text
from ipdma.report.drawn import INSIDE, Drawn, Files, key_of, key_of_tables
from ipdma.report.exhibit import Exhibit, render_exhibit
from ipdma.report.fonts import provide_fonts
from ipdma.report.formats.document import table_document
from ipdma.report.formats.markup import page_style, table_page
from ipdma.report.formats.text import table_csv
from ipdma.report.formats.workbook import table_workbook
from ipdma.report.table import Table
from ipdma.workers import can_split, workers


@dataclass(frozen=True)
class Work:
    """Files that are made of one content, and its digest."""

    key: str
    make: Callable[[], Files]


@dataclass
class Making:
    """What is made, and what an earlier run made.

    Attributes
    ----------
    earlier : Drawn
        Gets what is made.
    workers : int
        With one process, or where processes cannot be split, each piece is made when it is asked for; the
        files are the same.
    found : dict of str to list
        Files that are there, by key.
    begun : dict of str to Future
        Files that a process makes, by key.
    pool : ProcessPoolExecutor or None
        None until something is to be made.
    """

    earlier: Drawn
    workers: int = 1
    found: dict[str, Files] = field(default_factory=dict)
    begun: dict[str, Future[Files]] = field(default_factory=dict)
    pool: ProcessPoolExecutor | None = None

    def begin(self, works: Sequence[Work]) -> None:
        """Begin all that an earlier run did not make, in this order."""
        known = {work.key: self.earlier.files(work.key) for work in works}
        self.found |= {key: files for key, files in known.items() if files is not None}
        left = {work.key: work for work in works if work.key not in self.found}
        if not left or not can_split(self.workers):
            return
        if self.pool is None:
            provide_fonts()  # once, before the processes part
            self.pool = workers(self.workers)
        self.begun |= {key: self.pool.submit(work.make) for key, work in left.items()}

    def files(self, work: Work) -> Files:
        """The files of a piece of work, when they are made."""
        if work.key not in self.found:
            files = self.begun[work.key].result() if work.key in self.begun else work.make()
            self.earlier.add(work.key, files)
            self.found[work.key] = files
        return self.found[work.key]


@contextmanager
def making(workers: int, earlier: Drawn) -> Iterator[Making]:
    """Where works are begun in so many processes, which end with it."""
    made = Making(earlier, workers)
    try:
        yield made
    finally:
        if made.pool is not None:
            made.pool.shutdown(cancel_futures=True)


def made_of(works: Sequence[Work], workers: int, earlier: Drawn) -> Iterator[Files]:
    """The files of each piece of work, in order."""
    with making(workers, earlier) as made:
        made.begin(works)
        yield from map(made.files, works)


def figure_work(exhibit: Exhibit, formats: dict[bool, list[str]]) -> Work:
    """A figure in its formats, and its drawing for the page."""
    own = formats[exhibit.main]
    return Work(key_of(exhibit, own), partial(draw_one, exhibit, own))


def draw_one(exhibit: Exhibit, formats: list[str]) -> Files:
    """The files of one exhibit."""
    return [
        (kind if kind == INSIDE else f"figures/{exhibit.name}.{kind}", content)
        for kind, content in render_exhibit(exhibit, formats)
    ]


def table_works(tables: Sequence[Table]) -> list[Work]:
    """Every table in four formats; then all of them in one Word document."""
    works = [Work(key_of_tables([table]), partial(files_of_table, table)) for table in tables]
    if tables:
        key = digest_text(f"together {key_of_tables(tables)}")  # a run may have one table
        works.append(Work(key, partial(files_of_all, list(tables))))
    return works


def files_of_table(table: Table) -> Files:
    """A table in four formats."""
    name = f"tables/{table.name}"
    return [
        (f"{name}.csv", table_csv(table)),
        (f"{name}.html", table_page(table, page_style())),
        (f"{name}.xlsx", table_workbook(table)),
        (f"{name}.docx", table_document(table)),
    ]


def files_of_all(tables: list[Table]) -> Files:
    """All tables in one document."""
    return [("tables/all_tables.docx", table_document(tables))]
