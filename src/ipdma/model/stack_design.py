"""Completed data sets prepared in one pass: each trial of each set counts as a trial of its own.

Nothing is centred or swept across trials, so that the design of all sets one below the other holds that of
each; only what an across-trial term is measured from is a set's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ipdma.model.by_study import varies_by_study
from ipdma.model.columns import ModelColumns
from ipdma.model.design import Design, design_of_columns
from ipdma.model.gaussian import prepare_design
from ipdma.model.problem import Prepared, prepare, sweep_columns
from ipdma.model.rank import ORDER, informing
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT

PLAIN = 1e-6  # share of a column's sum of squares, beside those before it, that is far above any rounding


@dataclass(frozen=True)
class Stack:
    """M completed data sets of K trials with the same rows, terms and informative trials in each.

    Attributes
    ----------
    first : Prepared
        The first set by itself: what is said of its columns and trials holds for all sets.
    whole : Prepared
        All sets, trial k of set i at i K + k.
    m : int
    """

    first: Prepared
    whole: Prepared
    m: int

    @property
    def design(self) -> Design:
        """That of the first set."""
        return self.first.design

    @property
    def k(self) -> int:
        """Trials of a set."""
        return len(self.first.design.studies)

    def by_set(self, values: np.ndarray) -> np.ndarray:
        """Values of all trials (M K, ...) by set and trial (M, K, ...)."""
        return values.reshape(self.m, self.k, *values.shape[1:])

    @cached_property
    def log_nuisance(self) -> np.ndarray:
        """Sum of log |N'N| over the trials of each set, shape (M,)."""
        full = self.whole.full
        _, logs = sweep_columns(full.gram[:, 0], full.nuisance, full.keep)
        found: np.ndarray = self.by_set(logs).sum(axis=1)
        return found


def prepare_stack(columns: ModelColumns, spec: ModelSpec, sets: np.ndarray) -> Stack | None:
    """Prepare the sets together, or None where they are not alike or too near to a limit to be taken so.

    Parameters
    ----------
    columns : ModelColumns
        Of all sets.
    spec : ModelSpec
    sets : ndarray of int, shape (n,)
        The set of each row of `columns`, 0 to M - 1.

    Raises
    ------
    DataError, FitError
        As `fit_gaussian` on the first set.
    """
    m, k = int(sets.max()) + 1, len(columns.studies)
    counts = np.bincount(sets * k + columns.study, minlength=m * k).reshape(m, k)
    if m < 2 or columns.participant is not None or (counts != counts[0]).any() or not counts[0].all():
        return None
    first = prepare_design(design_of_columns(rows_of(columns, np.flatnonzero(sets == 0)), spec))
    order = np.lexsort((columns.study, sets))
    spread = replace(
        rows_of(columns, order), study=(sets * k + columns.study)[order], studies=columns.studies * m
    )
    design = recentre_across(design_of_columns(spread, first.design.spec), m)
    if not same_terms(first, design):
        return None
    whole = prepare(design, list(range(design.shared.shape[1])), np.zeros(m * k, dtype=int))
    found = Stack(first, whole, m)
    return found if is_plain(found) else None


def rows_of(columns: ModelColumns, at: np.ndarray) -> ModelColumns:
    """Some rows of the columns, in this order; all studies stay."""
    return replace(
        columns,
        numeric={name: values[at] for name, values in columns.numeric.items()},
        study=columns.study[at],
        level_codes=None if columns.level_codes is None else columns.level_codes[at],
        row_index=columns.row_index[at],
    )


def recentre_across(design: Design, m: int) -> Design:
    """The same with across-trial terms measured from the mean of each set's study means."""
    shared = design.shared
    treatment = shared[:, design.shared_terms.index(TREATMENT)]
    for main, means in design.study_means.items():
        across = main.but(kind="across")
        if across in design.shared_terms:
            shift = means.mean() - means.reshape(m, -1).mean(axis=1)
            wide = np.repeat(shift, len(means) // m)[design.study]
            shared = shared.copy() if shared is design.shared else shared
            shared[:, design.shared_terms.index(across)] += treatment * wide
    return replace(design, shared=shared)


def same_terms(first: Prepared, design: Design) -> bool:
    """Whether the design of all sets has the columns that are left of the first one's."""
    own = first.design
    return (
        first.shared_terms == design.shared_terms
        and own.nuisance_terms == design.nuisance_terms
        and own.random_terms == design.random_terms
        and own.tied == design.tied
    )


def is_plain(stack: Stack) -> bool:
    """Whether all sets have the first one's informative trials and columns, clear of every limit.

    Then whatever `prepare_design` finds and says of the first set it would of each, but for variances that
    cannot be told (`stack_fits.can_tell_variances`).
    """
    whole, first = stack.whole, stack.first
    alike = [(whole.full.keep, first.full.keep), (informing(whole.full), informing(first.full))]
    if any((stack.by_set(all_sets) != own).any() for all_sets, own in alike):
        return False
    design = whole.design
    varies = varies_by_study(design.outcome, design.study, len(design.studies))
    if not varies[design.study_sizes > 1].all():
        return False
    return columns_are_distinct(stack)


def columns_are_distinct(stack: Stack) -> bool:
    """Whether in each set every shared column, and the outcome, keeps far more than rounding can leave."""
    full, terms = stack.whole.full, stack.first.shared_terms
    left = stack.by_set(stack.whole.swept.gram[:, 0]).sum(axis=1)
    before = stack.by_set(np.einsum("ksii->ki", full.gram)).sum(axis=1)
    size = np.maximum(before, stack.design.n_rows)
    order = sorted(range(len(full.x)), key=lambda j: ORDER.index(terms[j].kind))
    columns = np.append(full.x[order], full.y)
    return plainly_distinct(left[:, columns[:, None], columns], size[:, columns])


def plainly_distinct(gram: np.ndarray, size: np.ndarray) -> bool:
    """Whether each column, beside those before it, keeps more than `PLAIN` of its size in every matrix.

    Parameters
    ----------
    gram : ndarray of shape (..., c, c)
    size : ndarray of shape (..., c)
    """
    own = np.einsum("...ii->...i", gram)
    if (own <= PLAIN * size).any():
        return False
    root = np.sqrt(own)
    try:
        chol = np.linalg.cholesky(gram / (root[..., :, None] * root[..., None, :]))
    except np.linalg.LinAlgError:
        return False
    return bool((np.einsum("...ii->...i", chol) ** 2).min(initial=1.0) > PLAIN)
