"""The null-standardised t interval: closed forms, edges, agreement of p, interval and prediction."""

import inspect

import numpy as np
import pytest
from benchmarks.many_sets import null_standardised_ends
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ipdma.errors import FitError, SpecError
from ipdma.model import nst_search
from ipdma.model.nst import NoWidth, null_standardised, one_set, t_statistic
from ipdma.model.nst_search import hull, scan
from ipdma.model.nst_share import TrialSets, null_variance, share_and_slope, signed_share
from ipdma.model.pivot import pivot_interval
from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec
from ipdma.model.tau2 import weighted_mean

Y = np.array([-0.257, -0.193, -0.287, 0.11, -0.62])
V = np.array([0.164, 0.07, 0.194, 0.04, 0.096])


def pool(y, v, **keys):
    return pool_effects([f"S{i}" for i in range(len(y))], y, np.sqrt(v), PoolSpec(ci="nst", **keys))


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_equal_variances_give_the_ordinary_t_interval(level):
    found = null_standardised(Y, np.full(5, 0.07), level)
    expected = stats.ttest_1samp(Y, 0)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(level)), rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_lambda_makes_the_squares_sum_to_the_number_of_trials():
    deviation, v = Y[:, None] - np.array([-3.0, -0.2, 0.0, 4.0]), V[:, None]
    lam = null_variance(deviation, v)
    total = (deviation**2 / (v + lam)).sum(axis=0)
    assert total[lam > 0] == pytest.approx(5)
    assert (total[lam == 0] <= 5).all()
    assert (lam == 0).any()


@pytest.mark.parametrize("theta", [-3.0, -0.9, -0.25, 0.1, 2.0])
def test_the_slope_of_the_share_is_its_derivative(theta):
    trials, h = TrialSets(Y[:, None], V[:, None]), 1e-6
    share, slope = share_and_slope(trials, np.array([theta]))
    assert share == pytest.approx(signed_share(trials, np.array([theta])))
    around = signed_share(trials, np.array([[theta - h, theta + h]]))[0]
    assert slope[0] == pytest.approx((around[1] - around[0]) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("k", [2, 3, 5, 11])
def test_many_sets_at_once_have_each_their_own_interval(k):
    random = np.random.default_rng(k)
    v = np.geomspace(0.01, 0.4, k) * random.uniform(0.5, 2, (150, k))
    y = random.normal(0.3, np.sqrt(v + 0.04))
    low, high = null_standardised_ends(y, v)
    alone = [null_standardised(*one) for one in zip(y, v, strict=True)]
    assert low == pytest.approx([one.low for one in alone], rel=1e-9, abs=1e-10)
    assert high == pytest.approx([one.high for one in alone], rel=1e-9, abs=1e-10)
    assert [len(end) for end in null_standardised_ends(y[:0], v[:0])] == [0, 0]


@given(
    st.integers(2, 12),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.2, 0.7]),
    st.sampled_from([1.0, 30.0, 1000.0]),
)
@settings(max_examples=60, deadline=None)
def test_p_interval_estimate_and_prediction_agree(k, seed, tau, spread):
    random = np.random.default_rng(seed)
    v = random.uniform(1, spread, k) / spread
    y = random.normal(0.4, np.sqrt(v + tau**2))
    found = pool(y, v)
    assert (found.p_value < 0.05) == (not found.ci_low <= 0 <= found.ci_high)
    moved = pool(y + 7, v)
    assert (moved.ci_low - 7, moved.ci_high - 7) == pytest.approx((found.ci_low, found.ci_high), abs=1e-8)
    assert found.std_error == pytest.approx(1 / np.sqrt(weighted_mean(y, v, found.tau2)[0].sum()))
    if k > 2:
        assert found.pi_low <= found.ci_low < found.ci_high <= found.pi_high
    else:
        assert found.pi_low is None
        assert any("two studies" in w for w in found.warnings)


