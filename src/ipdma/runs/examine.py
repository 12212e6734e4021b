"""The integrity of every contributed trial: a page for each, tables over all, and counts for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ipdma.analysis.records import COUNT_COLUMNS, ESTIMATE_COLUMNS, NOTE_COLUMNS, STUDY_COLUMNS
from ipdma.bundle import Bundle
from ipdma.codebook import Codebook
from ipdma.cohort import Upload
from ipdma.integrity import check_integrity, list_discrepancies, read_tables, tabulate_results
from ipdma.integrity.finding import DOMAINS, OUTCOMES
from ipdma.report.integrity_page import (
    bundle_integrity_page,
    integrity_page,
    shareable_discrepancies,
    shareable_table,
)
from ipdma.runs.files import csv_text

Ended = Mapping[tuple[int, str], int]  # checks by domain and outcome
PART = "integrity"  # the analysis id of its counts


def examine_uploads(
    uploads: Sequence[Upload],
    codebook: Codebook,
    registry: pd.DataFrame | None,
    stamp: str,
    least: int,
    say: Callable[[str], None],
    contact: str = "",
    bundles: Sequence[Bundle] = (),
) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file, as seen from the results folder.

    `integrity/STUDY.html` for each trial, `integrity/results.csv`, `integrity/disposition.csv`, and the
    records `private/parts/trials/integrity/*.csv`. Counts of fewer participants than `least` (the plan's
    `minimum_cell`) are not told, so that the pages may go back to the sites; those say whom to answer
    (`contact`). Of a trial among `bundles` they tell what its bundle does: how many checks ended how. `stamp`
    stands at the foot of every page.
    """
    results, confirmed = [], {}
    ended: dict[str, Ended] = {}
    for upload in uploads:
        study = str(upload.study["study"]["id"])
        tables = read_tables(study, upload.study, upload.participants, upload.assessments, codebook)
        own = check_integrity(tables)
        results.extend(own)
        confirmed[study] = upload.study.get("confirmed") or []
        found = tabulate_results(own)
        asked = int(found["outcome"].isin(["query", "fail"]).sum())
        say(f"{study}: {len(own)} checks, {asked} questions to the site")
        judged = judgements_of(registry, study)
        yield (
            f"integrity/{study}.html",
            integrity_page(study, found, list_discrepancies(found, confirmed), judged, stamp, least, contact),
        )
        ended[study] = Counter((one.domain, one.outcome) for one in own)
    for bundle in bundles:
        ended[bundle.study_id] = {(int(domain), outcome): n for domain, outcome, n in bundle.integrity}
        say(f"{bundle.study_id}: {sum(ended[bundle.study_id].values())} checks, made where its bundle was")
        judged = judgements_of(registry, bundle.study_id)
        page = bundle_integrity_page(bundle.study_id, ended[bundle.study_id], judged, stamp, contact)
        yield f"integrity/{bundle.study_id}.html", page
    table = tabulate_results(results)
    yield "integrity/results.csv", csv_text(shareable_table(table, least))
    listed = shareable_discrepancies(list_discrepancies(table, confirmed), least)
    yield "integrity/disposition.csv", csv_text(listed)
    for name, part in records_of(table, ended).items():
        yield f"private/parts/trials/integrity/{name}.csv", csv_text(part)


def judgements_of(registry: pd.DataFrame | None, study: str) -> dict[str, str]:
    """The registry's row of a trial as text; empty where it has none."""
    if registry is None:
        return {}
    rows = registry[registry["study"].astype(str) == study].to_dict("records")
    return {str(k): "" if pd.isna(v) else str(v) for k, v in rows[0].items()} if rows else {}


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
