"""Impute the rows of an analysis, trial by trial, and stack the completed data sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.errors import DataError
from ipdma.imputation.keeping import Keep, find_study, keep_nothing
from ipdma.imputation.missingness import incomplete_percentage

Array = NDArray[Any]
MATCHING_ROWS = 25  # observed values an arm needs for predictive mean matching; below it, normal draws


@dataclass(frozen=True)
class ImputedRows:
    """Completed rows of one analysis.

    Attributes
    ----------
    rows : DataFrame
        The rows given, M times, with `imputation` from 1 to M; filled columns complete in every study that
        measured them. Observed cells are as they were.
    m : int
        How many completed data sets.
    variables : tuple of str
        The columns that were completed, in the order of the traces.
    unmeasured : dict of str to tuple of str
        Columns that a study never measured, and that stay empty there.
    notes : tuple of str
        What a reader should know of single trials (see `ImputedStudy`).
    traces : dict of (study, arm) to ndarray
        Mean and SD of the imputed cells over the sweeps, shape (iterations, p, 2); the arm is `all arms`
        where a trial's arms were imputed together.
    """

    rows: pd.DataFrame
    m: int
    variables: tuple[str, ...]
    unmeasured: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    traces: dict[tuple[str, str], Array] = field(default_factory=dict)


def needed_imputations(rows: pd.DataFrame, variables: Sequence[str], least: int) -> int:
    """At least `least`, and at least the percentage of incomplete participants (von Hippel 2009; White,
    Royston and Wood 2011)."""
    return max(least, int(np.ceil(incomplete_percentage(rows, variables) - 1e-9)))


def sets_of_trials(rows: pd.DataFrame, variables: Sequence[str], least: int) -> dict[str, int]:
    """How many completed data sets each trial asks for, from its own rows (see `needed_imputations`)."""
    parts = rows.groupby(rows["study"].astype(str), sort=True)
    return {str(study): needed_imputations(part, variables, least) for study, part in parts}


def pooled_sets(sets: Mapping[str, int], people: Mapping[str, int]) -> int:
    """How many data sets an analysis takes: the mean of what its trials ask for, weighed by people, rounded
    up."""
    asked = sum(sets[study] * people[study] for study in sets)
    return -(-asked // sum(people[study] for study in sets))


def impute_rows(
    rows: pd.DataFrame,
    variables: Sequence[str],
    m: int,
    iterations: int,
    seed: int,
    ordered: Mapping[str, Sequence[str]] | None = None,
    sets: Mapping[str, int] | None = None,
    keep: Keep = keep_nothing,
    positive: Collection[str] = (),
    matched: Collection[str] = (),
) -> ImputedRows:
    """Complete `variables` within each trial and arm.

    Parameters
    ----------
    rows : DataFrame
        `study`, `arm` and the variables (numbers, or text for categories), one row per participant.
    variables : sequence of str
        Columns to complete, each a predictor of the others.
    m, iterations, seed : int
        Completed data sets, sweeps of the chain, and the plan's seed.
    ordered : mapping of str to sequence of str
        Levels in order, for categories that have one: all of them.
    sets : mapping of str to int
        How many completed data sets each trial has of its own, default m; where they are fewer than m they
        come round again.
    keep : callable
        Where the sets of a trial are found again (see `find_study`); default nowhere.
    positive : collection of str
        Columns of which a logarithm is taken: what is filled in is never below the trial's smallest observed
        value above zero. The chain itself is as it would be without.
    matched : collection of str
        Numbers that are levels: each is filled with observed ones, however few there are.

    Returns
    -------
    ImputedRows
        The same rows for the same arguments; a trial's values depend on no other trial.

    Raises
    ------
    DataError
        Where a category has a value that is not among its ordered levels.
    """
    rows = rows.reset_index(drop=True)
    columns: dict[str, Array] = {
        name: np.empty((m, len(rows)), dtype=completed_type(rows[name])) for name in variables
    }
    unmeasured: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    traces: dict[tuple[str, str], Array] = {}
    for study, part in rows.groupby(rows["study"].astype(str), sort=True):
        at = part.index.to_numpy()
        coded, levels, kinds = code_columns(part, variables, ordered or {})
        arm = part["arm"].astype(str).to_numpy()
        own_kinds = {
            name: kinds[name] if name in matched else matching_kind(kinds[name], coded[name], arm)
            for name in variables
        }
        own = (sets or {}).get(str(study), m)
        done = find_study(coded, arm, own_kinds, str(study), own, iterations, seed, keep)
        for j, name in enumerate(variables):
            values = done.values[np.arange(m) % own, :, j]
            if name in positive and name not in levels:
                values = squeezed(values, coded[name].to_numpy())
            columns[name][:, at] = decoded(values, levels.get(name))
        if done.unmeasured:
            unmeasured[str(study)] = done.unmeasured
        notes += done.notes
        traces.update({(str(study), label): trace for label, trace in done.traces.items()})
    stacked = pd.concat([rows] * m, ignore_index=True)
    stacked = stacked.assign(**{name: values.ravel() for name, values in columns.items()})
    stacked["imputation"] = np.repeat(np.arange(1, m + 1), len(rows))
    return ImputedRows(stacked, m, tuple(variables), unmeasured, tuple(notes), traces)


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers, and not levels."""
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def completed_type(column: pd.Series) -> type:
    """What a completed column is made of."""
    return float if is_number(column) else object


