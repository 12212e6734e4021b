"""The power for a stated interaction."""

import math

import pytest

from ipdma.model.planning import planned_power, planned_variance


def test_power_for_a_stated_interaction():
    variances = [planned_variance(n, 0.5, 25.0, 0.64) for n in (36, 88, 60, 140)]
    se, power = planned_power(variances, -1.0)
    assert se == pytest.approx(0.6944444, abs=1e-7)
    assert power == pytest.approx(0.3018813, abs=1e-6)


def test_no_information_is_no_power():
    assert planned_power([math.inf], 1.0) == (math.inf, 0.0)
