"""Second derivatives of the marginal likelihood of a logistic mixed model, study by study, in closed form.

The conditional mode b and log|H| are differentiated twice through b'(psi): along the mode eta moves by
E = D + V b', where D moves it at fixed b, and its bending is S + V b'' with S = dV b' and its transpose. All
is made of each study's sums of products of E and dV, which one multiplication of matrices gives. The names
are those of `glmm`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from ipdma.model.glmm import GlmmData, Modes, columns_at, find_modes, mode_derivatives, node_densities

Array = np.ndarray


@dataclass(frozen=True)
class Sums:
    """Each study's sums over its rows, with w = mu (1 - mu), its derivatives w1 and w2, and h = V'H^-1 V.

    dV, the derivative of V, is zero but for the m entries of theta, which alone stand here. q is c + m.

    Attributes
    ----------
    EE, EE_h : ndarray of shape (K, q, q)
        w E E' and w2 h E E'.
    EE_V : ndarray of shape (K, q, q, r)
        w1 E E' V.
    E_dV : ndarray of shape (K, q, m, r)
        w E dV.
    E_turned : ndarray of shape (K, q, m)
        w1 E dV H^-1 V.
    E_VV : ndarray of shape (K, q, r, r)
        w1 E V V'.
    dV_dV : ndarray of shape (K, m, r, m, r)
        w dV dV'.
    dV_V : ndarray of shape (K, m, r, r)
        w dV V'.
    dV_h, dV_rest : ndarray of shape (K, m, r)
        w1 h dV and (y - mu) dV.
    V_h : ndarray of shape (K, r)
        w1 h V.
    """

    EE: Array
    EE_h: Array
    EE_V: Array
    E_dV: Array
    E_turned: Array
    E_VV: Array
    dV_dV: Array
    dV_V: Array
    dV_h: Array
    dV_rest: Array
    V_h: Array


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
        return data.products(data.A, data.A * (mu * (mu - 1))[:, None])
    at = at or find_modes(data, coefficients, theta)
    direct, dV = columns_at(data, at.b), moved_factors(data)
    d_b, d_logdet = mode_derivatives(data, at, direct)
    sums = sums_at(data, at, direct + np.einsum("na,npa->np", at.V, d_b[data.study]), dV)
    d2_b = bending(at, sums, d_b)
    d2_logdet = second_logdet(at, sums, d_b, d2_b)
    if len(data.nodes) > 1:
        return second_quadrature(data, at, dV, (d_b, d2_b), (d_logdet, d2_logdet))
    found: Array = along(sums.dV_rest, d_b) - sums.EE - d_b @ np.swapaxes(d_b, 1, 2) - 0.5 * d2_logdet
    return found


def moved_factors(data: GlmmData) -> Array:
    """d V / d theta, shape (n, m, r); V is linear in theta."""
    dV = np.zeros((len(data.y), len(data.pairs), data.Z.shape[1]))
    for position, (i, j) in enumerate(data.pairs):
        for m in data.span(position):
            dV[:, position, j + m] += data.Z[:, i + m]
    return dV


def sums_at(data: GlmmData, at: Modes, E: Array, dV: Array) -> Sums:
    """All sums over rows that the second derivatives are made of."""
    (n, q), (m, r), K = E.shape, dV.shape[1:], data.n_studies
    w = at.mu * (1 - at.mu)
    w1, w2 = w * (1 - 2 * at.mu), w * (1 - 6 * w)
    turned = np.einsum("na,nab->nb", at.V, at.H_inverse[data.study])
    h = np.einsum("na,na->n", turned, at.V)
    V1 = at.V * w1[:, None]
    flat = dV.reshape(n, m * r)
    columns = {
        "EE": E * w[:, None],
        "EE_h": E * (h * w2)[:, None],
        "EE_V": (E[:, :, None] * V1[:, None]).reshape(n, q * r),
        "dV": flat * w[:, None],
        "turned": np.einsum("npa,na->np", dV, turned * w1[:, None]),
        "VV": (V1[:, :, None] * at.V[:, None]).reshape(n, r * r),
        "V": at.V * w[:, None],
        "h": (h * w1)[:, None],
        "rest": (data.y - at.mu)[:, None],
    }
    products = data.products(np.column_stack([E, flat]), np.column_stack(list(columns.values())))
    cuts = np.cumsum([part.shape[1] for part in columns.values()])[:-1]
    by_E, by_dV = (
        dict(zip(columns, np.split(part, cuts, axis=2), strict=True))
        for part in (products[:, :q], products[:, q:])
    )
    return Sums(
        EE=by_E["EE"],
        EE_h=by_E["EE_h"],
        EE_V=by_E["EE_V"].reshape(K, q, q, r),
        E_dV=by_E["dV"].reshape(K, q, m, r),
        E_turned=by_E["turned"],
        E_VV=by_E["VV"].reshape(K, q, r, r),
        dV_dV=by_dV["dV"].reshape(K, m, r, m, r),
        dV_V=by_dV["V"].reshape(K, m, r, r),
        dV_h=by_dV["h"].reshape(K, m, r),
        dV_rest=by_dV["rest"].reshape(K, m, r),
        V_h=data.by_study(V1 * h[:, None]),
    )


def both_ways(square: Array) -> Array:
    """A matrix and its transpose, of axes 1 and 2."""
    found: Array = square + np.swapaxes(square, 1, 2)
    return found


def along(dV: Array, d_b: Array) -> Array:
    """The sum of S, shape (K, q, q), from that of dV, shape (K, m, r), and b' of shape (K, q, r)."""
    found = np.zeros((*d_b.shape[:2], d_b.shape[1]))
    found[:, d_b.shape[1] - dV.shape[1] :] = dV @ np.swapaxes(d_b, 1, 2)
    return both_ways(found)