def code_columns(
    rows: pd.DataFrame, variables: Sequence[str], ordered: Mapping[str, Sequence[str]]
) -> tuple[pd.DataFrame, dict[str, list[str]], dict[str, str]]:
    """Numbers for every variable of one trial, the levels behind codes, and the kind of each."""
    coded: dict[str, Array] = {}
    levels, kinds = {}, {}
    for name in variables:
        column = rows[name]
        if is_number(column):
            numbers = column.astype(float)
            binary = set(numbers.dropna().unique()) <= {0.0, 1.0}
            coded[name], kinds[name] = numbers.to_numpy(), "binary" if binary else "bounded"
            continue
        codes, found = pd.factorize(column)
        words = [str(value) for value in found]
        own = list(ordered.get(name) or sorted({*words}))
        refuse_unlisted(np.asarray([*words, None], dtype=object)[codes], name, own)
        position = {level: float(i) for i, level in enumerate(own)}
        coded[name] = np.array([*(position[word] for word in words), np.nan])[codes]
        levels[name] = own
        kinds[name] = "binary" if len(own) <= 2 else "ordered" if name in ordered else "unordered"
    return pd.DataFrame(coded, index=rows.index), levels, kinds


def refuse_unlisted(text: Array, name: str, levels: Sequence[str]) -> None:
    """Raises DataError where values are not among the levels: they would be taken for gaps and drawn anew."""
    other = sum(word is not None and word not in levels for word in text)
    if other:
        raise DataError(
            f"'{name}': {other} values are none of its ordered levels ({', '.join(levels)}); "
            "name every level, in order"
        )


def decoded(values: Array, levels: Sequence[str] | None) -> Array:
    """Numbers as they are; codes as their levels, None where there is no value."""
    if levels is None:
        return values
    words: Array = np.asarray([*levels, None], dtype=object)
    return words[np.where(np.isnan(values), len(levels), values).astype(int)]


def squeezed(completed: Array, column: Array) -> Array:
    """Filled values lifted to the smallest observed one above zero, as `squeeze` of R's mice has it.

    Parameters
    ----------
    completed : ndarray, shape (M, n)
    column : ndarray, shape (n,)
        As observed. Without a value above zero in it nothing is changed.
    """
    least = np.min(column, where=column > 0, initial=np.inf)
    low = np.isnan(column) & (completed < least) & np.isfinite(least)
    return np.where(low, least, completed)


def matching_kind(kind: str, column: pd.Series, arm: Array) -> str:
    """Predictive mean matching needs donors: in a small arm a score is drawn from its normal regression."""
    if kind != "bounded":
        return kind
    observed = column.notna().groupby(arm).sum()
    return "bounded" if len(observed) and observed.min() >= MATCHING_ROWS else "continuous"
