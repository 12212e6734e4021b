"""What an integrity check says of one trial: counts and statistics, never a participant's row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

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
    among : int or None
        Where `of` is those of some people who have an attribute: how many people those are.
    text : str
        One sentence for the site.
    printed, found : str
        A published number as it is printed, and the same from the data, to as many digits.
    """

    study: str
    check: str
    domain: int
    outcome: str
    subject: str = ""
    statistic: float | None = None
    threshold: float | None = None
    n: int | None = None
    of: int | None = None
    text: str = ""
    printed: str = ""
    found: str = ""
    among: int | None = None


@dataclass(frozen=True)
class Check:
    """A check by its stable name and its domain (1 to 8); it makes its own results.

    The `columns` of each method are those of IntegrityResult: subject, statistic, threshold, n, of, printed,
    found.
    """

    name: str
    domain: int

    def passed(self, study: str, text: str, **columns: Any) -> IntegrityResult:
        """Nothing to ask."""
        return IntegrityResult(study, self.name, self.domain, "passed", text=text, **columns)

    def query(self, study: str, text: str, **columns: Any) -> IntegrityResult:
        """A question to the site."""
        return IntegrityResult(study, self.name, self.domain, "query", text=text, **columns)

    def judged(self, study: str, off: bool, ask: str, fine: str, **columns: Any) -> IntegrityResult:
        """The question `ask` where something is off, else the sentence `fine`."""
        return self.query(study, ask, **columns) if off else self.passed(study, fine, **columns)

    def skipped(self, study: str, why: str, subject: str = "") -> IntegrityResult:
        """These data do not allow the check."""
        text = f"Not checked: {why}."
        return IntegrityResult(study, self.name, self.domain, "not checked", subject, text=text)


def tabulate_results(results: list[IntegrityResult]) -> pd.DataFrame:
    """One row per check, in a stable order: what needs an answer first."""
    columns = list(IntegrityResult.__dataclass_fields__)
    table = pd.DataFrame([asdict(r) for r in results], columns=columns)
    rank = table["outcome"].map({"fail": 0, "query": 1, "passed": 2, "not checked": 3})
    order = table.assign(rank=rank).sort_values(
        ["study", "rank", "domain", "check", "subject"], kind="stable"
    )
    return order.drop(columns="rank").reset_index(drop=True)
