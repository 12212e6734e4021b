"""Pooling: closed forms, few studies, what is warned of and what is refused."""

import numpy as np
import pytest
from scipy import stats

from ipdma.errors import DataError, FitError, SpecError
from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec
from ipdma.model.tau2 import estimate_tau2, generalised_q, log_likelihood, q_profile

Y = np.array([-0.257, -0.193, -0.287, 0.11, -0.62])
SE = np.array([0.405, 0.264, 0.441, 0.2, 0.31])
NAMES = ["a", "b", "c", "d", "e"]


def pool(y=Y, se=SE, names=NAMES, **keys):
    return pool_effects(names, y, se, PoolSpec(**keys))


def test_common_effect_is_the_inverse_variance_mean_with_a_wald_interval():
    pooled, w = pool(tau2="common"), 1 / SE**2
    assert pooled.estimate == pytest.approx(w @ Y / w.sum(), rel=1e-14)
    assert pooled.std_error == pytest.approx(w.sum() ** -0.5, rel=1e-14)
    assert pooled.df is None
    assert (pooled.tau2, pooled.i2, pooled.h2) == (0, 0, 1)
    assert pooled.tau2_ci_low is None
    assert pooled.pi_low is None


def test_equal_weights_are_the_t_interval_of_a_sample():
    pooled, sample = pool(ci="equal_weights"), stats.ttest_1samp(Y, 0.0)
    assert pooled.estimate == pytest.approx(Y.mean(), rel=1e-14)
    assert (pooled.statistic, pooled.p_value) == pytest.approx((sample.statistic, sample.pvalue), rel=1e-12)
    interval = sample.confidence_interval(0.95)
    assert (pooled.ci_low, pooled.ci_high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert list(pooled.weights.values()) == pytest.approx([20.0] * 5)
    assert pooled.tau2 == pool().tau2
    assert pooled.pi_low < pooled.estimate < pooled.pi_high
    assert pooled.pi_low + pooled.pi_high == pytest.approx(2 * pooled.estimate)
    with pytest.raises(FitError, match="no width"):
        pool([0.1, 0.1], [0.2, 0.3], ["a", "b"], ci="equal_weights")


@pytest.mark.parametrize("method", ["reml", "pm"])
def test_equal_variances_give_the_sample_variance_less_the_sampling_one(method):
    y = np.array([0.0, 1.0, 3.0, 8.0])
    assert estimate_tau2(y, np.full(4, 2.0), method) == pytest.approx(y.var(ddof=1) - 2, rel=1e-12)
    assert estimate_tau2(y, np.full(4, 2.0), "ml") == pytest.approx(y.var() - 2, rel=1e-12)
    assert estimate_tau2(y, np.full(4, 2.0), "dl") == pytest.approx(y.var(ddof=1) - 2, rel=1e-12)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_of_two_maxima_of_the_likelihood_the_higher_is_taken(method):
    # A tight pair and a far, uncertain group: the likelihood has a peak near zero and one far away.
    y = np.array([0.0, 0.1, 9.0, 10.5, -9.5, -10.0])
    v = np.array([1e-4, 1e-4, 60.0, 60.0, 60.0, 60.0])
    found = estimate_tau2(y, v, method)
    grid = np.concatenate([[0.0], np.geomspace(1e-8, 1e4, 4000)])
    best = max(log_likelihood(y, v, tau2, method == "reml") for tau2 in grid)
    assert log_likelihood(y, v, found, method == "reml") >= best - 1e-12


def test_q_profile_ends_meet_the_chi_squared_quantiles():
    y, v = np.array([0.0, 1.0, -2.0, 4.0]), np.array([0.2, 0.3, 0.1, 0.4])
    low, high = q_profile(y, v, 0.95)
    assert generalised_q(y, v, low) == pytest.approx(9.348403604496148, rel=1e-9)
    assert generalised_q(y, v, high) == pytest.approx(0.2157952826238981, rel=1e-9)


def test_one_study_keeps_its_own_estimate_and_says_so():
    pooled = pool([0.5], [0.2], ["007"])
    assert pooled.estimate == 0.5
    assert pooled.ci_high == pytest.approx(0.5 + 1.959963984540054 * 0.2)
    assert pooled.weights == {"007": 100}
    assert any("one study (007)" in w for w in pooled.warnings)


def test_two_studies_have_an_interval_and_no_prediction():
    pooled = pool(Y[:2], SE[:2], NAMES[:2])
    assert pooled.df == 1
    assert pooled.pi_low is None
    assert any("at least 3 studies, got 2" in w for w in pooled.warnings)


def test_a_narrow_hartung_knapp_interval_is_said_with_both():
    y, se = [-0.6, -0.61, -0.59], [0.2, 0.2, 0.2]
    plain, modified = pool(y, se, NAMES[:3]), pool(y, se, NAMES[:3], ci="modified_hksj")
    (warning,) = [w for w in plain.warnings if "narrower" in w]
    assert f"{plain.ci_low:.6g}" in warning
    assert f"{pool(y, se, NAMES[:3], ci='wald').ci_low:.6g}" in warning
    assert modified.ci_high - modified.ci_low > plain.ci_high - plain.ci_low
    assert not [w for w in modified.warnings if "narrower" in w]


def test_prediction_intervals_follow_their_keys():
    wald = pool(prediction_df="normal")
    half = 1.959963984540054 * np.sqrt(wald.tau2 + pool(ci="wald").std_error ** 2)
    assert wald.pi_high - wald.estimate == pytest.approx(half)
    assert pool(prediction_se="ci").pi_high != pool(prediction_se="wald").pi_high
    assert pool(prediction_df="k_minus_1").pi_high < pool(prediction_df="k_minus_2").pi_high


def test_equal_estimates_have_no_hartung_knapp_error():
    with pytest.raises(FitError, match="modified_hksj"):
        pool([0.5, 0.5], [0.2, 0.3], ["a", "b"])
    assert pool([0.5, 0.5], [0.2, 0.3], ["a", "b"], ci="modified_hksj").std_error > 0


def test_a_name_that_stands_twice_is_told_apart_and_said():
    pooled = pool(names=["a", "a", "a (2)", "b", "c"])
    assert list(pooled.weights) == ["a", "a (3)", "a (2)", "b", "c"]
    assert sum(pooled.weights.values()) == pytest.approx(100)
    assert any("named more than once" in w for w in pooled.warnings)


def test_every_bad_number_is_named_at_once():
    with pytest.raises(DataError) as error:
        pool([np.nan, 1, 2], [0.1, 0.0, -1], ["a", "b", "c"])
    assert all(f"'{name}'" in str(error.value) for name in "abc")


def test_unknown_keys_and_choices_are_refused_with_the_nearest():
    with pytest.raises(SpecError, match="did you mean 'std_error'"):
        PoolSpec.from_mapping({"std_eror": "sei"})
    with pytest.raises(SpecError, match="reml, dl, pm, ml, common"):
        PoolSpec.from_mapping({"tau2": "hedges"})
