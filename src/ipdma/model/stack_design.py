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
from ipdma.model.rank import ALIASED, OF_STUDIES, ORDER, beside_own_effects, informing, without_random
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
    at = [j for j, term in enumerate(design.shared_terms) if term in first.shared_terms]
    dropped = [j for j in range(len(design.shared_terms)) if j not in at]
    lost = [i for i, term in enumerate(design.random_terms) if term not in first.design.random_terms]
    if not same_terms(first, design, at, lost):
        return None
    whole = prepare(design, at, np.zeros(m * k, dtype=int))
    found = Stack(first, without_random(whole, lost, "") if lost else whole, m)
    if not is_plain(found) or not are_aliased(found, dropped) or not are_taken_up(found, whole, lost):
        return None
    return found


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


def same_terms(first: Prepared, design: Design, at: list[int], lost: list[int]) -> bool:
    """Whether the design of all sets has the first one's columns.

    `at` are those of the shared ones, `lost` the random ones that the first made common.
    """
    own, random = first.design, design.random_terms
    return (
        first.shared_terms == tuple(design.shared_terms[j] for j in at)
        and own.nuisance_terms == design.nuisance_terms
        and own.random_terms == tuple(term for i, term in enumerate(random) if i not in lost)
        and own.tied == design.tied
    )


def are_taken_up(stack: Stack, whole: Prepared, lost: list[int]) -> bool:
    """Whether each set's treatment and across-trial columns leave nothing of the variances that are lost.

    They do not where they are as many as the trials that inform the treatment: each has its own effect then.
    """
    if not lost:
        return True
    if [whole.design.random_terms[i] for i in lost] != [TREATMENT]:
        return False
    taken = 1 + sum(term.kind == "across" for term in stack.first.shared_terms)
    own = np.einsum("ksii->ki", whole.swept.gram)[:, whole.swept.z[lost[0]]]
    return bool((np.count_nonzero(stack.by_set(own), axis=1) <= taken).all())


def are_aliased(stack: Stack, dropped: list[int]) -> bool:
    """Whether in each set the across-trial columns that the first leaves out are made up of those before."""
    if not dropped:
        return True
    design = stack.whole.design
    kept_terms = stack.first.shared_terms
    before = [j for j, t in enumerate(design.shared_terms) if t.kind == "across" and t in kept_terms]
    if min(dropped) < max(before, default=-1):
        return False
    every = prepare(design, [*range(design.shared.shape[1])], stack.whole.full.group)
    left = stack.by_set(every.swept.gram[:, 0]).sum(axis=1)
    kept = every.full.x[[j for j in range(len(every.full.x)) if j not in dropped]]
    out = every.full.x[dropped]
    weights = np.linalg.solve(left[:, kept[:, None], kept], left[:, kept[:, None], out])
    own = np.einsum("mii->mi", left)[:, out]
    rest = own - (left[:, kept[:, None], out] * weights).sum(axis=1)
    size = stack.by_set(np.einsum("ksii->ki", every.full.gram)).sum(axis=1)[:, out]
    found: np.ndarray = rest <= ALIASED * np.maximum(size, stack.design.n_rows)
    return bool(found.all())


def is_plain(stack: Stack) -> bool:
    """Whether all sets have the first one's informative trials and columns, clear of every limit.

    Then whatever `prepare_design` finds and says of the first set it would of each, but for variances that
    cannot be told (`stack_fits.can_tell_variances`).
    """
    whole, first = stack.whole, stack.first
    alike = [(whole.full.keep, first.full.keep), (informing(whole), informing(first))]
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
    if not plainly_distinct(left[:, columns[:, None], columns], size[:, columns]):
        return False
    if "within" not in {term.kind for term in terms}:
        return True
    own = stack.by_set(beside_own_effects(stack.whole)).sum(axis=1)  # each trial has a treatment effect too
    columns = full.x[[j for j in order if terms[j].kind not in OF_STUDIES]]
    return plainly_distinct(own[:, columns[:, None], columns], size[:, columns])


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
