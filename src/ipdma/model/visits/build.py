"""From a design over visits to the problem that the search works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.errors import FitError
from ipdma.model.residual_groups import residual_groups
from ipdma.model.term import Term
from ipdma.model.visits.cells import Cell, cross_products
from ipdma.model.visits.covariance import (
    Block,
    Covariance,
    diagonal_block,
    full_block,
    scalar_block,
)
from ipdma.model.visits.criterion import StudyBlock, VisitsProblem
from ipdma.model.visits.design import Column, VisitDesign

Array = NDArray[Any]


def build_cells(design: VisitDesign) -> tuple[Cell, ...]:
    """Cross-products of every study and pattern of visits."""
    return tuple(cross_products(design.base.study, design.participant, design.visit, design.features))


def build_problem(
    design: VisitDesign, cells: Sequence[Cell], covariance: Covariance, nuisance_in: bool = False
) -> VisitsProblem:
    """Coordinates of each study's columns; `nuisance_in` keeps the nuisance among the fixed effects."""
    fixed = [*design.fixed, *(design.nuisance if nuisance_in else ())]
    blocks = []
    for study in range(design.n_studies):
        own = [t for t in design.nuisance if t.study == study and not nuisance_in]
        index = [i for i, t in enumerate(fixed) if t.study in (None, study)]
        blocks.append(
            StudyBlock(
                study=study,
                cells=tuple(c for c in cells if c.study == study),
                nuisance=coordinates(design, own),
                random=coordinates(design, design.random),
                fixed=coordinates(design, [fixed[i] for i in index]),
                index=np.array(index, dtype=np.intp),
                outcome=outcome_coordinates(design),
            )
        )
    return VisitsProblem(
        tuple(blocks),
        covariance,
        n_rows=len(design.visit),
        n_fixed=len(fixed),
        n_visits=len(design.visits),
        n_features=design.features.shape[1],
        reml=design.spec.estimator == "reml",
    )


def coordinates(design: VisitDesign, terms: Sequence[Column]) -> Array:
    """Columns as coordinates on the features at visits, shape (Jq, number of terms)."""
    n_visits, q = len(design.visits), design.features.shape[1]
    matrix = np.zeros((n_visits, q, len(terms)))
    for i, term in enumerate(terms):
        where = slice(None) if term.visit is None else term.visit
        matrix[where, term.feature, i] = 1.0
    return matrix.reshape(n_visits * q, len(terms))


def outcome_coordinates(design: VisitDesign) -> Array:
    """The outcome, the last feature at every visit."""
    n_visits, q = len(design.visits), design.features.shape[1]
    matrix = np.zeros((n_visits, q, 1))
    matrix[:, -1, 0] = 1.0
    return matrix.reshape(n_visits * q, 1)


def build_covariance(design: VisitDesign, cells: Sequence[Cell]) -> tuple[Covariance, list[str]]:
    """Parameters of V as the specification asks, and what had to be shared."""
    within, notes = within_blocks(design, cells)
    return Covariance(within, between_blocks(design)), notes


def within_blocks(design: VisitDesign, cells: Sequence[Cell]) -> tuple[tuple[Block, ...], list[str]]:
    """Covariance of a participant's rows."""
    spec, total = design.spec, len(design.visits)
    ones, eye = np.ones((total, total)), np.eye(total)
    if spec.covariance == "unstructured":
        return (full_block(range(total), total),), []
    if spec.covariance == "unstructured_by_study":
        groups, notes = share_small(design, participants_of(design, cells))
        seen = visits_of(design, cells)
        blocks = [full_block(sorted(set().union(*(seen[k] for k in g))), total, g) for g in groups]
        return tuple(blocks), notes
    if spec.residual == "by_study":
        groups, notes = residual_blocks(design)
        return (scalar_block(ones), *(scalar_block(eye, g) for g in groups)), notes
    return (scalar_block(ones), scalar_block(eye)), []


def participants_of(design: VisitDesign, cells: Sequence[Cell]) -> NDArray[np.intp]:
    """Participants of each study."""
    counts = np.zeros(design.n_studies, dtype=np.intp)
    for cell in cells:
        counts[cell.study] += cell.n
    return counts


def visits_of(design: VisitDesign, cells: Sequence[Cell]) -> list[set[int]]:
    """Visits that each study has."""
    seen: list[set[int]] = [set() for _ in range(design.n_studies)]
    for cell in cells:
        seen[cell.study] |= set(cell.visits.tolist())
    return seen


def residual_blocks(design: VisitDesign) -> tuple[list[tuple[int, ...]], list[str]]:
    """Studies by the residual variance that they have, by the rule of the model without visits."""
    rows = np.bincount(design.base.study, minlength=design.n_studies)
    own = np.array([sum(t.study == k for t in design.nuisance) for k in range(design.n_studies)])
    group, notes = residual_groups(rows, columns_informed(design), rows - own, design.base.studies)
    return [tuple(np.flatnonzero(group == g).tolist()) for g in range(group.max() + 1)], notes


