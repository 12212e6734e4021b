"""Odds ratios of a 0/1 outcome, so that a forest plot prints what its axis shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ipdma.analysis.records import Ledger

POOLED = ("subgroup", "aggregate", "not_obtained", "leave_out")
PARTS = {
    "odds_ratio": "estimate",
    "odds_ratio_low": "ci_low",
    "odds_ratio_high": "ci_high",
    "odds_ratio_pi_low": "pi_low",
    "odds_ratio_pi_high": "pi_high",
}
LARGEST = 700.0  # exp of more overflows


def count_odds_ratios(ledger: Ledger, primary: str) -> None:
    """Write the exponential of each treatment effect that a forest plot of a 0/1 outcome shows.

    Parameters
    ----------
    ledger : Ledger
        Of one cell whose rows are log odds ratios, but those with another `measure`; trials' own estimates
        are the second stage's of the primary model, and the published ones of trials without participant
        data.
    primary : str
        The name of the primary model.
    """
    known = {key_of(row) for row in ledger.counts if str(row["what"]).startswith("odds_ratio")}
    rows = [row for row in ledger.estimates if is_shown(row, primary)]
    rows += [
        row
        for row in ledger.study_estimates
        if row["stage"] == "two" and row["model"] in (primary, "aggregate")
    ]
    others = {row["analysis_id"] for row in ledger.counts if row["what"] == "measure"}
    for row in (row for row in rows if row["analysis_id"] not in others):
        for count in odds_of(row):
            if key_of(count) not in known:
                ledger.counts.append(count)


def is_shown(row: dict[str, object], primary: str) -> bool:
    """Whether a pooled row stands in a forest plot."""
    model = str(row["model"])
    headline = model == primary and not row.get("moderator")
    return row.get("term") == "treatment" and (headline or model.partition(":")[0] in POOLED)


def odds_of(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The counts of one row: the odds ratio and its limits, as far as the row has them."""
    if row.get("term") != "treatment" or (row.get("moderator") and row["model"] != "subgroup"):
        return
    for what, column in PARTS.items():
        value = row.get(column)
        if value is not None and math.isfinite(value):
            yield {
                "analysis_id": row["analysis_id"],
                "what": what,
                "study": row.get("study") or "",
                "variable": "treatment",
                "level": row.get("level") or "",
                "value": math.exp(min(float(value), LARGEST)),
            }


def key_of(row: dict[str, object]) -> tuple[str, ...]:
    """What tells a count from others."""
    names = ("analysis_id", "what", "study", "arm", "variable", "level")
    return tuple(str(row.get(name) or "") for name in names)
