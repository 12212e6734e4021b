"""Cross-products per cell: a study and its pattern of observed visits (repeated measures).

A participant's row at a visit is a short vector of features (one, treatment, covariates, outcome ...).
Every column of the design is a feature at a visit, so the products between visits within a cell,
``G[j, l] = sum_i f_ij f_il'``, are all that the criterion, its derivatives and Kenward-Roger read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Cell:
    """Participants of one study who were seen at the same visits.

    Attributes
    ----------
    study : int
        Index of the study.
    visits : ndarray of int, shape (m,)
        Indices of the visits observed, ascending.
    n : int
        Number of participants.
    products : ndarray, shape (m, m, q, q)
        ``products[j, l] = sum_i f_ij f_il'`` over the cell's participants.
    """

    study: int
    visits: NDArray[np.intp]
    n: int
    products: Array

    @cached_property
    def pairs(self) -> tuple[Array, Array]:
        """Where its pairs of visits stand in a matrix over all visits."""
        return self.visits[:, None], self.visits[None, :]

    @cached_property
    def place(self) -> tuple[Array, ...]:
        """Where its products stand in an array (J, q, J, q) over all visits."""
        features = np.arange(self.products.shape[-1])
        return np.ix_(self.visits, features, self.visits, features)


def cross_products(
    study: NDArray[np.intp], participant: NDArray[np.intp], visit: NDArray[np.intp], features: Array
) -> list[Cell]:
    """Reduce rows to cells; after this no row is read again.

    Parameters
    ----------
    study, participant, visit : ndarray of int, shape (n,)
        Codes of each row; participants are numbered over all studies, and have one row at most per visit.
    features : ndarray, shape (n, q)
        Features of each row, centred and scaled so that raw products keep their digits.

    Returns
    -------
    list of Cell
        By study, then by pattern of visits.
    """
    order = np.lexsort((visit, participant))
    study, participant, visit, features = study[order], participant[order], visit[order], features[order]
    first = np.flatnonzero(np.r_[True, participant[1:] != participant[:-1]])
    sizes = np.diff(np.r_[first, len(participant)])
    groups: dict[tuple[Any, ...], list[int]] = {}
    for start, size in zip(first, sizes, strict=True):
        key = (int(study[start]), tuple(visit[start : start + size].tolist()))
        groups.setdefault(key, []).append(int(start))
    return [reduce_cell(key, starts, features) for key, starts in sorted(groups.items())]


def reduce_cell(key: tuple[Any, ...], starts: list[int], features: Array) -> Cell:
    """Products of one cell from the first rows of its participants."""
    study, visits = key
    rows = np.asarray(starts)[:, None] + np.arange(len(visits))
    block = features[rows]
    flat = block.reshape(len(starts), -1)
    q = features.shape[1]
    products = (flat.T @ flat).reshape(len(visits), q, len(visits), q).transpose(0, 2, 1, 3)
    return Cell(study, np.asarray(visits, dtype=np.intp), len(starts), np.ascontiguousarray(products))
