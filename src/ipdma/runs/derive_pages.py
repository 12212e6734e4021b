"""Whether the trials' own pages can be derived from what is shared beside them: integrity pages from the
tables of checks, validation pages from the reports as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ipdma.errors import IpdmaError
from ipdma.integrity.finding import DOMAINS
from ipdma.io import read_text
from ipdma.report.material import Material
from ipdma.report.records import distinct, select
from ipdma.runs.integrity_pages import CHECKS, DISCREPANCIES, Ended, Look, integrity_pages
from ipdma.runs.underived import differs
from ipdma.site.reports import draw_report

NUMBERS = {name: number for number, name in DOMAINS.items()}
NO_REPORT = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


def underived_pages(folder: Path, material: Material) -> Iterator[str]:
    """One sentence for each such page that says something else, and for what no page can be made from.

    The validation page of a trial that came as a bundle is made from that bundle alone, and not looked at.
    """
    for path in sorted((folder / "validation").glob("*.json")):
        yield from underived_report(folder, path)
    if (folder / CHECKS).is_file() and (folder / DISCREPANCIES).is_file():
        yield from underived_integrity(folder, material)


def underived_report(folder: Path, path: Path) -> Iterator[str]:
    """A validation page that is not drawn from the report beside it."""
    try:
        page = draw_report(json.loads(read_text(path)))
    except (IpdmaError, *NO_REPORT):
        yield f"validation/{path.name}: not derivable from the records; it is no report as a run writes it"
        return
    yield from differs(folder, f"validation/{path.stem}.html", page.encode())


def underived_integrity(folder: Path, material: Material) -> Iterator[str]:
    """Integrity pages that are not drawn from the tables of checks."""
    plan = material.plan
    look = Look(material.registry, material.stamp, int(plan["minimum_cell"]), str(plan["contact"] or ""))
    checks, listed = read_text(folder / CHECKS), read_text(folder / DISCREPANCIES)
    try:
        pages = dict(integrity_pages(checks, listed, ended_in_bundles(material, checks), look))
    except IpdmaError as error:
        yield f"not derivable from the records; {error}"
        return
    for name, page in pages.items():
        yield from differs(folder, name, page.encode())


def ended_in_bundles(material: Material, checks: str) -> dict[str, Ended]:
    """Of the trials without a check in the table, how many ended how by domain, as the counts say."""
    rows = [r for r in select(material.records.counts, what="integrity_checks") if r.text("variable")]
    told = {line.partition(",")[0] for line in checks.splitlines()}
    return {
        study: {
            (NUMBERS[r.text("variable")], r.text("level")): int(r.number("n") or 0)
            for r in select(rows, study=study)
            if r.text("variable") in NUMBERS
        }
        for study in distinct(rows, "study")
        if study not in told
    }
