"""From the registry: trials sought, obtained and not, and whether those obtained are like the others."""

from __future__ import annotations

import pandas as pd

from ipdma.analysis.records import Ledger, as_number

STATUSES = ("ipd", "aggregate", "not_obtained")
NOT_COMPARED = ("study", "citation", "registration", "status", "reason", "arms", "chance")


def count_registry(registry: pd.DataFrame, contributed: list[str]) -> Ledger:
    """Studies and participants by status, reasons, and a comparison of trials with and without participant
    data.

    Parameters
    ----------
    registry : DataFrame
        One row per eligible trial, `study` and `status` at least.
    contributed : list of str
        Studies whose uploads are in the run.
    """
    ledger = Ledger()
    table = registry.assign(
        study=registry["study"].astype(str), status=registry["status"].astype(str).str.strip()
    )
    sizes = randomised(table)
    of, total = len(table), sizes.sum(min_count=1)
    ledger.count("cohort", "registry", variable="eligible", n=of, of=of, value=none_if_missing(total))
    for status in STATUSES:
        here = table["status"] == status
        ledger.count(
            "cohort",
            "registry",
            variable=status,
            n=int(here.sum()),
            of=of,
            value=none_if_missing(sizes[here].sum(min_count=1)),
        )
    ledger.count(
        "cohort", "registry", variable="in_run", n=int(table["study"].isin(contributed).sum()), of=of
    )
    for study, n in zip(table["study"], sizes, strict=True):
        if pd.notna(n):
            ledger.count("cohort", "randomised", study=study, n=int(n))
    count_reasons(ledger, table, sizes)
    compare(ledger, table)
    return ledger


def randomised(table: pd.DataFrame) -> pd.Series:
    """Participants randomised as numbers, NaN where not stated."""
    if "randomised" not in table:
        return pd.Series(float("nan"), index=table.index)
    return table["randomised"].map(as_number).astype(float)


def none_if_missing(value: float) -> float | None:
    """The number, or None for NaN."""
    return None if pd.isna(value) else float(value)


def count_reasons(ledger: Ledger, table: pd.DataFrame, sizes: pd.Series) -> None:
    """Write why participant data were not obtained."""
    if "reason" not in table:
        return
    without = table[table["status"] != "ipd"]
    reasons = without["reason"].astype(object).where(without["reason"].notna(), "").astype(str).str.strip()
    for reason, part in without.groupby(reasons.where(reasons != "", "not stated")):
        value = none_if_missing(sizes.loc[part.index].sum(min_count=1))
        ledger.count("cohort", "registry_reason", level=str(reason), n=len(part), value=value)


def compare(ledger: Ledger, table: pd.DataFrame) -> None:
    """Write each registry column among trials with against trials without participant data.

    Of numbers the mean, of texts the share of each, unless there are more than twelve.
    """
    groups = {"with_ipd": table[table["status"] == "ipd"], "without_ipd": table[table["status"] != "ipd"]}
    for column in [c for c in table.columns if c not in NOT_COMPARED]:
        given = table[column].astype(object).where(table[column].notna(), "").astype(str).str.strip()
        given = given[given != ""]
        if given.empty:
            continue
        numeric = given.map(as_number).notna().all()
        for what, part in groups.items():
            values = given[given.index.isin(part.index)]
            if numeric and len(values):
                ledger.count(
                    "cohort",
                    what,
                    variable=column,
                    n=len(values),
                    of=len(part),
                    value=float(values.astype(float).mean()),
                )
            elif not numeric and given.nunique() <= 12:
                for level, n in values.value_counts().sort_index().items():
                    ledger.count(
                        "cohort",
                        what,
                        variable=column,
                        level=str(level),
                        n=int(n),
                        of=len(part),
                        value=int(n) / len(part),
                    )
