"""The power for a stated interaction."""

import math

import numpy as np
import pytest

from ipdma.model.planning import planned_power, planned_variance, small_sample


def test_power_for_a_stated_interaction():
    variances = [planned_variance(n, 0.5, 25.0, 0.64) for n in (36, 88, 60, 140)]
    se, power = planned_power(variances, -1.0)
    assert se == pytest.approx(0.6944444, abs=1e-7)
    assert power == pytest.approx(0.3018813, abs=1e-6)


def test_no_information_is_no_power():
    assert planned_power([math.inf], 1.0) == (math.inf, 0.0)


@pytest.mark.parametrize("share", [None, 0.5, 0.2])
def test_what_a_trials_own_means_and_slopes_cost_is_that_of_drawn_designs(share):
    rng, active, reference = np.random.default_rng(4), 14, 20
    arm, found = np.repeat([1.0, 0.0], [active, reference]), []
    for _ in range(4000):
        z = rng.normal(size=len(arm)) if share is None else (rng.random(len(arm)) < share).astype(float)
        columns = np.column_stack([np.ones(len(arm)), z, rng.normal(size=len(arm)), arm, arm * z])
        found.append(0.0)
        if np.linalg.matrix_rank(columns) == 5:
            found[-1] = 1 / np.linalg.inv(columns.T @ columns)[4, 4]
    spread = 1.0 if share is None else share * (1 - share)
    known = spread * active * reference / (active + reference)
    levels = None if share is None else (1 - share, share)
    assert known / np.mean(found) == pytest.approx(small_sample(active, reference, 4, 1, levels), rel=0.02)


def test_a_trial_too_small_for_its_own_regression_tells_nothing():
    assert small_sample(2, 2, 4, 0) == np.inf
    assert small_sample(1, 30, 4, 0) == np.inf
    assert small_sample(1, 30, 2, 0) == 1.0
