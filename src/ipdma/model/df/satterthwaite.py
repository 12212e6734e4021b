"""Satterthwaite's degrees of freedom with the observed information, as lmerTest has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipdma.model.bordered import Bordered
from ipdma.model.df.method import Array, Batch, Combinations, DfMethod, Inference
from ipdma.model.parameter_covariance import ParameterCovariance

FLAT = 1e-8  # share of the largest eigenvalue below which a direction is dropped


class Satterthwaite(DfMethod):
    """t on df that match the first two moments of the estimated variance."""

    name = "satterthwaite"
    label = "Satterthwaite"
    families = ("gaussian",)
    singular = (
        "Satterthwaite's df are unreliable here: the component drops out, so they are near the residual ones "
        "and the interval may be too narrow; kenward_roger or k_minus_1 is safer"
    )

    def df(self, inference: Inference, asked: Combinations) -> list[float | None]:
        """2 v^2 / var(v) of each combination."""
        return [float(df) for df in single_df(inference, inference.once(observed_w), asked.rows)]

    def joint(self, inference: Inference, asked: Combinations) -> tuple[float, float]:
        """F, and its df from those of its principal contrasts."""
        return joint_f(inference, inference.once(observed_w), asked.rows, asked.values)

    def batch(self, fits: Batch) -> tuple[Array, Array]:
        """Model-based standard errors with Satterthwaite's df."""
        return fits.std_error, fits.satterthwaite_df


def observed_w(inference: Inference) -> ParameterCovariance:
    """Covariance of the variance parameters from the observed Hessian."""
    return parameter_covariance(*inference.known.observed())


def parameter_covariance(hessian: Array | Bordered, jacobian: Array) -> ParameterCovariance:
    """Covariance of gamma from the observed Hessian in the search parameters.

    The covariance of the search parameters is 2 H^-1 without flat or falling directions; a variance of zero
    has gradient zero there and drops out.
    """
    if isinstance(hessian, Bordered):
        form, size = hessian.scaled()
        if form.is_positive:
            d, root = len(form.corner), np.sqrt(2) / size
            return form.inverse().scaled(jacobian[:d, :d] * root[:d], jacobian.diagonal()[d:] * root[d:])
        hessian = hessian.matrix
    size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    values, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    good = values > FLAT * max(float(values.max()), 0.0)
    inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T / np.outer(size, size)
    return ParameterCovariance.of(jacobian @ (2 * inverse) @ jacobian.T)


def single_df(inference: Inference, w: ParameterCovariance, rows: Any) -> Array:
    """2 v^2 / g'W g for each row, shape (rows,)."""
    v, norms = inference.covariance.variances(rows), inference.known.gradient_norms(rows, w)
    with np.errstate(over="ignore"):  # a variance that no parameter moves has infinite df
        found: Array = 2 * v**2 / np.maximum(norms, 1e-300)
        return found


def joint_f(inference: Inference, w: ParameterCovariance, rows: Any, estimate: Array) -> tuple[float, float]:
    """F of several rows and its denominator degrees of freedom, from those of its principal contrasts."""
    values, vectors = np.linalg.eigh(inference.covariance.products(rows))
    f = float(((vectors.T @ estimate) ** 2 / values).mean())
    return f, combine_df(single_df(inference, w, vectors.T @ rows))


def combine_df(df: Array) -> float:
    """Denominator df of F from those of its independent squared t's (Fai and Cornelius 1996).

    Two where one of these has two or fewer, as in lmerTest.
    """
    if np.ptp(df) < 1e-8:
        return float(df.mean())
    if (df <= 2).any():
        return 2.0
    expectation = float((df / (df - 2)).sum())
    return 2 * expectation / (expectation - len(df))
