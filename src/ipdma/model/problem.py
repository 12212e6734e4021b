"""From a design to what the criterion reads: scaled cross-products with the nuisance columns taken out.

Columns are shifted and scaled so that their size never matters; estimates come back by an affine map.
Nuisance columns of a study leave by a Schur complement (exact for REML: error contrasts free of them).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from ipdma.model.bordered import MANY
from ipdma.model.crossproducts import CrossProducts, cross_products
from ipdma.model.design import Design
from ipdma.model.term import INTERCEPT, TREATMENT, Term

ROUNDING = 1e-18  # share of (mean / scale)^2 that rounding can leave of a constant column's products
DEPENDENT = 1e-11  # share of a column's sum of squares that must be left for it to count as its own


@dataclass(frozen=True)
class Problem:
    """K studies, S strata, c local columns: shared `x`, nuisance `nuisance`, random `z`, outcome `y`.

    Attributes
    ----------
    n : ndarray of shape (K, S)
        Dimensions of each stratum; less the rank of the nuisance columns once these are swept out.
    gram : ndarray of shape (K, S, c, c)
    x, z : ndarray of int
        Positions of the shared columns and of the columns with random effects.
    y : int
        Position of the outcome.
    nuisance : ndarray of int
        Positions of nuisance columns that are still to be eliminated; empty once swept out.
    keep : ndarray of bool, shape (K, number of nuisance columns)
        Nuisance columns that have a coefficient in each study.
    visits : ndarray of shape (S,)
        Rows per participant (or cluster) of each stratum, 0 for the stratum within them.
    group : ndarray of int, shape (K,)
        The residual variance that each study has.
    participant : bool
        Whether there is a participant variance.
    pairs : tuple of (int, int)
        Free entries (i >= j) of the random effects' Cholesky factor.
    log_nuisance : float
        Sum of log |N'N| over what is swept out already.
    raw_n, raw_zz : ndarray of shape (K, S) and (K, S, r, r)
        Before any sweep: maximum likelihood's determinant needs them.
    reml : bool
    tied : int
        How many of the last columns of `z` share the last pair's variance.
    """

    n: np.ndarray
    gram: np.ndarray
    x: np.ndarray
    z: np.ndarray
    y: int
    nuisance: np.ndarray
    keep: np.ndarray
    visits: np.ndarray
    group: np.ndarray
    participant: bool
    pairs: tuple[tuple[int, int], ...]
    log_nuisance: float
    raw_n: np.ndarray
    raw_zz: np.ndarray
    reml: bool
    tied: int = 1

    @cached_property
    def n_groups(self) -> int:
        """Number of residual variances."""
        return int(self.group.max()) + 1

    @cached_property
    def is_swept(self) -> bool:
        """One stratum, one variance for each row, no nuisance column left: the short formulas hold."""
        return self.gram.shape[1] == 1 and not self.participant and not len(self.nuisance)

    @cached_property
    def is_grouped_alone(self) -> bool:
        """Whether each study has a residual variance of its own, in their order."""
        return bool((self.group == np.arange(len(self.group))).all())

    @cached_property
    def columns(self) -> np.ndarray:
        """Positions of the shared columns and, last, of the outcome."""
        return np.append(self.x, self.y)

    @cached_property
    def random_gram(self) -> np.ndarray:
        """Z'Z of each study, shape (K, r, r), of a problem that is swept."""
        found: np.ndarray = self.gram[:, 0, self.z[:, None], self.z]
        return found

    @cached_property
    def random_columns(self) -> np.ndarray:
        """Z'[X, y] of each study, shape (K, r, p + 1), of a problem that is swept."""
        found: np.ndarray = self.gram[:, 0, self.z[:, None], self.columns]
        return found

    @cached_property
    def group_gram(self) -> np.ndarray:
        """[X, y]'[X, y] of each group of studies, flat, shape (R, (p + 1)^2), of a problem that is swept."""
        each = self.gram[:, 0, self.columns[:, None], self.columns].reshape(len(self.gram), -1)
        found: np.ndarray = each if self.is_grouped_alone else self.by_group @ each
        return found

    @cached_property
    def group_n(self) -> np.ndarray:
        """Dimensions of each group of studies, shape (R,), of a problem that is swept."""
        found: np.ndarray = self.by_group @ self.n[:, 0]
        return found

    @cached_property
    def by_group(self) -> np.ndarray | sparse.csr_array:
        """Which studies share a residual variance, one-hot, shape (R, K); sparse where they are many."""
        if self.n_groups > MANY:
            one, studies = np.ones(len(self.group)), np.arange(len(self.group))
            return sparse.csr_array((one, (self.group, studies)))
        found: np.ndarray = (self.group == np.arange(self.n_groups)[:, None]).astype(float)
        return found

    @property
    def n_nuisance(self) -> int:
        """Nuisance coefficients that are still to be eliminated."""
        return int(self.keep.sum()) if len(self.nuisance) else 0

    @cached_property
    def residual_dimensions(self) -> float:
        """n - p under REML, n under ML."""
        if self.reml:
            return float(self.n.sum()) - self.n_nuisance - len(self.x)
        return float(self.raw_n.sum())


