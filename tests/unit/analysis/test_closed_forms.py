"""Numbers with a known answer: NNT, splines, meta-regression, Holm, power."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ipdma.analysis.absolute import NeededToTreat, nnt_from_odds_ratio, nnt_from_smd
from ipdma.analysis.meta_regression import meta_regression
from ipdma.analysis.multiplicity import holm
from ipdma.analysis.power import planned_power, planned_variance
from ipdma.analysis.splines import fit_spline, spline_basis
from ipdma.errors import FitError

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "data"

# Furukawa and Leucht (2011): effect size, then NNT at reference rates .1 to .5
FURUKAWA = {
    0.50: (8.530, 6.013, 5.256, 5.066, 5.223),
    0.62: (6.488, 4.710, 4.200, 4.114, 4.303),
    0.26: (18.693, 12.436, 10.445, 9.741, 9.750),
}


@pytest.mark.parametrize("d", FURUKAWA)
def test_nnt_of_a_standardised_effect(d):
    got = [nnt_from_smd(d, d - 0.1, d + 0.1, rate).nnt for rate in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert got == pytest.approx(FURUKAWA[d], abs=5e-4)


def test_nnt_interval_away_from_no_difference_is_plain():
    needed = nnt_from_smd(0.62, 0.47, 0.76, 0.3)
    assert not needed.through_infinity
    assert needed.text() == f"NNTB {needed.nnt:.1f} ({needed.high:.1f} to {needed.low:.1f})"
    assert needed.high < needed.nnt < needed.low


def test_nnt_interval_through_no_difference_runs_through_infinity():
    needed = nnt_from_smd(0.2, -0.1, 0.5, 0.2)
    assert needed.through_infinity
    assert needed.text().startswith("NNTB ")
    assert "to infinity to NNTH" in needed.text()
    assert needed.low < 0 < needed.high


def test_nnt_of_no_effect_is_infinite():
    needed = nnt_from_smd(0.0, -0.3, 0.3, 0.2)
    assert math.isinf(needed.nnt)
    assert needed.text().startswith("infinity (NNTB ")


def test_harm_is_named_harm():
    assert NeededToTreat(-8.0, -5.0, -20.0).text() == "NNTH 8.0 (5.0 to 20.0)"


def test_nnt_of_an_odds_ratio_by_hand():
    # reference rate .25 is odds 1/3; an odds ratio of 3 makes odds 1, rate .5, difference .25
    needed = nnt_from_odds_ratio(math.log(3), math.log(1.5), math.log(6), 0.25)
    assert needed.nnt == pytest.approx(4)
    bad = nnt_from_odds_ratio(math.log(3), math.log(1.5), math.log(6), 0.25, favourable=False)
    assert bad.nnt == pytest.approx(-4)


def test_an_event_rate_of_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        nnt_from_smd(0.5, 0.4, 0.6, 1.0)


def test_spline_basis_at_known_values():
    basis = spline_basis(np.array([10.0, 16.0, 30.0]), [8, 14, 20, 26])
    expected = [[10, 0.024691358, 0], [16, 1.580246914, 0.024691358], [30, 24, 6.666667]]
    assert basis == pytest.approx(np.array(expected), abs=1e-6)


def test_spline_is_linear_beyond_the_outer_knots():
    x = np.array([30.0, 31.0, 32.0, 40.0, 41.0, 42.0])
    basis = spline_basis(x, [8, 14, 20, 26])
    assert np.diff(basis[:3], n=2, axis=0) == pytest.approx(0, abs=1e-9)
    assert np.diff(basis[3:], n=2, axis=0) == pytest.approx(0, abs=1e-9)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared reference data are not beside this repository")
def test_spline_interaction_meets_the_multivariate_reference():
    rows = pd.read_csv(SHARED / "ipd_cont.csv").rename(columns={"post": "outcome"})
    fit = fit_spline(rows, "log_dur", ["base"], np.log([4, 9, 18, 40]))
    assert fit.gamma == pytest.approx([2.590773, -10.284590, 28.806073], rel=1e-5)
    overall, nonlinear = fit.wald(range(3)), fit.wald((1, 2))
    assert overall == pytest.approx((7.500008, 3, 0.05756), rel=1e-4)
    assert nonlinear == pytest.approx((3.758779, 2, 0.15268), rel=1e-4)


# Colditz 1994, BCG against tuberculosis: treated cases and others, control cases and others, latitude
BCG = np.array(
    [
        [4, 119, 11, 128, 44],
        [6, 300, 29, 274, 55],
        [3, 228, 11, 209, 42],
        [62, 13536, 248, 12619, 52],
        [33, 5036, 47, 5761, 13],
        [180, 1361, 372, 1079, 44],
        [8, 2537, 10, 619, 19],
        [505, 87886, 499, 87892, 13],
        [29, 7470, 45, 7232, 27],
        [17, 1699, 65, 1600, 42],
        [186, 50448, 141, 27197, 18],
        [5, 2493, 3, 2338, 33],
        [27, 16886, 29, 17825, 33],
    ],
    float,
)


def bcg_effects():
    a, b, c, d, latitude = BCG.T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    v = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    return y, v, latitude


def test_meta_regression_meets_metafor():
    """rma(yi, vi, mods = ~ lat, test = "knha", control = list(threshold = 1e-14)) of metafor 3.8."""
    y, v, latitude = bcg_effects()
    fit = meta_regression(y, v, np.column_stack([np.ones(13), latitude]))
    assert fit.beta == pytest.approx([0.251468210007, -0.029101725012], rel=1e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.283925283743, 0.008201417411], rel=1e-9)
    assert fit.tau2 == pytest.approx(0.076347963955, rel=1e-9)
    assert fit.q == pytest.approx(30.733090010749, rel=1e-9)
    assert (fit.df, fit.p_value(1)) == (11, pytest.approx(0.004566, abs=1e-5))


def test_meta_regression_on_the_intercept_alone_is_the_random_effects_mean():
    y, v, _ = bcg_effects()
    fit = meta_regression(y, v, np.ones((13, 1)))
    assert fit.beta[0] == pytest.approx(-0.7145323, abs=1e-6)
    assert fit.tau2 == pytest.approx(0.3132433, abs=1e-6)


def test_meta_regression_needs_more_studies_than_columns():
    with pytest.raises(FitError, match="2 studies cannot inform 2 coefficients"):
        meta_regression(np.array([1.0, 2]), np.array([1.0, 1]), np.array([[1.0, 0], [1, 1]]))


def test_holm_by_hand():
    # sorted .01 .02 .03 .5: times 4, 3, 2, 1, never falling
    got = holm({"a": 0.03, "b": 0.01, "c": 0.5, "d": 0.02})
    assert got == pytest.approx({"a": 0.06, "b": 0.04, "c": 0.5, "d": 0.06})


def test_holm_never_passes_one():
    assert holm({"a": 0.6, "b": 0.9}) == pytest.approx({"a": 1.0, "b": 1.0})


def test_power_for_a_stated_interaction():
    variances = [planned_variance(n, 0.5, 25.0, 0.64) for n in (36, 88, 60, 140)]
    se, power = planned_power(variances, -1.0)
    assert se == pytest.approx(0.6944444, abs=1e-7)
    assert power == pytest.approx(0.3018813, abs=1e-6)


def test_no_information_is_no_power():
    assert planned_power([math.inf], 1.0) == (math.inf, 0.0)
