"""Domain 7: the numbers that the trial's paper prints, reproduced, and possible at all (GRIM)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ipdma.integrity.closed_forms import grim_consistent
from ipdma.integrity.finding import Check, IntegrityResult
from ipdma.integrity.tables import TrialTables

PUBLISHED = Check("published_numbers", 7)
GRIM = Check("grim", 7)


def check_external(trial: TrialTables) -> list[IntegrityResult]:
    """Every printed number against the data, and GRIM for printed means of whole scores."""
    arms = trial.published.get("arms") or {}
    results = []
    for arm, entries in arms.items():
        for subject, values, printed in printed_numbers(trial, str(arm), entries or {}):
            results += compare(trial, f"{subject} in {arm}", values, printed)
            results += grim(trial, f"{subject} in {arm}", subject, printed, len(values))
    return results or [PUBLISHED.skipped(trial.study, "the upload repeats no published numbers")]


def printed_numbers(
    trial: TrialTables, arm: str, entries: Mapping[str, Any]
) -> Iterator[tuple[str, pd.Series, Mapping[str, str]]]:
    """(what, values in the data, printed statistics) of one arm."""
    people = trial.participants[trial.participants["arm"].astype(str) == arm].set_index("participant")
    if "n" in entries:
        yield "participants", pd.Series(1.0, index=people.index), {"n": str(entries["n"])}
    for name, printed in entries.items():
        if name == "n" or not isinstance(printed, Mapping):
            continue
        if name in people:
            yield name, people[name], printed
        elif any(isinstance(v, Mapping) for v in printed.values()):
            for visit, numbers in printed.items():
                column = score_column(trial, name, str(visit))
                if column and isinstance(numbers, Mapping):
                    yield column, trial.scores[column].reindex(people.index), numbers


def score_column(trial: TrialTables, instrument: str, visit: str) -> str | None:
    """The column of an instrument at a visit; `post` without weeks finds the only post visit."""
    exact = f"{instrument} {visit}"
    matches = [c for c in trial.scores.columns if c == exact or c.startswith(f"{exact}@")]
    return matches[0] if len(matches) == 1 else None


def compare(
    trial: TrialTables, subject: str, values: pd.Series, printed: Mapping[str, Any]
) -> list[IntegrityResult]:
    """Reproduce each printed statistic within half a unit of its last digit."""
    results = []
    numbers = pd.to_numeric(values, errors="coerce").dropna()
    found = {"n": float(values.notna().sum()), "mean": numbers.mean(), "sd": numbers.std(ddof=1)}
    for statistic in ("n", "mean", "sd"):
        if statistic not in printed or pd.isna(found[statistic]):
            continue
        text = str(printed[statistic])
        gap = abs(float(found[statistic]) - float(text))
        digits = len(text.partition(".")[2])
        allowed = 0.5 * 10**-digits if statistic != "n" else 0.0
        results.append(
            PUBLISHED.judged(
                trial.study,
                gap > allowed + 1e-9,
                f"The printed {statistic} is not reproduced; please give the reason for the record.",
                f"The printed {statistic} is reproduced.",
                subject=f"{subject}, {statistic}",
                statistic=gap,
                threshold=allowed,
                n=int(found["n"]),
                of=len(values),
                printed=text,
                found=f"{float(found[statistic]):.{digits if statistic != 'n' else 0}f}",
            )
        )
    return results


def grim(
    trial: TrialTables, subject: str, column: str, printed: Mapping[str, Any], n_rows: int
) -> list[IntegrityResult]:
    """Whether a printed mean of whole numbers is possible for the printed (or counted) n."""
    if "mean" not in printed or not whole(trial, column):
        return []
    n = int(float(str(printed.get("n", n_rows))))
    if n < 1 or n > 10 ** len(str(printed["mean"]).partition(".")[2]):
        return []
    return [
        GRIM.judged(
            trial.study,
            not grim_consistent(str(printed["mean"]), n),
            "No whole scores of so many participants have the printed mean; please check the paper.",
            "The printed mean is possible for whole scores.",
            subject=subject,
            n=n,
            of=n,
        )
    ]


def whole(trial: TrialTables, column: str) -> bool:
    """A score of an instrument with whole totals, all of them whole in the data."""
    instrument = trial.codebook.instruments.get(column.split(" ")[0].partition("[")[0])
    if instrument is None or column not in trial.scores or "[mean]" in column:
        return False
    values = trial.scores[column].dropna()
    return bool(instrument.integer) and bool((values % 1 == 0).all())
