"""Second derivatives of the marginal likelihood of a logistic mixed model, study by study, in closed form.

The conditional mode b and log|H| are differentiated twice through b'(psi): along the mode eta moves by
E = D + V b', its bending is B = S + S' + V b'' with S = dV b'. The names are those of `glmm`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from ipdma.model.glmm import GlmmData, Modes, columns_at, find_modes, mode_derivatives, node_densities

Array = np.ndarray


@dataclass(frozen=True)
class Bend:
    """What a second derivative is made of, with q = c + m parameters of each study.

    Attributes
    ----------
    dV : ndarray of shape (n, q, r)
        d V / d psi; V is linear in psi.
    S : ndarray of shape (n, q, q)
        dV_p b'_q and its transpose.
    d_b, d2_b : ndarray of shape (K, q, r) and (K, q, q, r)
        First and second derivatives of the modes.
    """

    dV: Array
    S: Array
    d_b: Array
    d2_b: Array


def marginal_hessian(data: GlmmData, coefficients: Array, theta: Array, at: Modes | None = None) -> Array:
    """Second derivatives of each study's log likelihood.

    Parameters
    ----------
    coefficients : ndarray of shape (K, c)
    theta : ndarray of shape (K, m)
    at : Modes, optional
        The modes there, where they are known.

    Returns
    -------
    ndarray of shape (K, c + m, c + m)
    """
    if not data.Z.shape[1]:
        mu = expit(np.einsum("nc,nc->n", data.A, coefficients[data.study]))
        return outer_sum(data, data.A, mu * (mu - 1))
    at = at or find_modes(data, coefficients, theta)
    direct = columns_at(data, at.b)
    d_b, d_logdet = mode_derivatives(data, at, direct)
    E = direct + np.einsum("na,npa->np", at.V, d_b[data.study])
    bend = bending(data, at, E, d_b)
    d2_logdet = second_logdet(data, at, E, bend)
    if len(data.nodes) > 1:
        return second_quadrature(data, at, bend, d_logdet, d2_logdet)
    w = at.mu * (1 - at.mu)
    inner = outer_sum(data, E, -w) + data.by_study(bend.S * (data.y - at.mu)[:, None, None])
    found: Array = inner - d_b @ np.swapaxes(d_b, 1, 2) - 0.5 * d2_logdet
    return found


def outer_sum(data: GlmmData, rows: Array, weight: Array) -> Array:
    """Each study's sum of weight x x', shape (K, q, q)."""
    found: Array = data.by_study((rows * weight[:, None])[:, :, None] * rows[:, None, :])
    return found


def bending(data: GlmmData, at: Modes, E: Array, d_b: Array) -> Bend:
    """The second derivatives of the modes, from those of sum V (y - mu) - b = 0."""
    n, q = E.shape
    dV = np.zeros((n, q, data.Z.shape[1]))
    for position, (i, j) in enumerate(data.pairs):
        for m in data.span(position):
            dV[:, q - len(data.pairs) + position, j + m] += data.Z[:, i + m]
    half = np.einsum("npa,nqa->npq", dV, d_b[data.study])
    S = half + np.swapaxes(half, 1, 2)
    w = at.mu * (1 - at.mu)
    curved = (w * (1 - 2 * at.mu))[:, None, None] * E[:, :, None] * E[:, None, :] + w[:, None, None] * S
    turned = data.by_study((w[:, None] * E)[:, :, None, None] * dV[:, None])
    right = turned + np.swapaxes(turned, 1, 2)
    right = right + data.by_study(curved[..., None] * at.V[:, None, None, :])
    return Bend(dV, S, d_b, -np.einsum("kpqa,kab->kpqb", right, at.H_inverse))


def second_logdet(data: GlmmData, at: Modes, E: Array, bend: Bend) -> Array:
    """Second derivatives of log|H| along the modes, shape (K, q, q)."""
    w = at.mu * (1 - at.mu)
    w1, w2 = w * (1 - 2 * at.mu), w * (1 - 6 * w)
    inverse = at.H_inverse[data.study]
    VH = np.einsum("na,nab->nb", at.V, inverse)
    kappa = np.einsum("na,na->n", VH, at.V)
    tau = np.einsum("npa,na->np", bend.dV, VH)
    mixed = 2 * data.by_study((w1[:, None] * E)[:, :, None] * tau[:, None, :])
    turned = np.einsum("npa,nab->npb", bend.dV * w[:, None, None], inverse)
    found = outer_sum(data, E, kappa * w2) + mixed + np.swapaxes(mixed, 1, 2)
    found += data.by_study((kappa * w1)[:, None, None] * bend.S + 2 * turned @ np.swapaxes(bend.dV, 1, 2))
    found += np.einsum("kpqa,ka->kpq", bend.d2_b, data.by_study((kappa * w1)[:, None] * at.V))
    side = np.einsum("npa,nb->npab", bend.dV * w[:, None, None], at.V)
    d_H = data.by_study(
        (w1[:, None] * E)[:, :, None, None] * at.V[:, None, :, None] * at.V[:, None, None, :]
        + side
        + np.swapaxes(side, 2, 3)
    )
    share = np.einsum("kab,kpbc->kpac", at.H_inverse, d_H)
    found -= np.einsum("kpab,kqba->kpq", share, share)
    return np.asarray(found)


def second_quadrature(data: GlmmData, at: Modes, bend: Bend, d_logdet: Array, d2_logdet: Array) -> Array:
    """Second derivatives under adaptive Gauss-Hermite: of log sum exp over the nodes b + sqrt(2 / H) x."""
    sigma, both = at.H[:, 0, 0] ** -0.5, d_logdet[:, :, None] * d_logdet[:, None, :]
    d_sigma = -0.5 * sigma[:, None] * d_logdet
    d2_sigma = sigma[:, None, None] * (0.25 * both - 0.5 * d2_logdet)
    table, slopes = node_densities(data, at, bend.d_b, d_logdet)
    share = softmax(table, axis=0)
    found = -0.5 * d2_logdet
    for x, part, slope in zip(data.nodes, share, slopes, strict=True):
        reach = np.sqrt(2) * x
        b = at.b[:, 0] + reach * sigma
        d_b, d2_b = bend.d_b[..., 0] + reach * d_sigma, bend.d2_b[..., 0] + reach * d2_sigma
        mu = expit(at.eta0 + at.V[:, 0] * b[data.study])
        E = columns_at(data, b[:, None]) + at.V * d_b[data.study]
        half = bend.dV[..., 0][:, :, None] * d_b[data.study][:, None, :]
        inner = outer_sum(data, E, -mu * (1 - mu)) - d_b[:, :, None] * d_b[:, None, :]
        inner += data.by_study((half + np.swapaxes(half, 1, 2)) * (data.y - mu)[:, None, None])
        inner += (data.by_study(at.V[:, 0] * (data.y - mu)) - b)[:, None, None] * d2_b
        found = found + part[:, None, None] * (inner + slope[:, :, None] * slope[:, None, :])
    mean = np.einsum("jk,jkp->kp", share, slopes)
    return np.asarray(found - mean[:, :, None] * mean[:, None, :])
