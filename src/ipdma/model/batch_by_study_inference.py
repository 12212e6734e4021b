"""Small-sample inference of `batch_by_study.py`: Satterthwaite and Kenward-Roger of every coefficient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.batch_by_study import GroupedBatch, GroupedState, Slopes
from ipdma.model.swept import Second, second_powers


@dataclass(frozen=True)
class SmallSample:
    """What df methods ask of B fits, in columns X root'^-1, where C is the identity.

    Coefficient j is the direction u_j = root^-1 e_j.

    Attributes
    ----------
    u : ndarray of shape (B, p, p)
        root^-1.
    by_parameter : ndarray of shape (B, G, p, p)
        P_i of each entry of D and residual variance.
    expected : ndarray of shape (B, G, G)
        Covariance of these from the expected information.
    extra : ndarray of shape (B, p, p)
        sum_ih W_ih (Q_ih - P_i P_h), the half of what Kenward and Roger add to C.
    """

    u: np.ndarray
    by_parameter: np.ndarray
    expected: np.ndarray
    extra: np.ndarray


def small_sample(batch: GroupedBatch, state: GroupedState, slopes: Slopes) -> SmallSample:
    """The small-sample inference of all fits."""
    turned = slopes.turned
    powers = second_powers(slopes.groups, turned)
    by_parameter = np.concatenate([turned.by_d, powers.by_group], axis=1)[..., :-1, :-1]
    expected = expected_covariance(slopes.expected)
    count, total, p = by_parameter.shape[:3]
    weighted = (expected @ by_parameter.reshape(count, total, p * p)).reshape(count, total * p, p)
    products = by_parameter.reshape(count, total * p, p).mT @ weighted
    extra = second_order(batch, state, slopes, powers, expected) - products
    return SmallSample(state.inverse_root, by_parameter, expected, (extra + extra.mT) / 2)


def each_coefficient(
    found: SmallSample, observed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each coefficient its variance, Satterthwaite's df, Kenward-Roger's df and variance, (B, p) each.

    `observed` is the covariance of the variance parameters from the observed Hessian, shape (B, G, G).
    """
    u = found.u
    gradients = ((found.by_parameter @ u[:, None]) * u[:, None]).sum(axis=2)
    variance = (u**2).sum(axis=1)
    extra = ((found.extra @ u) * u).sum(axis=1)
    with np.errstate(over="ignore", divide="ignore"):
        return (
            variance,
            2 * variance**2 / quadratic(gradients, observed),
            2 * variance**2 / quadratic(gradients, found.expected),
            variance + 2 * extra,
        )


def quadratic(gradients: np.ndarray, w: np.ndarray) -> np.ndarray:
    """g_j'W g_j of each coefficient, shape (B, p)."""
    found: np.ndarray = np.maximum(((w @ gradients) * gradients).sum(axis=1), 1e-300)
    return found


def second_order(
    batch: GroupedBatch, state: GroupedState, slopes: Slopes, powers: Second, w: np.ndarray
) -> np.ndarray:
    """sum_ih W_ih Q_ih, shape (B, p, p), up to what a symmetric matrix would be."""
    d, members = len(batch.pairs), batch.members
    moved = slopes.turned.moved[..., :-1]
    count, _, k, r, p = moved.shape
    weighted = (w[:, :d, :d] @ moved.reshape(count, d, k * r * p)).reshape(moved.shape)
    inside = (slopes.turned.hz[:, None] @ weighted).reshape(count, d * k * r, p)
    found = moved.reshape(count, d * k * r, p).mT @ inside
    mixed = moved * (w[:, :d, d:] @ members)[..., None, None]
    h2 = powers.h2[..., :-1].reshape(count, k * r, p)
    found = found + 2 * (mixed.sum(axis=1).reshape(count, k * r, p)).mT @ h2
    own = np.einsum("bgg->bg", w[:, d:, d:]) / state.sigma2
    each = (own[:, None] @ members)[:, 0, :, None, None] * slopes.turned.dh[..., :-1]
    second = (own[:, None] @ powers.by_group[..., :-1, :-1].reshape(count, -1, p * p)).reshape(count, p, p)
    total: np.ndarray = found + second - each.reshape(count, k * r, p).mT @ h2
    return total


def expected_covariance(expected: np.ndarray) -> np.ndarray:
    """W = 2 T^-1, by the pseudo-inverse where a parameter cannot be told from another; shape (B, G, G)."""
    size = np.sqrt(np.maximum(np.einsum("bii->bi", expected), 1e-300))
    outer = size[:, :, None] * size[:, None]
    found: np.ndarray = 2 * np.linalg.pinv(expected / outer, rcond=1e-10, hermitian=True) / outer
    return found


def observed_covariance(slopes: Slopes) -> np.ndarray:
    """Covariance of (D, sigma2) from the observed Hessian in theta, flat directions dropped; (B, G, G)."""
    size = np.sqrt(np.maximum(np.abs(np.einsum("bii->bi", slopes.hessian)), 1e-300))
    values, vectors = np.linalg.eigh(slopes.hessian / (size[:, :, None] * size[:, None]))
    good = values > 1e-8 * np.maximum(values[:, -1:], 0.0)
    scale = np.where(good, 1 / np.where(good, values, 1.0), 0.0)
    side = (slopes.jacobian / size[:, None]) @ vectors
    found: np.ndarray = 2 * (side * scale[:, None]) @ side.mT
    return found
