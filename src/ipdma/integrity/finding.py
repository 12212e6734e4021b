"""What an integrity check says of one trial: counts and statistics, never a participant's row."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

DOMAINS = {
    1: "Unusual or repeated data patterns",
    2: "Baseline characteristics",
    3: "Correlations",
    4: "Date violations",
    5: "Patterns of allocation",
    6: "Internal inconsistencies",
    7: "External inconsistencies",
    8: "Plausibility of data",
}
OUTCOMES = ("passed", "query", "fail", "not checked")


@dataclass(frozen=True)
class IntegrityResult:
    """One check of one trial (IPD Integrity Tool, Hunter et al. 2024, by domain).

    Attributes
    ----------
    study, check : str
        The trial, and the check's stable name.
    domain : int
        1 to 8 (see DOMAINS).
    outcome : str
        `passed`, `query` (ask the site), `fail` (cannot be right), `not checked`.
    subject : str
        The variable, instrument or arm concerned.
    statistic, threshold : float or None
    n, of : int or None
        How many are concerned, of how many.
    text : str
        One sentence for the site.
    printed, found : str
        A published number as it is printed, and the same from the data, to as many digits.
    """

    study: str
    check: str
    domain: int
    outcome: str
    subject: str
    statistic: float | None
    threshold: float | None
    n: int | None
    of: int | None
    text: str
    printed: str = ""
    found: str = ""


def tabulate_results(results: list[IntegrityResult]) -> pd.DataFrame:
    """One row per check, in a stable order: what needs an answer first."""
    columns = list(IntegrityResult.__dataclass_fields__)
    table = pd.DataFrame([asdict(r) for r in results], columns=columns)
    rank = table["outcome"].map({"fail": 0, "query": 1, "passed": 2, "not checked": 3})
    order = table.assign(rank=rank).sort_values(
        ["study", "rank", "domain", "check", "subject"], kind="stable"
    )
    return order.drop(columns="rank").reset_index(drop=True)
