"""Power and width of the tests that a plan does: exact where there is an exact answer, by hand elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nct, norm, t

from ipdma.model.planned_tests import TESTS, Scenarios, mean_root, noncentral_power
from ipdma.model.planning import planned_power


def scenarios(variance, df=30.0, tau=0.0, present=None):
    variance = np.array(variance, dtype=float)
    present = np.ones((1, len(variance))) if present is None else np.array(present, dtype=float)
    return Scenarios(present, variance, np.broadcast_to(df, len(variance)).astype(float), tau**2)


def power(name, who, effect=0.4):
    return TESTS[name].power(who, effect, 0.95)


def test_the_wald_test_is_that_of_the_planning_papers():
    variance = [0.02, 0.05, 0.04]
    assert power("normal", scenarios(variance, tau=0.1))[0] == pytest.approx(
        planned_power(variance, 0.4, tau2=0.01)[1], rel=1e-12
    )


def test_of_equal_trials_the_null_standardised_t_is_a_one_sample_t():
    who = scenarios([0.05] * 6, tau=0.3)
    shift = np.sqrt(6) * 0.4 / np.sqrt(0.14)
    q = t.ppf(0.975, 5)
    assert power("nst", who)[0] == pytest.approx(nct.sf(q, 5, shift) + nct.cdf(-q, 5, shift))
    width = 2 * q * np.sqrt(0.14 / 6) * mean_root(np.array([5.0]))[0]
    assert TESTS["nst"].width(who, 0.95)[0] == pytest.approx(width)
    assert power("nst", who) == pytest.approx(power("k_minus_1", who))


def test_unequal_trials_cost_the_null_standardised_t_more_than_a_weighted_one():
    who = scenarios([0.2, 0.2, 0.2, 0.01])
    assert power("nst", who)[0] < power("k_minus_1", who)[0] - 0.1
    assert TESTS["nst"].width(who, 0.95)[0] > TESTS["k_minus_1"].width(who, 0.95)[0]


def test_a_standard_error_that_hardly_varies_leaves_a_normal_statistic():
    who = scenarios([0.04] * 4)
    q = t.ppf(0.975, 3)
    assert power("k_minus_1_common", who)[0] == pytest.approx(norm.sf(q - 4) + norm.cdf(-q - 4))
    assert TESTS["k_minus_1_common"].width(who, 0.95)[0] == pytest.approx(2 * q * 0.1)
    crowded = replace(who, crowded=np.full(4, 0.1))
    q /= 1.06
    assert power("k_minus_1_common", crowded)[0] == pytest.approx(norm.sf(q - 4) + norm.cdf(-q - 4))


def test_weights_that_are_estimated_cost_what_meier_and_satterthwaite_say():
    error, df = TESTS["kenward_roger"].reference(scenarios([0.04, 0.04], df=10))
    assert error[0] ** 2 == pytest.approx(0.02 * (1 + 2 * 2 * 0.25 / 10))
    assert df[0] == pytest.approx(20)
    alone, own = TESTS["kenward_roger"].reference(scenarios([0.04, np.inf], df=10))
    assert (alone[0] ** 2, own[0]) == (pytest.approx(0.04), pytest.approx(10))


def test_one_trial_has_the_test_of_its_own_rows_and_none_has_no_power():
    who = scenarios([0.04, 0.05], df=12, present=[[1, 0], [0, 0], [1, 1]])
    for name in TESTS:
        found, width = power(name, who), TESTS[name].width(who, 0.95)
        assert found[1] == 0
        assert list(np.isinf(width)) == [False, True, False]
    q = t.ppf(0.975, 12)
    expected = nct.sf(q, 12, 2.0) + nct.cdf(-q, 12, 2.0)
    for name in ("nst", "k_minus_1", "kenward_roger", "residual"):
        assert power(name, who)[0] == pytest.approx(expected)


def test_the_mean_of_a_root_is_the_constant_of_control_charts():
    assert mean_root(np.array([1.0, 4.0])) == pytest.approx([0.797885, 0.939986], abs=1e-6)
    assert mean_root(np.array([1e6])) == pytest.approx([1.0], abs=1e-6)


def test_well_powered_plans_have_a_power():
    """Where scipy's far tail is not a number; the least shift of these is 7.8."""
    for name, who in (
        ("nst", scenarios([0.0165] * 20)),
        ("nst", scenarios([0.0165] * 25, tau=0.1)),
        ("kenward_roger", scenarios([0.01] * 12)),
        ("k_minus_1", scenarios([0.0165] * 30, tau=0.1)),
    ):
        assert 0.999 < power(name, who, -0.3)[0] <= 1


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99, 0.999])
def test_power_is_a_probability_that_rises_with_the_shift(level):
    shift = np.linspace(0.25, 60, 240)
    for df in range(1, 201):
        found = noncentral_power(shift, np.full(len(shift), float(df)), level)
        assert found.min() > 1 - level - 1e-9
        assert found.max() <= 1
        assert np.diff(found).min() > -1e-12
