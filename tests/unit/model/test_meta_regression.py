"""Meta-regression beside metafor."""

import numpy as np
import pytest

from ipdma.errors import FitError
from ipdma.model.meta_regression import meta_regression

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
