"""Numbers of few people on the trials' pages, read from the tables and reports that those are drawn from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ipdma.disclosure.exposure import Exposure
from ipdma.errors import ReadError
from ipdma.io import read_text, read_text_table
from ipdma.privacy.few import is_few
from ipdma.report.integrity_page import TOLD
from ipdma.runs.integrity_pages import CHECKS, COLUMNS, read_checks

ATTRIBUTES = {  # checks that count, among all participants, those who have some attributes
    "chronic_against_duration",
    "dropouts_with_scores",
    "episode_longer_than_life",
    "onset_after_age",
    "outliers",
    "repeated_participants",
}
COUNT = re.compile(r"[0-9]{1,15}")
MEAN = re.compile(r"([0-9]{1,15}): ")  # of a cell of what was received
UNTOLD = "validation pages were not looked at: an earlier version made them, without their numbers as data"


def pages_read(folder: Path) -> list[Path]:
    """The files that tell what the pages show."""
    return [folder / CHECKS, *sorted((folder / "validation").glob("*.json"))]


def few_in_pages(folder: Path, minimum: int) -> Iterator[Exposure]:
    """Each number of few people (1 to `minimum` - 1) that an integrity or a validation page gives away."""
    if (folder / CHECKS).is_file():
        sizes = read_sizes(folder / "counts.csv")
        checks = read_checks(read_text(folder / CHECKS), CHECKS, COLUMNS)
        for row in checks.to_dict("records"):
            yield from few_in_check(row, sizes.get(row["study"], 0), minimum)
    for path in pages_read(folder)[1:]:
        yield from few_in_report(f"validation/{path.name}", read_text(path), minimum)


def untold_pages(folder: Path) -> list[str]:
    """A note where there are validation pages whose numbers cannot be read."""
    place = folder / "validation"
    return [UNTOLD] if any(place.glob("*.html")) and not any(place.glob("*.json")) else []


def read_sizes(path: Path) -> dict[str, int]:
    """Participants of each trial."""
    counts = read_text_table(path)
    own = counts[(counts["analysis_id"] == "cohort") & (counts["what"] == "participants")]
    sizes = {row["study"]: read_count(row["n"]) for row in own[own["arm"] == ""].to_dict("records")}
    return {study: n for study, n in sizes.items() if n is not None}


def read_count(cell: str) -> int | None:
    """The number of a cell, None of one that is withheld or damaged."""
    return int(cell) if COUNT.fullmatch(cell) else None


def few_in_check(row: Mapping[Any, str], size: int, minimum: int) -> Iterator[Exposure]:
    """Of one check: how many it concerns, how many it does not, and how many lack what it looks at."""
    if row["check"] in TOLD or row["check"] == "runs":
        return
    n, of = (read_count(row[name]) for name in ("n", "of"))
    left = {"concerned": n, "not concerned": None if None in (n, of) else (of or 0) - (n or 0)}
    if row["check"] in ATTRIBUTES and of is not None and size:
        left["without what it looks at"] = size - of
    what = f"{row['check']} ({row['subject']})"
    for level, count in left.items():
        if count is not None and is_few(count, minimum):
            yield Exposure("integrity", row["study"], "", what, level, count, count, (CHECKS,))


def few_in_report(name: str, text: str, minimum: int) -> Iterator[Exposure]:
    """Of one report on a trial's file: people and rows of each finding, the others, rows left out, and means
    of scores. How many people an arm has, and how many of them a score, is published as it is.

    Raises
    ------
    ReadError
        Where it is no report.
    """
    try:
        told = json.loads(text)
        found = [
            (f"{f['code']} {f['variable'] or ''}".strip(), f["count"], f["of"]) for f in told["findings"]
        ]
        found.append(("rows left out", told["rows"]["excluded"], told["rows"]["read"]))
        study = str(told["study"])
        means = list(received_means(told.get("received") or {"scores": []}))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise ReadError(f"{name}: expected a report on a trial's file as a run writes it") from None
    for what, *pair in found:
        count, of = (n if isinstance(n, int) else None for n in pair)
        rest = None if count is None or of is None else of - count
        for level, left in (("concerned", count), ("not concerned", rest)):
            if left is not None and is_few(left, minimum):
                yield Exposure("validation", study, "", what, level, left, left, (name,))
    for what, n in means:
        if is_few(n, minimum):
            yield Exposure("validation", study, "", what, "mean and SD", n, n, (name,))


def received_means(received: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The scale and time of each mean that a report tells back, and of how many people it is."""
    for label, when, *cells in received["scores"]:
        for found in filter(None, map(MEAN.match, cells)):
            yield f"{label}, {when}", int(found[1])
