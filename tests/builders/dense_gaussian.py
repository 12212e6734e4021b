"""The slow twin of the Gaussian engine: every matrix written out, every formula as the papers have it.

Variances come from a fit; everything else (deviance, estimates, covariance, Kenward-Roger, Satterthwaite) is
computed again from the rows with an explicit V.
"""

from __future__ import annotations

import numpy as np

from ipdma.model.design import Design
from ipdma.model.records import Fit


def full_columns(design: Design, terms: list[str]) -> np.ndarray:
    """X with a column for each term, stratified nuisance columns written out by study."""
    columns = []
    for term in terms:
        if term in design.shared_terms:
            columns.append(design.shared[:, design.shared_terms.index(term)])
            continue
        name, study = term[:-1].rsplit("[", 1)
        inside = design.study == design.studies.index(study)
        columns.append(np.where(inside, design.nuisance[:, design.nuisance_terms.index(name)], 0.0))
    return np.column_stack(columns)


def variance_directions(design: Design, fit: Fit) -> tuple[list[np.ndarray], np.ndarray, list[tuple]]:
    """dV / d gamma for every variance parameter, gamma itself, and what each is."""
    same = design.study[:, None] == design.study[None]
    parts, gamma, kinds = [], [], []
    names = list(design.random_terms)

    def outer(i: int, j: int) -> np.ndarray:
        return same * np.outer(design.random[:, i], design.random[:, j])

    for i, name in enumerate(names):
        parts.append(outer(i, i))
        gamma.append(fit.variance.of(name))
        kinds.append(("random", i, i))
        if i == 0 and design.correlated and names[:2] == ["intercept", "treatment"]:
            parts.append(outer(0, 1) + outer(1, 0))
            gamma.append(fit.variance.intercept_treatment_cov)
            kinds.append(("random", 1, 0))
    if fit.variance.residual_by_study:
        values = fit.variance.residual_by_study
        for value in dict.fromkeys(values.values()):
            members = [design.studies.index(s) for s, v in values.items() if v == value]
            parts.append(np.diag(np.isin(design.study, members).astype(float)))
            gamma.append(value)
            kinds.append(("residual",))
    else:
        parts.append(np.eye(design.n_rows))
        gamma.append(fit.variance.residual)
        kinds.append(("residual",))
    if design.participant is not None:
        who = design.participant
        parts.append(((who[:, None] == who[None]) & (who >= 0)).astype(float))
        gamma.append(getattr(fit.variance, design.spec.clustered))
        kinds.append(("participant",))
    return parts, np.array(gamma), kinds


class Dense:
    """All of a model's matrices at given variances."""

    def __init__(
        self,
        design: Design,
        fit: Fit,
        reml: bool,
        gamma: np.ndarray | None = None,
        directions=None,
        terms=None,
    ):
        terms = terms or [e.term for e in fit.estimates]
        self.x, self.y = full_columns(design, terms), design.outcome
        self.parts, at_fit, self.kinds = directions or variance_directions(design, fit)
        self.gamma = at_fit if gamma is None else gamma
        self.reml, self.design = reml, design
        self.v = sum(g * p for g, p in zip(self.gamma, self.parts, strict=True))
        self.inverse = np.linalg.inv(self.v)
        self.c = np.linalg.inv(self.x.T @ self.inverse @ self.x)
        self.beta = self.c @ self.x.T @ self.inverse @ self.y
        self.p = self.inverse - self.inverse @ self.x @ self.c @ self.x.T @ self.inverse

    def deviance(self) -> float:
        """Minus twice the (restricted) log likelihood."""
        n, p = self.x.shape
        value = np.linalg.slogdet(self.v)[1] + self.y @ self.p @ self.y
        if self.reml:
            return value - np.linalg.slogdet(self.c)[1] + (n - p) * np.log(2 * np.pi)
        return value + n * np.log(2 * np.pi)

    def expected(self) -> np.ndarray:
        """tr(P V_i P V_j)."""
        moved = [self.p @ part for part in self.parts]
        return np.array([[np.sum(a * b.T) for b in moved] for a in moved])

    def observed(self) -> np.ndarray:
        """Second derivatives of the deviance in gamma."""
        w = self.p if self.reml else self.inverse
        moved = [w @ part for part in self.parts]
        trace = np.array([[np.sum(a * b.T) for b in moved] for a in moved])
        py = self.p @ self.y
        quadratic = np.array([[py @ a @ self.p @ b @ py for b in self.parts] for a in self.parts])
        return 2 * quadratic - trace

    def score(self) -> np.ndarray:
        """First derivatives of the deviance in gamma."""
        w, py = (self.p if self.reml else self.inverse), self.p @ self.y
        return np.array([np.sum(w * part.T) - py @ part @ py for part in self.parts])

    def gradients(self, row: np.ndarray) -> np.ndarray:
        """d l'Cl / d gamma."""
        u = self.inverse @ self.x @ self.c @ row
        return np.array([u @ part @ u for part in self.parts])

    def kenward_roger(self) -> tuple[np.ndarray, np.ndarray]:
        """Adjusted covariance, and W."""
        w = 2 * np.linalg.inv(self.expected())
        xi = self.x.T @ self.inverse
        p = [xi @ part @ xi.T for part in self.parts]
        q = [[xi @ a @ self.inverse @ b @ xi.T for b in self.parts] for a in self.parts]
        count = range(len(p))
        total = sum(w[i, j] * (q[i][j] - p[i] @ self.c @ p[j]) for i in count for j in count)
        return self.c + 2 * self.c @ total @ self.c, w

    def df(self, row: np.ndarray, w: np.ndarray) -> float:
        """2 v^2 / g'Wg."""
        g = self.gradients(row)
        return float(2 * (row @ self.c @ row) ** 2 / (g @ w @ g))
