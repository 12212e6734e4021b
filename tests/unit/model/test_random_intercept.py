"""The random-intercept REML beside its dense form."""

import numpy as np
import pytest

from ipdma.model.random_intercept import fit_random_intercept


def test_random_intercept_is_the_dense_reml():
    rng = np.random.default_rng(2)
    study = np.repeat(np.arange(8), [5, 9, 12, 7, 20, 6, 11, 10])
    x = np.column_stack([np.ones(len(study)), rng.normal(size=len(study))])
    y = x @ [1.0, 2.0] + rng.normal(0, 1.0, 8)[study] + rng.normal(size=len(study))
    fit = fit_random_intercept(x, y, study)
    z = np.eye(8)[study]
    v = fit.tau2 * z @ z.T + fit.sigma2 * np.eye(len(y))
    inverse = np.linalg.inv(v)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    beta = covariance @ x.T @ inverse @ y
    assert fit.beta == pytest.approx(beta, rel=1e-8)
    assert fit.covariance == pytest.approx(covariance, rel=1e-8)
    assert fit.intercepts == pytest.approx(fit.tau2 * z.T @ inverse @ (y - x @ beta), rel=1e-7)
