"""The integrity pages of the trials, drawn from the two tables of checks that a run shares and from nothing
else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

import pandas as pd

from ipdma.errors import ReadError
from ipdma.integrity.finding import DOMAINS
from ipdma.io import text_table
from ipdma.report.integrity_page import bundle_integrity_page, integrity_page

CHECKS, DISCREPANCIES = "integrity/results.csv", "integrity/disposition.csv"
COLUMNS = ("study", "check", "domain", "outcome", "subject", "n", "of", "text")
NUMBERED = [str(domain) for domain in DOMAINS]
Ended = Mapping[tuple[int, str], int]  # checks by domain and outcome


@dataclass(frozen=True)
class Look:
    """What every page has beside its checks.

    Attributes
    ----------
    registry : DataFrame or None
        Whose judgements of a trial are told.
    stamp : str
        A line at its head, or nothing.
    least : int
        The plan's `minimum_cell`: counts of fewer participants are not told.
    contact : str
        Whom a site answers, or nothing.
    """

    registry: pd.DataFrame | None
    stamp: str
    least: int
    contact: str = ""


def integrity_pages(
    checks: str, discrepancies: str, bundles: Mapping[str, Ended], look: Look
) -> Iterator[tuple[str, str]]:
    """Yield name and text of each page.

    Parameters
    ----------
    checks, discrepancies : str
        The text of `CHECKS` and `DISCREPANCIES`.
    bundles : mapping of str to mapping
        How many checks of a trial that came as a bundle ended how.
    look : Look

    Raises
    ------
    ReadError
        Where a text is no such table.
    """
    results = read_checks(checks, CHECKS, COLUMNS)
    listed = read_checks(discrepancies, DISCREPANCIES, ("study",))
    results["domain"] = results["domain"].astype(int)
    for study, own in results.groupby("study", sort=False):
        judged = judgements_of(look.registry, str(study))
        off = listed[listed["study"] == study]
        page = integrity_page(str(study), own, off, judged, look.stamp, look.least, look.contact)
        yield f"integrity/{study}.html", page
    for study, ended in bundles.items():
        judged = judgements_of(look.registry, study)
        yield f"integrity/{study}.html", bundle_integrity_page(study, ended, judged, look.stamp, look.contact)


def read_checks(text: str, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """A table of checks whose columns are there and whose domains are numbers. Raises ReadError otherwise."""
    table = text_table(StringIO(text), name)
    whole = set(columns) <= set(table) and ("domain" not in table or table["domain"].isin(NUMBERED).all())
    if not whole:
        raise ReadError(f"{name}: expected a table of checks with the columns {', '.join(columns)}")
    return table


def judgements_of(registry: pd.DataFrame | None, study: str) -> dict[str, str]:
    """The registry's row of a trial as text; empty where it has none."""
    if registry is None:
        return {}
    rows = registry[registry["study"].astype(str) == study].to_dict("records")
    return {str(k): "" if pd.isna(v) else str(v) for k, v in rows[0].items()} if rows else {}
