"""Imputation within trial and arm against R's mice and jomo on the same data, within Monte-Carlo error."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ipdma.imputation import impute_study

HERE = Path(__file__).parent
M = 200
KINDS = {"baseline": "continuous", "interim": "continuous", "responder": "binary", "outcome": "continuous"}


def least_squares(x, y, at):
    """Estimate and variance of one coefficient."""
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    rss = float(np.sum((y - x @ beta) ** 2))
    return beta[at], inverse[at, at] * rss / (len(y) - x.shape[1])


def fits_of(rows):
    """The quantities of regenerate/imputation.R on one completed data set."""
    dummies = pd.get_dummies(rows["study"]).to_numpy(dtype=float)
    base = dummies * rows[["baseline"]].to_numpy()
    treat, y = rows["treat"].to_numpy(dtype=float), rows["outcome"].to_numpy()
    own = rows["responder"].to_numpy()
    within = own - rows.groupby("study")["responder"].transform("mean").to_numpy()
    n = len(rows)
    with_moderator = np.column_stack([dummies, base, dummies * own[:, None], treat, treat * within])
    return {
        "treatment": least_squares(np.column_stack([dummies, base, treat]), y, -1),
        "interaction": least_squares(with_moderator, y, -1),
        "share": (own.mean(), own.var(ddof=1) / n),
        "interim": (rows["interim"].mean(), rows["interim"].var(ddof=1) / n),
    }


@pytest.fixture(scope="module")
def ours():
    rows = pd.read_csv(HERE / "data" / "imputation.csv")
    parts = []
    for study, part in rows.groupby("study"):
        done = impute_study(part[list(KINDS)], part["arm"].to_numpy(), KINDS, str(study), M, 10, 1)
        parts.append((part, done.values))
    found = []
    for chain in range(M):
        completed = [part.assign(**dict(zip(KINDS, values[chain].T, strict=True))) for part, values in parts]
        found.append(fits_of(pd.concat(completed)))
    pooled = {}
    for name in found[0]:
        q, u = (np.array([fit[name][i] for fit in found]) for i in (0, 1))
        pooled[name] = {"estimate": q.mean(), "within": u.mean(), "between": q.var(ddof=1)}
    return pooled


@pytest.mark.parametrize("engine", ["mice", "jomo"])
@pytest.mark.parametrize("name", ["treatment", "interaction", "share", "interim"])
def test_estimates_and_variances_agree_within_monte_carlo_error(ours, engine, name):
    reference = json.loads((HERE / "imputation.json").read_text())
    theirs, own = reference[engine][name], ours[name]
    noise = np.sqrt(own["between"] / M + theirs["between"] / reference["m"])
    assert own["estimate"] == pytest.approx(theirs["estimate"], abs=3.5 * noise)
    assert own["within"] == pytest.approx(theirs["within"], rel=0.05)
    # log variance ratio of 200 and 200 draws: SD sqrt(2 / 199 + 2 / 199) = 0.14
    assert abs(np.log(own["between"] / theirs["between"])) < 3.5 * 0.142
