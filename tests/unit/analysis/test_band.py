"""Bands along a moderator are smooth, agree with the table, and with their own p values."""

import numpy as np
import pytest
from tests.builders.gaussian_rows import draw_rows

from ipdma.analysis.band import combine, quantiles, with_effects
from ipdma.model.fit import fit_model
from ipdma.model.interval import make_estimate, quantile
from ipdma.model.spec import ModelSpec

LEVEL = 0.95


def line(fit, values):
    """The effect along a centred moderator."""
    wanted = {f"{x:.3f}": {"treatment": 1.0, "treatment:within:z": float(x)} for x in values}
    return with_effects(fit, wanted, LEVEL).contrasts


@pytest.fixture(scope="module")
def fit():
    keys = {"moderator": "z", "df": "nst", "covariates": ["base"]}
    return fit_model(draw_rows(k=4), ModelSpec.from_mapping(keys))


def test_where_one_term_is_left_the_band_is_its_own_interval(fit):
    row, (at_mean,) = fit.estimate("treatment"), line(fit, [0.0])
    names = ("estimate", "df", "ci_low", "ci_high")
    assert [getattr(at_mean, n) for n in names] == pytest.approx([getattr(row, n) for n in names])


def test_the_band_is_convex_so_that_it_has_no_waves(fit):
    found = line(fit, np.linspace(-3, 3, 61))
    for half in (
        [e.ci_high - e.estimate for e in found],
        [e.estimate - e.ci_low for e in found],
    ):
        assert (np.diff(half, n=2) > -1e-9).all()


def test_the_band_is_no_wider_than_with_the_fewest_degrees_of_freedom():
    parts = [make_estimate("a", 0.3, 0.2, 2.5, LEVEL), make_estimate("b", -0.1, 0.1, 60.0, LEVEL)]
    covariance = np.array([[0.04, 0.006], [0.006, 0.01]])
    (found,) = combine(parts, covariance, np.array([[1.0, 2.0]]), ["x"], LEVEL)
    assert found.std_error == pytest.approx(np.sqrt(0.04 + 4 * 0.01 + 4 * 0.006))
    half = (found.ci_high - found.ci_low) / 2
    assert quantile(60.0, LEVEL) * found.std_error < half < quantile(2.5, LEVEL) * found.std_error
    d = quantile(2.5, LEVEL) * 0.2, 2 * quantile(60.0, LEVEL) * 0.1
    assert half == pytest.approx(np.sqrt(d[0] ** 2 + d[1] ** 2 + 2 * 0.3 * d[0] * d[1]))


def test_with_equal_df_it_is_the_t_interval_and_its_p():
    parts = [make_estimate("a", 0.3, 0.2, 9.0, LEVEL), make_estimate("b", 0.2, 0.1, 9.0, LEVEL)]
    covariance = np.array([[0.04, 0.0], [0.0, 0.01]])
    (found,) = combine(parts, covariance, np.array([[1.0, 1.0]]), ["x"], LEVEL)
    expected = make_estimate("x", 0.5, np.sqrt(0.05), 9.0, LEVEL)
    for name in ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name)), name


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_p_is_below_the_level_exactly_when_the_interval_excludes_zero(level):
    rng = np.random.default_rng(5)
    for _ in range(100):
        parts = [make_estimate("a", rng.normal(), 0.5, rng.uniform(1.5, 30), level) for _ in range(2)]
        covariance = np.array([[0.25, 0.05], [0.05, 0.25]])
        for one in combine(parts, covariance, rng.normal(size=(4, 2)), list("abcd"), level):
            assert (one.p_value < 1 - level) == (one.ci_low > 0 or one.ci_high < 0)


def test_a_term_with_an_endless_interval_makes_no_number_of_a_weight_of_zero():
    parts = [make_estimate("a", 0.3, 0.2, 1e-4, LEVEL), make_estimate("b", 0.2, 0.1, 9.0, LEVEL)]
    assert parts[0].ci_high > 1e100
    covariance = np.diag([0.04, 0.01])
    with np.errstate(invalid="raise", over="raise"):
        both, second = combine(parts, covariance, np.array([[1.0, 1.0], [0.0, 1.0]]), ["x", "y"], LEVEL)
    assert both.p_value > 0.99
    assert (second.ci_low, second.p_value) == pytest.approx((parts[1].ci_low, parts[1].p_value))


def test_critical_values_of_the_smallest_p_are_no_less_than_those_of_larger_ones():
    df = np.array([0.5, 1.0, 3.0, 5.0, 10.0, np.inf])
    found = quantiles(df, np.array([1e-300, 1e-100, 0.05]))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=0) <= 0).all()
