"""What the trial's own paper prints: n, mean and SD per arm, rounded as papers round."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ipdma.synthetic.trial import Trial


def published_block(trial: Trial) -> dict[str, Any]:
    """The `published` block of study.yaml, computed from the data of the trial."""
    people = trial.participants
    arms = {}
    for arm in trial.study.arms:
        here = people[people["condition"] == arm]
        row: dict[str, Any] = {"n": len(here)}
        if "age" in here and here["age"].notna().any():
            row["age"] = summary(here["age"], with_n=False)
        scores = trial.assessments[trial.assessments["participant"].isin(here["participant"])]
        for instrument in trial.study.instruments:
            row[instrument] = by_time(scores[scores["instrument"] == instrument], trial)
        arms[arm] = row
    return {"reference": f"SYNTHETIC: no such paper, {trial.study.year}", "arms": arms}


def by_time(scores: pd.DataFrame, trial: Trial) -> dict[str, Any]:
    """Summary per time point, follow-up with its week."""
    table = {}
    for time in ("baseline", "post", "follow_up"):
        here = scores.loc[scores["timepoint"] == time, "score"]
        if len(here) > 1:
            name = f"follow_up@{trial.study.weeks[time]:g}" if time == "follow_up" else time
            table[name] = summary(here, with_n=time != "baseline")
    return table


def summary(values: pd.Series, with_n: bool) -> dict[str, Any]:
    """Mean and SD to one decimal, as text is printed; n where scores can be missing."""
    head = {"n": int(values.notna().sum())} if with_n else {}
    return {**head, "mean": rounded(float(values.mean())), "sd": rounded(float(values.std(ddof=1)))}


def rounded(value: float) -> float:
    """One decimal; halves as the machine has them, within the half unit that the check allows."""
    return round(value, 1)
