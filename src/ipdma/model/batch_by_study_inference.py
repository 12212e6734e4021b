"""Small-sample inference of `batch_by_study.py`: Satterthwaite and Kenward-Roger of every coefficient."""

from __future__ import annotations

import numpy as np

from ipdma.model.batch_by_study import GroupedBatch, GroupedState, Slopes
from ipdma.model.swept import Second, second_powers


def small_sample(
    batch: GroupedBatch, state: GroupedState, slopes: Slopes
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Small-sample inference of each coefficient, four arrays of shape (B, p).

    They are its variance, Satterthwaite's df, Kenward-Roger's df and Kenward-Roger's variance.

    In columns X root'^-1, where C is the identity, coefficient j is the direction u_j = root^-1 e_j.
    """
    u, turned = state.inverse_root, slopes.turned
    powers = second_powers(slopes.groups, state.between, state.local, turned)
    by_parameter = np.concatenate([turned.by_d, powers.by_group], axis=1)[..., :-1, :-1]
    moved = by_parameter @ u[:, None]
    gradients = (moved * u[:, None]).sum(axis=2)
    variance = (u**2).sum(axis=1)
    expected = expected_covariance(slopes.expected)
    observed = observed_covariance(slopes)
    count, total, p = moved.shape[:3]
    weighted = (expected @ moved.reshape(count, total, p * p)).reshape(moved.shape)
    extra = second_order(batch, state, slopes, powers, expected) - (weighted * moved).sum(axis=(1, 2))
    with np.errstate(over="ignore", divide="ignore"):
        return (
            variance,
            2 * variance**2 / quadratic(gradients, observed),
            2 * variance**2 / quadratic(gradients, expected),
            variance + 2 * extra,
        )


def quadratic(gradients: np.ndarray, w: np.ndarray) -> np.ndarray:
    """g_j'W g_j of each coefficient, shape (B, p)."""
    found: np.ndarray = np.maximum(((w @ gradients) * gradients).sum(axis=1), 1e-300)
    return found


def second_order(
    batch: GroupedBatch, state: GroupedState, slopes: Slopes, powers: Second, w: np.ndarray
) -> np.ndarray:
    """sum_ih W_ih u_j'Q_ih u_j of each coefficient, shape (B, p)."""
    d, u, members = len(batch.pairs), state.inverse_root, batch.members
    h = slopes.turned.h[..., :-1] @ u[:, None]
    h2 = powers.h2[..., :-1] @ u[:, None]
    moved = batch.form.directions[:, None] @ h[:, None]
    shape = moved.shape
    weighted = (w[:, :d, :d] @ moved.reshape(*shape[:2], -1)).reshape(shape)
    found = (weighted * (slopes.turned.hz[:, None] @ moved)).sum(axis=(1, 2, 3))
    mixed = (moved * h2[:, None]).sum(axis=3)
    found = found + 2 * ((w[:, :d, d:] @ members)[..., None] * mixed).sum(axis=(1, 2))
    second = ((powers.by_group[..., :-1, :-1] @ u[:, None]) * u[:, None]).sum(axis=2)
    taken = members @ ((powers.dh[..., :-1] @ u[:, None]) * h2).sum(axis=2)
    third = (second - taken) / state.sigma2[..., None]
    diagonal = np.einsum("bgg->bg", w[:, d:, d:])
    total: np.ndarray = found + (diagonal[..., None] * third).sum(axis=1)
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
    found: np.ndarray = 2 * (side * scale[:, None]) @ np.swapaxes(side, 1, 2)
    return found