@dataclass(frozen=True)
class Scaling:
    """How columns were shifted and scaled: U' = (U - origin) / scale.

    Attributes
    ----------
    origin : ndarray of shape (K, c)
    scale : ndarray of shape (c,)
    """

    origin: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Prepared:
    """A design reduced to its problem, and the map back.

    Attributes
    ----------
    full : Problem
        With the nuisance columns among the columns: for their estimates.
    swept : Problem
        Without them: for the criterion.
    shared_terms : tuple of Term
        The shared columns that are kept.
    """

    design: Design
    products: CrossProducts
    scaling: Scaling
    full: Problem
    swept: Problem
    shared_terms: tuple[Term, ...]
    warnings: list[str] = field(default_factory=list)


def gather_columns(design: Design, shared: list[int]) -> tuple[list[np.ndarray], dict[str, list[int]]]:
    """Distinct columns of a design, and where its shared, nuisance and random ones and outcome stand.

    Position 0 is the constant; a random effect's column is most often a shared one, and is kept once.
    """
    columns: list[np.ndarray] = []
    place: dict[str, list[int]] = {"x": [], "nuisance": [], "z": [], "y": []}

    def put(kind: str, column: np.ndarray, known: dict[str, int], name: str) -> None:
        if name == "intercept":
            place[kind].append(0)
            return
        if name not in known:
            columns.append(column)
            known[name] = len(columns)
        place[kind].append(known[name])

    known: dict[str, int] = {}
    for j in shared:
        put("x", design.shared[:, j], known, design.shared_terms[j])
    for j, name in enumerate(design.nuisance_terms):
        put("nuisance", design.nuisance[:, j], known, f"{name} (stratified)" if name != "intercept" else name)
    for j, name in enumerate(design.random_terms):
        own = name == TREATMENT and design.spec.centre_treatment
        put("z", design.random[:, j], known, "treatment (centred)" if own else name)
    put("y", design.outcome, known, "outcome (y)")
    return columns, place


def origins(products: CrossProducts, place: dict[str, list[int]]) -> np.ndarray:
    """Where each column is measured from, shape (K, c).

    With stratified intercepts the study mean; with a shared one the grand mean, and zero for columns whose
    effect differs between studies, which no shared intercept could absorb.
    """
    if 0 in place["nuisance"]:
        return products.mean
    grand = products.rows @ products.mean / products.rows.sum()
    grand[[j for j in place["nuisance"] + place["z"]]] = 0.0
    return np.broadcast_to(grand, products.mean.shape)


def scales(products: CrossProducts) -> np.ndarray:
    """Spread of each column within studies, or its size where it does not vary; shape (c,)."""
    n = products.rows.sum()
    within = np.sqrt(np.maximum(np.einsum("ksii->i", products.products), 0.0) / n)
    size = np.sqrt(products.rows @ products.mean**2 / n)
    scale = np.where(within > 1e-10 * size, within, size)
    scale[0] = 1.0
    return np.where(scale > 0, scale, 1.0)


def random_pairs(design: Design) -> tuple[tuple[int, int], ...]:
    """Free entries of the Cholesky factor: the diagonal, and intercept by treatment where correlated."""
    r = len(design.random_terms) - design.tied + 1 if design.random_terms else 0
    pairs = [(i, i) for i in range(r)]
    if design.correlated and design.random_terms[:2] == (INTERCEPT, TREATMENT):
        pairs.insert(1, (1, 0))
    return tuple(pairs)