def test_an_interval_narrower_than_a_common_effect_gives_both():
    v = np.array([0.05, 0.04, 0.06, 0.05, 0.04, 0.06])
    found = pool(np.array([0.1, 0.13, 0.12, 0.15, 0.11, 0.14]), v)
    (warning,) = [w for w in found.warnings if "narrower than that of a common effect" in w]
    common = pool(np.array([0.1, 0.13, 0.12, 0.15, 0.11, 0.14]), v, tau2="common")
    for end in (found.ci_low, found.ci_high, common.ci_low, common.ci_high):
        assert f"{end:.6g}" in warning
    assert (found.tau2_ci_low, found.tau2_ci_high) == (None, None)
    assert any("Q-profile set is empty" in w for w in found.warnings)


def test_one_study_keeps_its_own_interval_and_a_common_effect_its_wald_interval():
    assert pool(Y[:1], V[:1]).df is None
    assert any("one study" in w for w in pool(Y[:1], V[:1]).warnings)
    assert pool(Y, V, tau2="common").df is None


def test_equal_estimates_have_no_null_standardised_interval():
    with pytest.raises(FitError, match="all study estimates are equal"):
        pool(np.full(3, 0.4), np.full(3, 0.1))
    with pytest.raises(NoWidth):
        null_standardised(np.full(4, -0.2), V[:4])


def test_the_prediction_keys_are_either_the_pivot_or_a_t_interval():
    read = PoolSpec.from_mapping
    assert read({"ci": "nst"}).by_pivot
    assert not read({"ci": "nst", "prediction": {"df": "k_minus_1"}}).by_pivot
    assert read({"ci": "hksj", "prediction": {"method": "pivot"}}).by_pivot
    with pytest.raises(SpecError, match="give either"):
        read({"prediction": {"method": "pivot", "df": "k_minus_1"}})


def test_the_pivots_far_end_grows_with_the_spread_and_does_not_fail_at_none():
    narrow, wide = pivot_interval(Y, V, 0.95), pivot_interval(3 * Y, V, 0.95)
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    low, high = pivot_interval(np.full(4, 0.2), V[:4], 0.95)
    assert low == pytest.approx(high) == pytest.approx(0.2)


def test_estimates_of_nothing_but_zero_give_a_statistic_of_zero():
    assert t_statistic(one_set(np.zeros(3), np.ones(3)), 0.0) == 0.0
    assert t_statistic(one_set(np.ones(3), np.ones(3)), 0.0) == np.inf


@pytest.mark.parametrize("tau", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("seed", range(5))
def test_three_candidates_a_trial_find_the_ends_of_very_many_trials(seed, tau, monkeypatch):
    """As of two thousand trials: the same interval as with all candidates, whatever the trials' precision."""
    rng = np.random.default_rng(seed)
    v = 10.0 ** rng.uniform(-2, 1, 120)
    y = 0.2 + rng.normal(size=120) * np.sqrt(v + tau**2)
    search = inspect.unwrap(null_standardised)  # not what is remembered of the same numbers
    every = search(y, v)
    monkeypatch.setattr(nst_search, "MOST", 360 * 120)
    monkeypatch.setattr(nst_search, "FEWEST", 1)
    some = search(y, v)
    assert (some.low, some.high) == pytest.approx((every.low, every.high), rel=1e-9)
    assert some.p_value == every.p_value


@pytest.mark.parametrize("k", [260, 900])
def test_of_many_trials_fewer_candidates_give_the_same_ends(k, monkeypatch):
    """Estimates with heavy tails and errors of all sizes, looked at four times as closely."""
    rng = np.random.default_rng(k)
    for tau in (0.0, 0.8):
        v = 10 ** rng.uniform(-3, 0.5, k)
        y = tau * rng.standard_t(2, k) + np.sqrt(v) * rng.normal(size=k)
        trials = TrialSets(y[:, None], v[:, None])
        ends = []
        for factor in (1, 4):
            with monkeypatch.context() as patch:
                patch.setattr(nst_search, "MOST", factor * nst_search.MOST)
                ends.append(np.ravel(hull(trials, scan(trials, 0.1), 0.1)))
        assert ends[0] == pytest.approx(ends[1], rel=1e-11)
