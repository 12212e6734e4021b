"""Which studies have a residual variance of their own, and which share one."""

from __future__ import annotations

import numpy as np


def residual_groups(
    rows: np.ndarray, informs: np.ndarray, free: np.ndarray, studies: tuple[str, ...]
) -> tuple[np.ndarray, list[str]]:
    """Group studies so that each group can carry a residual variance.

    A study with n <= (columns that it informs) + 3 rows shares a variance with the next smallest study, until
    the group can carry one: otherwise its variance runs to zero and it takes over the pooled effect. A group
    whose rows are all spent on nuisance and shared columns cannot either.

    Parameters
    ----------
    rows : ndarray of shape (K,)
    informs : ndarray of bool, shape (K, p)
        Columns that are not all zero in a study once its own nuisance is swept out.
    free : ndarray of shape (K,)
        Rows less the rank of the study's own nuisance.
    studies : tuple of str
        Ties in size go by name.

    Returns
    -------
    group : ndarray of int, shape (K,)
        0 to R - 1 in order of the first study of each group.
    warnings : list of str
    """
    columns = informs.sum(axis=1)
    if ((rows > columns + 3) & (free > columns)).all():
        return np.arange(len(studies)), []
    order = sorted(range(len(studies)), key=lambda i: (rows[i], studies[i]))
    groups: list[list[int]] = []
    current: list[int] = []
    for i in order:
        current.append(i)
        if can_carry(rows, informs, free, current):
            groups.append(current)
            current = []
    if current:
        groups = [*groups[:-1], [*groups[-1], *current]] if groups else [current]
    number = {i: at for at, members in enumerate(groups) for i in members}
    _, first, codes = np.unique(
        [number[i] for i in range(len(studies))], return_index=True, return_inverse=True
    )
    rank = np.argsort(np.argsort(first))
    return rank[codes], [share_note(members, studies) for members in groups if len(members) > 1]


def can_carry(rows: np.ndarray, informs: np.ndarray, free: np.ndarray, members: list[int]) -> bool:
    """Whether these studies together have rows enough for a variance."""
    columns = int(informs[members].any(axis=0).sum())
    return bool(rows[members].sum() > columns + 3 and free[members].sum() > columns)


def share_note(members: list[int], studies: tuple[str, ...]) -> str:
    """The warning that names a group."""
    names = ", ".join(sorted(studies[i] for i in members))
    return f"residual by study: {names} share one residual variance, one being too small for its own"
