"""The integrity of every contributed trial, as pages and one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ipdma.codebook import Codebook
from ipdma.cohort import Upload
from ipdma.integrity import check_integrity, read_tables, tabulate_results
from ipdma.report.integrity_page import integrity_page, shareable_table
from ipdma.runs.files import csv_text


def examine_uploads(
    uploads: Sequence[Upload], codebook: Codebook, footer: str, say: Callable[[str], None]
) -> Iterator[tuple[str, str]]:
    """Yield name and text of `STUDY.html` for each trial, and of `results.csv`.

    Counts under five are not told, so that the pages may go back to the sites.
    """
    results = []
    for upload in uploads:
        study = str(upload.study["study"]["id"])
        tables = read_tables(study, upload.study, upload.participants, upload.assessments, codebook)
        own = check_integrity(tables)
        results.extend(own)
        asked = sum(result.outcome in ("query", "fail") for result in own)
        say(f"{study}: {len(own)} checks, {asked} questions to the site")
        yield f"{study}.html", integrity_page(study, tabulate_results(own), footer)
    yield "results.csv", csv_text(shareable_table(tabulate_results(results)))