def share_small(design: VisitDesign, sizes: NDArray[np.intp]) -> tuple[list[tuple[int, ...]], list[str]]:
    """Group studies that are too small to carry a covariance of their own, smallest first, ties by name."""
    visits = [len({t.visit for t in design.nuisance if t.study == k}) or 1 for k in range(design.n_studies)]
    own = [sum(t.study == k for t in design.nuisance) for k in range(design.n_studies)]
    columns = own + columns_informed(design).sum(axis=1)
    needed = np.array([-(-int(n) // c) + c for n, c in zip(columns, visits, strict=True)])
    order = sorted(range(design.n_studies), key=lambda k: (int(sizes[k]), design.base.studies[k]))
    groups: list[list[int]] = []
    open_group: list[int] = []
    for k in order:
        if open_group or sizes[k] <= needed[k] + 3:
            open_group.append(k)
            if sum(sizes[i] for i in open_group) > sum(needed[i] for i in open_group) + 3:
                groups.append(open_group)
                open_group = []
        else:
            groups.append([k])
    if open_group:
        if groups:
            groups[-1] = [*groups[-1], *open_group]
        else:
            groups.append(open_group)
    groups.sort(key=min)
    names = [[design.base.studies[k] for k in sorted(g)] for g in groups if len(g) > 1]
    return [tuple(sorted(g)) for g in groups], [
        f"too few rows for a covariance each: {', '.join(n)} share one" for n in names
    ]


def columns_informed(design: VisitDesign) -> NDArray[np.bool_]:
    """Shared columns that are not all zero in a study once its nuisance is swept out, shape (K, p)."""
    informed = np.zeros((design.n_studies, len(design.fixed)), dtype=bool)
    for study in range(design.n_studies):
        rows = design.base.study == study
        own = [t for t in design.nuisance if t.study == study]
        for i, term in enumerate(design.fixed):
            at = rows if term.visit is None else rows & (design.visit == term.visit)
            if not at.any():
                continue
            column = design.features[at, term.feature]
            nuisance = design.features[np.ix_(at, sorted({t.feature for t in own}))]
            rest = column - nuisance @ np.linalg.lstsq(nuisance, column, rcond=None)[0]
            informed[study, i] = np.linalg.norm(rest) > 1e-8 * max(1.0, float(np.linalg.norm(column)))
    return informed


def between_blocks(design: VisitDesign) -> tuple[Block, ...]:
    """Covariance of the random effects: intercept and treatment in one block, interactions apart."""
    names = [t.name for t in design.random]
    total = len(names)
    main = [i for i, n in enumerate(names) if n.kind in ("intercept", "treatment")]
    rest = [i for i in range(total) if i not in main]
    labels = sorted({names[i].but(visit="") for i in rest})
    groups = [main, *[[i for i in rest if names[i].but(visit="") == label] for label in labels]]
    make = full_block if design.spec.random_correlation else diagonal_block
    return tuple(make(group, total) for group in groups if group)


def swept_products(problem: VisitsProblem) -> tuple[Array, Array]:
    """X'X of each study with its nuisance swept out, shape (K, p, p), and the plain diagonal (K, p)."""
    size, p = problem.n_visits * problem.n_features, problem.n_fixed
    swept, plain = np.zeros((len(problem.studies), p, p)), np.zeros((len(problem.studies), p))
    for k, block in enumerate(problem.studies):
        a = np.zeros((problem.n_visits, problem.n_features, problem.n_visits, problem.n_features))
        for cell in block.cells:
            for i, j in enumerate(cell.visits):
                a[j, :, j, :] += cell.products[i, i]
        flat = a.reshape(size, size)
        n_mat, x = block.nuisance, block.fixed
        taken = n_mat @ np.linalg.lstsq(n_mat.T @ flat @ n_mat, n_mat.T @ flat @ x, rcond=None)[0]
        swept[k][np.ix_(block.index, block.index)] = (x - taken).T @ flat @ (x - taken)
        plain[k, block.index] = np.diag(x.T @ flat @ x)
    return swept, plain


def check_rank(design: VisitDesign, problem: VisitsProblem) -> None:
    """Raise FitError naming the fixed columns that are combinations of the others."""
    swept, plain = swept_products(problem)
    bad = dependent_columns(swept.sum(axis=0), plain.sum(axis=0))
    if bad:
        names = ", ".join(design.fixed[i].name for i in bad)
        raise FitError(
            f"these terms cannot be told apart from the others (rank-deficient design): {names}; "
            "leave them out, or use common slopes"
        )


def informed_studies(design: VisitDesign, problem: VisitsProblem) -> dict[Term, int]:
    """The number of studies whose rows inform each shared term."""
    swept, plain = swept_products(problem)
    diagonal = np.einsum("kii->ki", swept)
    counts = (diagonal > 1e-10 * np.maximum(plain, 1e-300)).sum(axis=0)
    return {t.name: int(c) for t, c in zip(design.fixed, counts, strict=True)}


def dependent_columns(gram: Array, plain: Array) -> list[int]:
    """Positions of columns that are combinations of those before them (pivots of a Cholesky sweep)."""
    left = gram.copy()
    bad = []
    for i in range(len(gram)):
        pivot = left[i, i]
        if pivot <= 1e-10 * max(float(plain[i]), 1e-300):
            bad.append(i)
            continue
        left -= np.outer(left[:, i], left[i]) / pivot
    return bad
