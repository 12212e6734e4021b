"""Kenward and Roger's (1997) small-sample covariance, degrees of freedom and scaled F.

In the form of Halekoh and Hojsgaard (2014): V is linear in gamma, so the terms with second derivatives of V
vanish. W = 2 T^-1 is the covariance of gamma from the expected information.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy  # its parts are loaded where they are first used

from ipdma.model.bordered import Bordered
from ipdma.model.df.method import Array, Batch, Combinations, Covariance, DfMethod, Inference, Keys
from ipdma.model.df.satterthwaite import single_df
from ipdma.model.parameter_covariance import ParameterCovariance

TOLD_APART = 1e-10  # of the information: what a parameter has beside all others


class KenwardRoger(DfMethod):
    """The adjusted covariance, t on matched df, and the scaled F."""

    name = "kenward_roger"
    label = "Kenward-Roger"
    families = ("gaussian",)
    singular = "Kenward-Roger still counts the component, so its interval stays wide and is conservative"
    beside = "kenward_roger"

    def conflicts(self, spec: Keys) -> list[str]:
        """It is defined for restricted maximum likelihood."""
        if spec.estimator != "ml":
            return []
        return [
            "df: kenward_roger needs estimator: reml, got ml; use reml, or df: satterthwaite or k_minus_1"
        ]

    def covariance(self, inference: Inference) -> Covariance:
        """The covariance with the uncertainty of the variance parameters in it."""
        return inference.once(adjusted_covariance)

    def df(self, inference: Inference, asked: Combinations) -> list[float | None]:
        """2 v^2 / g'W g of each combination."""
        return [float(df) for df in single_df(inference, inference.once(expected_w), asked.rows)]

    def joint(self, inference: Inference, asked: Combinations) -> tuple[float, float]:
        """The scaled F and its df."""
        return scaled_f(inference, asked.rows, asked.values)

    def batch(self, fits: Batch) -> tuple[Array, Array]:
        """Adjusted standard errors with Kenward-Roger's df."""
        return fits.kenward_roger_error, fits.kenward_roger_df


def expected_w(inference: Inference) -> ParameterCovariance:
    """Covariance of the variance parameters from the expected information."""
    return parameter_covariance(inference.known.expected)


def adjusted_covariance(inference: Inference) -> Covariance:
    """Phi_A = C + 2 C {sum_ij W_ij (Q_ij - P_i C P_j)} C of the scaled problem."""
    return inference.known.adjusted(inference.once(expected_w))


def parameter_covariance(expected: Array | Bordered) -> ParameterCovariance:
    """W = 2 T^-1, by the pseudo-inverse where a parameter cannot be told from another."""
    if isinstance(expected, Bordered):
        form, size = expected.scaled()
        if form.is_positive:
            d, root = len(form.corner), np.sqrt(2) / size
            return form.inverse().scaled(np.diag(root[:d]), root[d:])
        expected = expected.matrix
    size = np.sqrt(np.maximum(expected.diagonal(), 1e-300))
    both = size[:, None] * size
    scaled = expected / both
    root, failed = scipy.linalg.lapack.dpotrf(scaled, lower=1, clean=1)
    if (
        failed or not root.diagonal().min() ** 2 >= TOLD_APART
    ):  # or positive by rounding alone; NaN is refused
        inverse = scipy.linalg.pinvh(scaled, rtol=TOLD_APART)
    else:
        half = scipy.linalg.lapack.dtrtri(root, lower=1)[0]
        inverse = half.T @ half
    return ParameterCovariance.of(2 * inverse / both)


def scaled_f(inference: Inference, rows: Any, estimate: Array) -> tuple[float, float]:
    """The scaled F statistic of `rows` and its denominator degrees of freedom.

    Parameters
    ----------
    rows : q rows, as `Covariance` has them
        Independent combinations, of the scaled problem.
    estimate : ndarray of shape (q,)
        Their values.
    """
    q, w, adjusted = len(rows), inference.once(expected_w), inference.once(adjusted_covariance)
    theta = np.linalg.inv(inference.covariance.products(rows))
    tg = theta @ inference.known.variance_gradients(rows)
    trace = np.einsum("gaa->g", tg)
    a1 = float(trace @ w.times(trace[:, None])[:, 0])
    a2 = float((w.times(tg.reshape(len(tg), -1)) * np.swapaxes(tg, 1, 2).reshape(len(tg), -1)).sum())
    df, scale = moments_to_df(q, a1, a2)
    f = float(estimate @ np.linalg.solve(adjusted.products(rows), estimate)) / q
    return scale * f, df


def moments_to_df(q: int, a1: float, a2: float) -> tuple[float, float]:
    """Denominator degrees of freedom and scale of F for q combinations, from the article's A1 and A2."""
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    bottom = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / bottom, (q - g) / bottom, (q + 2 - g) / bottom
    v0, v1, v2 = 1 + c1 * b, 1 - c2 * b, 1 - c3 * b
    rho = ((1 - a2 / q) / v1) ** 2 * v0 / v2 / q
    df = 4 + (q + 2) / (q * rho - 1)
    scale = 1.0 if abs(df - 2) < 1e-2 else df * (1 - a2 / q) / (df - 2)
    return df, scale
