"""The estimates of a run beside the truth from which its trials were drawn."""

from __future__ import annotations

import pandas as pd

from ipdma.errors import DataError
from ipdma.synthetic.expected import expected_terms
from ipdma.synthetic.truth import Truth

KEYS = ["contrast", "timepoint", "moderator", "term"]
NEEDED = (*KEYS, "analysis_id", "outcome", "model", "stage", "estimate", "ci_low", "ci_high", "k", "n")
STAGES = ("one", "two")


def beside_truth(estimates: pd.DataFrame, truth: Truth, model: str = "primary") -> pd.DataFrame:
    """Put each estimate of a run beside its true value.

    Parameters
    ----------
    estimates : DataFrame
        `estimates.csv` of a run of the default plan, text cells as they are read.
    truth : Truth
    model : str
        Name of the plan's model.

    Returns
    -------
    DataFrame
        One row per term of `expected_terms` and stage that the run estimated: `contrast, timepoint,
        moderator, term, stage, value, estimate, ci_low, ci_high, covered, k, n`.

    Raises
    ------
    DataError
        When columns of estimates.csv are absent.
    """
    absent = [name for name in NEEDED if name not in estimates]
    if absent:
        raise DataError(f"estimates.csv: no column {', '.join(absent)}; give the table that a run leaves")
    own = estimates[(estimates["model"] == model) & (estimates["outcome"] == "depression")].copy()
    own = own[own["stage"].isin(STAGES)]
    own["moderator"] = own["moderator"].fillna("")
    own = own[own["analysis_id"].map(is_main_row)]
    for name in ("estimate", "ci_low", "ci_high", "k", "n"):
        own[name] = pd.to_numeric(own[name])
    table = expected_terms(truth).merge(own, on=KEYS, how="inner", sort=False)
    table["covered"] = (table["ci_low"] <= table["value"]) & (table["value"] <= table["ci_high"])
    return table[[*KEYS, "stage", "value", "estimate", "ci_low", "ci_high", "covered", "k", "n"]]


def is_main_row(analysis_id: str) -> bool:
    """Whether an analysis is a headline or a moderator's within-trial model, no variant of one."""
    return len(analysis_id.split(".")) <= 6