def bending(at: Modes, sums: Sums, d_b: Array) -> Array:
    """The second derivatives of the modes, shape (K, q, q, r), from those of sum V (y - mu) - b = 0."""
    c = d_b.shape[1] - sums.dV_V.shape[1]
    right = np.zeros_like(sums.EE_V)
    right[:, :, c:] = sums.E_dV
    right[:, c:] += np.einsum("kpba,kqb->kpqa", sums.dV_V, d_b)
    found: Array = -(both_ways(right) + sums.EE_V) @ at.H_inverse[:, None]
    return found


def second_logdet(at: Modes, sums: Sums, d_b: Array, d2_b: Array) -> Array:
    """Second derivatives of log|H| along the modes, shape (K, q, q)."""
    c = d_b.shape[1] - sums.dV_V.shape[1]
    mixed = np.zeros_like(sums.EE)
    mixed[:, :, c:] = 2 * sums.E_turned
    found = sums.EE_h + both_ways(mixed) + along(sums.dV_h, d_b)
    found[:, c:, c:] += 2 * np.einsum("kpaqb,kab->kpq", sums.dV_dV, at.H_inverse)
    found += np.einsum("kpqa,ka->kpq", d2_b, sums.V_h)
    d_H = sums.E_VV.copy()
    d_H[:, c:] += sums.dV_V + np.swapaxes(sums.dV_V, 2, 3)
    share = at.H_inverse[:, None] @ d_H
    found -= np.einsum("kpab,kqba->kpq", share, share)
    return np.asarray(found)


def second_quadrature(
    data: GlmmData, at: Modes, dV: Array, modes: tuple[Array, Array], logdet: tuple[Array, Array]
) -> Array:
    """Second derivatives under adaptive Gauss-Hermite: of log sum exp over the nodes b + sqrt(2 / H) x.

    `modes` and `logdet` are the first and second derivatives of the modes and of log|H|.
    """
    d_logdet, d2_logdet = logdet
    sigma, both = at.H[:, 0, 0] ** -0.5, d_logdet[:, :, None] * d_logdet[:, None, :]
    d_sigma = -0.5 * sigma[:, None] * d_logdet
    d2_sigma = sigma[:, None, None] * (0.25 * both - 0.5 * d2_logdet)
    table, slopes = node_densities(data, at, modes[0], d_logdet)
    share = softmax(table, axis=0)
    found = -0.5 * d2_logdet
    for x, part, slope in zip(data.nodes, share, slopes, strict=True):
        reach = np.sqrt(2) * x
        b = at.b[:, 0] + reach * sigma
        d_b, d2_b = modes[0][..., 0] + reach * d_sigma, modes[1][..., 0] + reach * d2_sigma
        mu = expit(at.eta0 + at.V[:, 0] * b[data.study])
        E = columns_at(data, b[:, None]) + at.V * d_b[data.study]
        rest = data.y - mu
        inner = -data.products(E, E * (mu * (1 - mu))[:, None]) - d_b[:, :, None] * d_b[:, None, :]
        inner += along(data.by_study(dV * rest[:, None, None]), d_b[..., None])
        inner += (data.by_study(at.V[:, 0] * rest) - b)[:, None, None] * d2_b
        found = found + part[:, None, None] * (inner + slope[:, :, None] * slope[:, None, :])
    mean = np.einsum("jk,jkp->kp", share, slopes)
    return np.asarray(found - mean[:, :, None] * mean[:, None, :])
