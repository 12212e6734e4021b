"""Columns of a block from the rows of an analysis, coded by the rules of the analyses themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from ipdma.analysis.curves import raw_bends, raw_knots
from ipdma.analysis.moderator_frame import coded_values, present_levels
from ipdma.analysis.settings import Moderator, cut_labels
from ipdma.bundle.records import (
    BASELINE,
    BEND,
    EVENT,
    LEVEL,
    LOG,
    NUMBER,
    OF_MODERATOR,
    OUTCOME,
    POINTS,
    Column,
)
from ipdma.codebook import Codebook
from ipdma.cohort.derive import scoring_of
from ipdma.model.spline import spline_basis

LEAVING = ("number", "category", "yes_no")  # types of variables
BEYOND = 1e6  # a number that no variable reaches
Coded = Iterator[tuple[Column, pd.Series]]
Range = tuple[float, float] | None


def may_leave(name: str, codebook: Codebook) -> bool:
    """Whether a column is a score or a variable of numbers or known levels: no identifier, no free text."""
    variable = codebook.variables.get(name)
    return name == BASELINE or (variable is not None and variable.type in LEAVING)


def score_column(name: str, values: pd.Series, limits: Range) -> Coded:
    """A score in points."""
    yield Column(name, name, POINTS, "", limits, is_whole(values)), values.astype(float)


def outcome_columns(rows: pd.DataFrame, family: str, measure: str, codebook: Codebook) -> Coded:
    """The outcome: in points where it was observed, or 1 and 0 for an event, which `measure` names."""
    if family == "binomial":
        yield Column(OUTCOME, measure, EVENT, "", None, True), rows["outcome"].astype(float)
    else:
        raw = rows["outcome_raw"].astype(float).where(rows["outcome"].notna())
        yield from score_column(OUTCOME, raw, range_of_scale(rows, codebook))


def range_of_scale(rows: pd.DataFrame, codebook: Codebook) -> Range:
    """What is possible on the rows' instrument as it was scored."""
    if rows.empty or not rows["instrument"].iloc[0]:
        return None
    instrument = codebook.instruments[rows["instrument"].iloc[0]]
    return scoring_of(instrument, rows["scoring"].iloc[0]).range.bounds


def variable_columns(rows: pd.DataFrame, name: str, codebook: Codebook) -> Coded:
    """A covariate as it stands: baseline in points, a number, or each level of a text."""
    if name == BASELINE:
        yield from score_column(BASELINE, rows["baseline_raw"], range_of_scale(rows, codebook))
        return
    values = rows[name]
    if pd.api.types.is_numeric_dtype(values):
        whole, limits = is_whole(values), range_of_variable(name, codebook)
        yield Column(name, name, NUMBER, "", limits, whole), values.astype(float)
    else:
        yield from level_columns(name, name, values, sorted(values.dropna().astype(str).unique()))


def moderator_columns(rows: pd.DataFrame, moderator: Moderator, codebook: Codebook) -> Coded:
    """A moderator coded as the plan says: a number under its variable's name, else under its own."""
    name, of = OF_MODERATOR + moderator.name, moderator.column
    if of == BASELINE and moderator.type == "continuous" and moderator.transform == "none":
        yield from variable_columns(rows, BASELINE, codebook)
        return
    values, kind, _ = coded_values(rows[of], moderator)
    if kind == "categorical":
        ranges = cut_ranges(moderator, codebook)
        yield from level_columns(name, of, values, present_levels(values, moderator, kind), ranges)
    elif moderator.transform == "log":
        yield Column(name, of, LOG), values * moderator.per
    elif pd.api.types.is_numeric_dtype(rows[of]):
        yield from variable_columns(rows, of, codebook)
    else:  # yes and no as 1 and 0
        yield from level_columns(name, of, rows[of], sorted(rows[of].dropna().astype(str).unique()))


def curve_columns(rows: pd.DataFrame, moderator: Moderator, codebook: Codebook) -> Coded:
    """A number and the bends of its curve at the plan's knots; nothing on another instrument than theirs."""
    if moderator.knots_on and rows["instrument"].iloc[0] != moderator.knots_on:
        return
    number = list(moderator_columns(rows, moderator, codebook))
    yield from number
    if not number or number[0][0].coding == LEVEL:  # nor have levels, or a text without values, a curve
        return
    limits, bends = number[0][0].range, raw_bends(rows, moderator)
    ends = spline_basis(np.array(limits), raw_knots(moderator))[:, 1:].T.tolist() if limits else []
    for name, own in zip(bends, ends or [None] * bends.shape[1], strict=True):
        yield Column(str(name), moderator.column, BEND, "", tuple(own) if own else None), bends[name]


def cut_ranges(moderator: Moderator, codebook: Codebook) -> dict[str, tuple[float, float]]:
    """The numbers at each level that a variable is cut into; outermost those that are possible."""
    if not moderator.cuts:
        return {}
    low, high = range_of_variable(moderator.column, codebook) or (-BEYOND, BEYOND)
    ends = (min(low, moderator.cuts[0] - 1), *moderator.cuts, max(high, moderator.cuts[-1] + 1))
    return dict(zip(cut_labels(moderator), pairwise(ends), strict=True))


def level_columns(
    name: str,
    of: str,
    values: pd.Series,
    levels: tuple[str, ...] | list[str],
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Coded:
    """1 at a level and 0 at another, missing where the value is: a column for each level."""
    text = values.astype(object)
    for level in levels:
        at = (text == level).astype(float).where(values.notna(), np.nan)
        yield Column(name, of, LEVEL, str(level), (ranges or {}).get(level), True), at


def range_of_variable(name: str, codebook: Codebook) -> Range:
    """What is possible of a variable; None where the codebook does not say."""
    variable = codebook.variables.get(name)
    return variable.range.bounds if variable is not None and variable.range is not None else None


def is_whole(values: pd.Series) -> bool:
    """Whether every value that is there is a whole number."""
    found = values.dropna().to_numpy(dtype=float)
    return bool(np.all(found == np.round(found)))
