"""Parameter-instability tests: Andrews' critical values, and their level."""

import numpy as np
import pytest
from scipy import stats

from ipdma.model.fluctuation import (
    categorical_instability,
    decorrelated_scores,
    numeric_instability,
    sup_lm_p,
)


@pytest.mark.parametrize(("p", "trim", "critical"), [(1, 0.15, 8.68), (2, 0.15, 11.72), (1, 0.05, 9.71)])
def test_sup_lm_meets_andrews_critical_values(p, trim, critical):
    # Andrews (2003), table 1, corrected: 5 % critical values
    assert sup_lm_p(critical, p, trim, 1 - trim) == pytest.approx(0.05, abs=0.006)


def test_instability_tests_keep_their_level():
    rng = np.random.default_rng(7)
    x = np.column_stack([np.ones(200), rng.integers(0, 2, 200)])
    rejected = np.zeros(2)
    for _ in range(400):
        y = rng.normal(size=200)
        scores = decorrelated_scores(x, y - x @ np.linalg.lstsq(x, y, rcond=None)[0])
        rejected += (
            numeric_instability(scores, rng.normal(size=200))[1] < 0.05,
            categorical_instability(scores, rng.integers(0, 3, 200))[1] < 0.05,
        )
    assert (rejected <= stats.binom.ppf(0.999, 400, 0.06)).all()
