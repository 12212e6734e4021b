"""Published numbers that the data do not reproduce, listed until each has a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

FINDING = "IPD-037"  # the site's own check of published numbers (docs/findings)
CONFIRMED, OPEN = "confirmed by the site", "open"
COLUMNS = ["study", "subject", "statistic", "printed", "found", "n", "of", "disposition"]


def list_discrepancies(
    results: pd.DataFrame, confirmed: Mapping[str, Iterable[Mapping[str, Any]]]
) -> pd.DataFrame:
    """One row per published number that is not reproduced.

    Parameters
    ----------
    results : DataFrame
        As `tabulate_results` leaves them, of one trial or of many.
    confirmed : mapping of str to sequence of mapping
        For each trial the `confirmed` entries of its study.yaml: an entry of the site's finding on published
        numbers settles those of its variable or instrument, unless there are more than the site looked at.

    Returns
    -------
    DataFrame
        Columns `study, subject, statistic, printed, found, n, of, disposition`; `n` participants of the `of`
        in the arm have a value.
    """
    off = results[(results["check"] == "published_numbers") & results["outcome"].isin(["query", "fail"])]
    rows = []
    for row in off.to_dict("records"):
        subject, _, statistic = str(row["subject"]).rpartition(", ")
        found = [row[name] for name in ("printed", "found", "n", "of")]
        rows.append([row["study"], subject, statistic, *found, OPEN])
    table = pd.DataFrame(rows, columns=COLUMNS)
    variables = table["subject"].map(variable_of)
    for study, entries in confirmed.items():
        for entry in entries:
            own = (table["study"] == study) & (variables == str(entry.get("variable") or "").casefold())
            if str(entry.get("code")) == FINDING and own.sum() <= confirmed_count(entry):
                table.loc[own, "disposition"] = CONFIRMED
    return table


def variable_of(subject: str) -> str:
    """The variable or instrument that a subject is about, as the site's findings name it."""
    name = subject.split(" ")[0].partition("[")[0].casefold()
    return "arm" if name == "participants" else name


def confirmed_count(entry: Mapping[str, Any]) -> int:
    """How many discrepancies the site looked at; more than those lapse its confirmation."""
    text = str(entry.get("n") or "0")
    return int(text) if text.isdigit() else 0
