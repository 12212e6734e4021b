"""Dropout that depends on earlier scores: bias and coverage of the post-score analysis and of all visits.

The table that this prints is kept in docs/validation-visits.md:

    python -m tests.recovery.test_dropout 400
"""

import sys

import numpy as np
import pandas as pd
import pytest

from ipdma.errors import IpdmaError
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

VISITS = ("baseline", "interim", "post")
WITHIN = np.array([[1.0, 0.5, 0.4], [0.5, 1.1, 0.75], [0.4, 0.75, 1.2]])
EFFECT = np.array([0.0, -0.35, -0.6])
TAU = 0.15
MECHANISMS = {
    "none": (0.0, 0.0),
    "completely at random": (0.28, 0.0),
    "on the interim score, both arms": (0.3, 1.2),
    "on the interim score, more in the active arm": (0.3, 1.8),
}


def draw_consortium(rng, mechanism, studies=7, per_arm=30):
    """Trials in which participants leave before the post visit, by their interim score."""
    share, slope = MECHANISMS[mechanism]
    lower, rows = np.linalg.cholesky(WITHIN), []
    for s in range(studies):
        effect = EFFECT + np.array([0, 0.6, 1.0]) * rng.normal(0, TAU)
        for i in range(2 * per_arm):
            treat = i % 2
            y = lower @ rng.normal(size=3) + treat * effect + 0.1 * s
            own = slope * (1.0 if "both" in mechanism else treat * 2 - 0.5)
            logit = np.log(max(share, 1e-9) / (1 - share)) + own * (y[1] - 0.1 * s)
            kept = 2 if share and rng.random() < 1 / (1 + np.exp(-logit)) else 3
            rows += [(f"S{s}", f"{s}-{i}", VISITS[j], treat, y[0], y[j]) for j in range(kept)]
    return pd.DataFrame(rows, columns=["study", "pid", "visit", "treat", "base", "y"])


def estimates(rows):
    """The post effect by the post-score analysis and by the model over all visits."""
    post = rows[rows.visit == "post"]
    ancova = fit_model(post, ModelSpec.from_mapping({"covariates": ["base"]})).estimate("treatment")
    keys = {
        "participant": "pid",
        "visit": "visit",
        "baseline_visit": "baseline",
        "covariance": "unstructured",
    }
    visits = fit_model(rows, ModelSpec.from_mapping({**keys, "random_correlation": False}))
    return {"post scores": ancova, "all visits": visits.estimate("treatment[post]")}


def simulate(mechanism, repeats, seed=20260101):
    """Bias, its Monte-Carlo error, mean SE and coverage of each analysis."""
    rng = np.random.default_rng([seed, list(MECHANISMS).index(mechanism)])
    found = {"post scores": [], "all visits": []}
    for _ in range(repeats):
        try:
            each = estimates(draw_consortium(rng, mechanism))
        except IpdmaError:
            continue
        for name, e in each.items():
            found[name].append((e.estimate, e.std_error, e.ci_low <= EFFECT[2] <= e.ci_high))
    table = []
    for name, values in found.items():
        estimate, error, inside = np.array(values, dtype=float).T
        bias, mc = estimate.mean() - EFFECT[2], estimate.std(ddof=1) / np.sqrt(len(estimate))
        table.append((mechanism, name, len(estimate), bias, mc, error.mean(), inside.mean()))
    return table


@pytest.mark.slow
def test_all_visits_hold_where_dropout_depends_on_the_interim_score():
    rows = {
        name: row
        for row in simulate("on the interim score, more in the active arm", 150)
        for name in [row[1]]
    }
    biased, held = rows["post scores"], rows["all visits"]
    assert abs(held[3]) < 4 * held[4] + 0.01
    assert abs(biased[3]) > abs(held[3])
    assert held[6] >= 0.93


def main(repeats):
    """Print the table."""
    print("| dropout before post | analysis | consortia | bias | its error | mean SE | coverage of 95 % |")
    print("|---|---|---|---|---|---|---|")
    for mechanism in MECHANISMS:
        for m, name, n, bias, mc, error, inside in simulate(mechanism, repeats):
            print(
                f"| {m} | {name} | {n} | {bias:+.3f} | {mc:.3f} | {error:.3f} | {100 * inside:.1f} % |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]))