def full_problem(
    design: Design, products: CrossProducts, place: dict[str, list[int]], group: np.ndarray
) -> tuple[Problem, Scaling]:
    """The problem before anything is swept out, in shifted and scaled columns."""
    origin, scale = origins(products, place), scales(products)
    if design.tied > 1:
        levels = place["z"][-design.tied :]
        scale[levels] = np.sqrt((scale[levels] ** 2).mean())
    gram = products.about(origin) / np.outer(scale, scale)
    z = np.array(place["z"], dtype=int)
    raw = products.moved(products.mean, z) / np.outer(scale[z], scale[z])
    problem = Problem(
        n=products.n.astype(float),
        gram=gram,
        x=np.array(place["x"], dtype=int),
        z=z,
        y=place["y"][0],
        nuisance=np.array(place["nuisance"], dtype=int),
        keep=own_nuisance(gram, products, place["nuisance"], scale),
        visits=products.visits,
        group=group,
        participant=design.participant is not None,
        pairs=random_pairs(design),
        log_nuisance=0.0,
        raw_n=products.n.astype(float),
        raw_zz=raw,
        reml=design.spec.estimator == "reml",
        tied=design.tied,
    )
    return problem, Scaling(origin, scale)


def own_nuisance(
    gram: np.ndarray, products: CrossProducts, nuisance: list[int], scale: np.ndarray
) -> np.ndarray:
    """Which nuisance columns have a coefficient of their own in each study, shape (K, q)."""
    size = np.einsum("ksii->ki", gram) + products.rows[:, None] * (products.mean / scale) ** 2 * ROUNDING
    columns = np.array(nuisance, dtype=int)
    total = gram.sum(axis=1)[:, columns[:, None], columns]
    return pivots(total, products.rows, size[:, columns])


def pivots(gram: np.ndarray, rows: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Which of q columns, in order, are not made up of those before them; shape (K, q)."""
    left, rest = gram, rows.copy()
    keep = np.zeros(size.shape, dtype=bool)
    for h in range(size.shape[1]):
        pivot = left[:, h, h]
        keep[:, h] = (rest > 0) & (pivot > DEPENDENT * np.maximum(size[:, h], 1e-300))
        weight = np.where(keep[:, h], 1 / np.where(keep[:, h], pivot, 1.0), 0.0)
        left = left - left[:, :, h, None] * left[:, h, None, :] * weight[:, None, None]
        rest = rest - keep[:, h]
    return keep


def sweep_nuisance(problem: Problem) -> Problem:
    """Take the nuisance columns out by a Schur complement (one stratum: once and for all).

    With several strata their weights depend on the variances, so they are eliminated at each evaluation.
    """
    if not len(problem.nuisance) or problem.gram.shape[1] > 1:
        return problem
    swept, log_det = sweep_columns(problem.gram[:, 0], problem.nuisance, problem.keep)
    return replace(
        problem,
        gram=swept[:, None],
        n=problem.n - problem.keep.sum(axis=1)[:, None],
        nuisance=np.empty(0, dtype=int),
        log_nuisance=problem.log_nuisance + float(log_det.sum()),
    )


def sweep_columns(gram: np.ndarray, nuisance: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Schur complement of the kept nuisance columns, and log |N'N|.

    Parameters
    ----------
    gram : ndarray of shape (..., c, c)
    nuisance : ndarray of int, shape (q,)
    keep : ndarray of bool, shape (..., q)

    Returns
    -------
    swept : ndarray of shape (..., c, c)
        What is left of a column that the nuisance explains is exactly zero.
    log_det : ndarray of shape (...,)
    """
    before = np.einsum("...ii->...i", gram)
    both = keep[..., :, None] & keep[..., None, :]
    nn = (
        np.where(both, gram[..., nuisance[:, None], nuisance], 0.0) + np.eye(len(nuisance)) * ~keep[..., None]
    )
    nu = np.where(keep[..., None], gram[..., nuisance, :], 0.0)
    factor = np.linalg.cholesky(nn)
    half = np.linalg.solve(factor, nu)
    swept = gram - np.swapaxes(half, -1, -2) @ half
    gone = np.einsum("...ii->...i", swept) <= DEPENDENT * before
    swept = np.where(gone[..., :, None] | gone[..., None, :], 0.0, swept)
    return swept, 2 * np.log(np.einsum("...ii->...i", factor)).sum(axis=-1)


def prepare(design: Design, shared: list[int], group: np.ndarray) -> Prepared:
    """Reduce the design to cross-products and problems.

    Parameters
    ----------
    design : Design
    shared : list of int
        Positions of the shared columns that are kept.
    group : ndarray of int, shape (K,)
        The residual variance that each study has, numbered from 0.
    """
    columns, place = gather_columns(design, shared)
    products = cross_products(columns, design.study, len(design.studies), design.participant)
    full, scaling = full_problem(design, products, place, group)
    return Prepared(
        design=design,
        products=products,
        scaling=scaling,
        full=full,
        swept=sweep_nuisance(full),
        shared_terms=tuple(design.shared_terms[j] for j in shared),
    )
