"""The restricted cubic spline: its basis by hand, its pooled interaction by the reference."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ipdma.model.spline import fit_spline, spline_basis

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "data"


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
    knots, names = np.log([4, 9, 18, 40]), ["s1", "s2", "s3"]
    rows[names] = spline_basis(rows["log_dur"], knots)
    fit = fit_spline(rows, names, ["base"], knots)
    assert fit.gamma == pytest.approx([2.590773, -10.284590, 28.806073], rel=1e-5)
    overall, nonlinear = fit.wald(range(3)), fit.wald((1, 2))
    assert overall == pytest.approx((7.500008, 3, 0.05756), rel=1e-4)
    assert nonlinear == pytest.approx((3.758779, 2, 0.15268), rel=1e-4)
