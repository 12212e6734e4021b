"""The integrity of every contributed trial: a page for each, tables over all, and counts for the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from ipdma.analysis.digest_table import digest_table
from ipdma.analysis.kept import Kept
from ipdma.analysis.records import COUNT_COLUMNS, ESTIMATE_COLUMNS, NOTE_COLUMNS, STUDY_COLUMNS
from ipdma.bundle import Bundle
from ipdma.codebook import Codebook
from ipdma.cohort import Upload
from ipdma.integrity import (
    IntegrityResult,
    check_integrity,
    list_discrepancies,
    read_tables,
    tabulate_results,
)
from ipdma.integrity.finding import DOMAINS, OUTCOMES
from ipdma.provenance import digest_text
from ipdma.report.integrity_page import shareable_discrepancies, shareable_table
from ipdma.runs.files import csv_text
from ipdma.runs.integrity_pages import CHECKS, DISCREPANCIES, Ended, Look, integrity_pages

ASKING = ("query", "fail")
PART = "integrity"  # the analysis id of its counts


def examine_uploads(
    uploads: Sequence[Upload],
    codebook: Codebook,
    look: Look,
    say: Callable[[str], None],
    bundles: Sequence[Bundle] = (),
    kept: Kept | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file, as seen from the results folder.

    `integrity/STUDY.html` for each trial, `integrity/results.csv`, `integrity/disposition.csv`, and the
    records `private/parts/trials/integrity/*.csv`. Counts of fewer participants than `look.least` are not
    told, so that the pages may go back to the sites; those say whom to answer. Of a trial among `bundles`
    they tell what its bundle does: how many checks ended how. `kept` holds what an earlier run found.
    """
    kept = Kept({}) if kept is None else kept
    results, confirmed = [], {}
    ended: dict[str, Ended] = {}
    for upload in uploads:
        study = str(upload.study["study"]["id"])
        held = kept.get(key_of(upload), partial(checks_of, study, upload, codebook))
        own = [IntegrityResult(**one) for one in held]
        results.extend(own)
        confirmed[study] = upload.study.get("confirmed") or []
        say(f"{study}: {len(own)} checks, {sum(one.outcome in ASKING for one in own)} questions to the site")
        ended[study] = Counter((one.domain, one.outcome) for one in own)
    told = {b.study_id: {(int(domain), o): n for domain, o, n in b.integrity} for b in bundles}
    for study, counts in told.items():
        say(f"{study}: {sum(counts.values())} checks, made where its bundle was")
    table = tabulate_results(results)
    checks = csv_text(shareable_table(table, look.least))
    off = csv_text(shareable_discrepancies(list_discrepancies(table, confirmed), look.least))
    yield from integrity_pages(checks, off, told, look)
    yield CHECKS, checks
    yield DISCREPANCIES, off
    for name, part in records_of(table, ended | told).items():
        yield f"private/parts/trials/integrity/{name}.csv", csv_text(part)


def key_of(upload: Upload) -> str:
    """SHA-256 of all of a trial that its checks read."""
    tables = [digest_table(upload.participants), digest_table(upload.assessments)]
    return digest_text(json.dumps([upload.study, tables], default=str))


def checks_of(study: str, upload: Upload, codebook: Codebook) -> list[dict[str, Any]]:
    """The checks of one trial, as JSON has them."""
    tables = read_tables(study, upload.study, upload.participants, upload.assessments, codebook)
    return [asdict(one) for one in check_integrity(tables)]


def records_of(table: pd.DataFrame, ended: Mapping[str, Ended]) -> dict[str, pd.DataFrame]:
    """The record tables of this job: counts of checks, no estimate (docs/records.md)."""
    rows = [row for study, own in sorted(ended.items()) for row in check_rows(study, own)]
    for study, own in table.groupby("study", sort=True):
        printed = own[own["check"] == "published_numbers"]
        printed = printed[printed["outcome"] != "not checked"]
        off = int((printed["outcome"] != "passed").sum())
        rows.append((PART, "integrity_published", str(study), "", "", "", off, len(printed), None))
    empty = {"estimates": ESTIMATE_COLUMNS, "study_estimates": STUDY_COLUMNS, "notes": NOTE_COLUMNS}
    return {
        **{name: pd.DataFrame(columns=columns) for name, columns in empty.items()},
        "counts": pd.DataFrame(rows, columns=COUNT_COLUMNS),
    }


def check_rows(study: str, ended: Ended) -> Iterator[tuple[Any, ...]]:
    """How many checks of a trial ended how, over all domains and in each."""
    for domain in (0, *DOMAINS):
        own = {
            outcome: sum(n for (d, o), n in ended.items() if o == outcome and domain in (0, d))
            for outcome in OUTCOMES
        }
        total, name = sum(own.values()), DOMAINS.get(domain, "")
        for outcome, n in own.items() if total else ():
            yield PART, "integrity_checks", study, "", name, outcome, n, total, None
