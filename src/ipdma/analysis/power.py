"""The power that the pooled data had for an interaction stated beforehand, never for the one found."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.planning import planned_power, planned_variance
from ipdma.model.term import Term


def study_variances(data: ModeratorFrame, values: np.ndarray, binomial: bool) -> list[float]:
    """The planned variance of each study's interaction with the moderator or one of its dummies.

    Studies that cannot inform it have none: one arm, fewer than four complete rows, or a moderator that does
    not vary.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The moderator, or the dummy, in the complete rows.
    """
    rows = data.complete
    study, names = pd.factorize(rows["study"], sort=True)
    y, treat = (rows[name].to_numpy(float) for name in ("outcome", "treat"))
    covariates = rows[list(data.covariates)].to_numpy(float)
    out = []
    for k in range(len(names)):
        at = np.flatnonzero(study == k)
        z, t = values[at], treat[at]
        if len(at) < 4 or np.ptp(z) == 0 or np.ptp(t) == 0:
            continue
        X = np.column_stack([np.ones(len(at)), t, z, covariates[at]])
        sigma2 = residual_variance(y[at], X, binomial)
        out.append(planned_variance(len(at), float(t.mean()), sigma2, float(z.var(ddof=1))))
    return out


def residual_variance(y: np.ndarray, X: np.ndarray, binomial: bool) -> float:
    """Residual variance of the outcome given arm, covariates and moderator; of a logit, 1 / (p (1 - p))."""
    if binomial:
        p = min(max(float(y.mean()), 0.5 / len(y)), 1 - 0.5 / len(y))
        return 1 / (p * (1 - p))
    beta, _, rank, _ = np.linalg.lstsq(X, y, rcond=None)
    free = len(y) - rank
    return float(np.sum((y - X @ beta) ** 2) / free) if free > 0 else math.inf


def write_power(
    ledger: Ledger, ident: Ident, cell: Cell, data: ModeratorFrame, moderator: Moderator, settings: Settings
) -> None:
    """Write the power for the interaction that the plan states, for each coefficient of the moderator."""
    binomial = cell.family == "binomial"
    rows = data.complete
    for level in data.levels[1:] or ("",):
        values = rows[data.name].astype(float) if not level else (rows[data.name] == level).astype(float)
        term = Term("within", data.name, level)
        variances = study_variances(data, values.to_numpy(float), binomial)
        stated, words = stated_interaction(moderator, settings, values, rows["study"], bool(level))
        se, power = planned_power(variances, stated, settings.level)
        if math.isfinite(se):
            ledger.count(ident, "power", variable=term, level=words, n=len(variances), value=power)
            ledger.count(ident, "power_se", variable=term, n=len(variances), value=se)


def stated_interaction(
    moderator: Moderator, settings: Settings, values: pd.Series, studies: pd.Series, categorical: bool
) -> tuple[float, str]:
    """The interaction whose power is asked, per unit, and its words; the plan's own is per SD in trials."""
    if moderator.power is not None:
        words = "between levels" if categorical else f"per {moderator.per:g} of {moderator.column}"
        return moderator.power, f"{moderator.power:g} {words}"
    size = settings.power_interaction
    if categorical:
        return size, f"{size:g} between levels"
    centred = values - values.groupby(studies).transform("mean")
    free = len(values) - studies.nunique()
    sd = math.sqrt(float((centred**2).sum()) / free) if free > 0 else math.nan
    return (size / sd if sd and sd > 0 else math.inf), f"{size:g} per SD of the moderator within trials"
