"""The slow, obvious twin of the model over visits: every matrix written out, one row at a time."""

import itertools

import numpy as np


def columns(rows, study_names, visits, baseline, covariates, stratified=True):
    """X with names: treatment per later visit, then intercepts and slopes per visit (and study)."""
    later = [v for v in visits if v != baseline]
    named = {f"treatment[{v}]": rows.treat.to_numpy() * (rows.visit == v).to_numpy() for v in later}
    centred = {c: (rows[c] - rows.groupby("study")[c].transform("mean")).to_numpy() for c in covariates}
    for v in visits:
        groups = study_names if stratified else [None]
        for s in groups:
            at = (rows.visit == v).to_numpy() & ((rows.study == s).to_numpy() if s else True)
            if not at.any():
                continue
            label = f"[{v}][{s}]" if s else f"[{v}]"
            named[f"intercept{label}"] = at.astype(float)
            for c in covariates:
                named[f"{c}{label}"] = centred[c] * at
    return named


def basis_matrices(rows, visits, baseline, covariance, correlated):
    """dV/dgamma for each linear parameter, as full n x n matrices, in the engine's order."""
    n = len(rows)
    code = rows.visit.map({v: j for j, v in enumerate(visits)}).to_numpy()
    same = (rows.pid.to_numpy()[:, None] == rows.pid.to_numpy()[None, :]).astype(float)
    bases = []
    if covariance == "intercept":
        bases += [same, np.eye(n)]
    else:
        for a in range(len(visits)):
            for b in range(a + 1):
                pick = np.zeros((len(visits), len(visits)))
                pick[a, b] = pick[b, a] = 1.0
                bases.append(same * pick[np.ix_(code, code)])
    together = (rows.study.to_numpy()[:, None] == rows.study.to_numpy()[None, :]).astype(float)
    later = [j for j, v in enumerate(visits) if v != baseline]
    z = rows.treat.to_numpy()
    for x, y in itertools.product(range(len(later)), repeat=2):
        if y > x or (not correlated and x != y):
            continue
        at = (code[:, None] == later[x]) & (code[None, :] == later[y])
        at = at | at.T
        bases.append(together * at * np.outer(z, z))
    return bases


def twin(y, x, bases, gamma, contrast=None):
    """Criterion, beta, covariances, df per coefficient, joint F, by explicit inverses."""
    n, p = x.shape
    v = sum(g * b for g, b in zip(gamma, bases, strict=True))
    vi = np.linalg.inv(v)
    c = np.linalg.inv(x.T @ vi @ x)
    beta = c @ x.T @ vi @ y
    e = y - x @ beta
    deviance = np.linalg.slogdet(v)[1] + e @ vi @ e + n * np.log(2 * np.pi)
    restricted = deviance + np.linalg.slogdet(x.T @ vi @ x)[1] - p * np.log(2 * np.pi)
    vib = [vi @ b for b in bases]
    big_p = [x.T @ m @ vi @ x for m in vib]
    r = len(bases)
    information, q = np.zeros((r, r)), {}
    for i in range(r):
        for j in range(r):
            q[i, j] = x.T @ vib[i] @ vib[j] @ vi @ x
            information[i, j] = 0.5 * (
                np.trace(vib[i] @ vib[j]) - 2 * np.trace(c @ q[i, j]) + np.trace(c @ big_p[i] @ c @ big_p[j])
            )
    w = np.linalg.inv(information)
    u = sum(w[i, j] * (q[i, j] - big_p[i] @ c @ big_p[j]) for i in range(r) for j in range(r))
    adjusted = c + 2 * c @ u @ c
    rows = np.eye(p) if contrast is None else contrast
    return {
        "reml": restricted,
        "ml": deviance,
        "beta": beta,
        "covariance": c,
        "adjusted": adjusted,
        "df": [single_df(row, c, big_p, w) for row in rows],
        "joint": joint(rows, beta, c, adjusted, big_p, w),
    }


def single_df(row, c, big_p, w):
    """Satterthwaite df with expected information, which is Kenward-Roger's for one contrast."""
    v = row @ c @ row
    g = np.array([row @ c @ p @ c @ row for p in big_p])
    return 2 * v**2 / (g @ w @ g)


def joint(rows, beta, c, adjusted, big_p, w):
    """Scaled F and denominator df of L beta = 0 (Kenward and Roger 1997, section 3)."""
    r = len(rows)
    theta = rows.T @ np.linalg.inv(rows @ c @ rows.T) @ rows
    k = len(big_p)
    a1 = sum(
        w[i, j] * np.trace(theta @ c @ big_p[i] @ c) * np.trace(theta @ c @ big_p[j] @ c)
        for i in range(k)
        for j in range(k)
    )
    a2 = sum(
        w[i, j] * np.trace(theta @ c @ big_p[i] @ c @ theta @ c @ big_p[j] @ c)
        for i in range(k)
        for j in range(k)
    )
    b = (a1 + 6 * a2) / (2 * r)
    g = ((r + 1) * a1 - (r + 4) * a2) / ((r + 2) * a2)
    d = 3 * r + 2 * (1 - g)
    c1, c2, c3 = g / d, (r - g) / d, (r + 2 - g) / d
    e = 1 / (1 - a2 / r)
    variance = (2 / r) * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = variance / (2 * e**2)
    m = 4 + (r + 2) / (r * rho - 1)
    scale = m / (e * (m - 2))
    effect = rows @ beta
    return scale * effect @ np.linalg.inv(rows @ adjusted @ rows.T) @ effect / r, m
