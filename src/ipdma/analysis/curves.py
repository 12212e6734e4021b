"""Where the knots of a moderator's curve are, and the columns that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.guest import points_factor
from ipdma.analysis.moderator_frame import coded_values
from ipdma.analysis.ranges import shown_quantile
from ipdma.analysis.settings import Moderator, Settings
from ipdma.bundle.records import BASELINE, OF_MODERATOR
from ipdma.model.spline import spline_basis


@dataclass(frozen=True)
class CurveFrame:
    """The rows of a curve.

    Attributes
    ----------
    rows : DataFrame
        `study, treat, outcome`, covariates, `basis` and, under the moderator's name, its number; nothing
        missing.
    covariates, basis : tuple of str
        Columns; `basis` has one less than there are knots, the first the number itself.
    knots : tuple of float
        In the unit of the model; empty where there are fewer than three.
    silent : tuple of str
        Trials that are bundles and do not tell of these columns.
    """

    rows: pd.DataFrame
    covariates: tuple[str, ...]
    basis: tuple[str, ...]
    knots: tuple[float, ...]
    silent: tuple[str, ...]


def bend_names(moderator: Moderator) -> tuple[str, ...]:
    """Names of the columns of a curve beside the number itself: one for each of the plan's knots but two."""
    return tuple(f"{OF_MODERATOR}{moderator.name}.s{j}" for j in range(2, len(moderator.knots)))


def raw_knots(moderator: Moderator) -> tuple[float, ...]:
    """The plan's knots as a site can use them: before `per`, after the logarithm."""
    if moderator.transform == "log":
        return tuple(float(np.log(knot)) for knot in moderator.knots)
    return moderator.knots


def raw_bends(rows: pd.DataFrame, moderator: Moderator) -> pd.DataFrame:
    """The bends of a curve at the plan's knots, in the unit of `raw_knots`; missing where the number is."""
    if moderator.knots_on:
        number = rows["baseline_raw"].astype(float)
    else:
        number = coded_values(rows[moderator.column], moderator)[0] * moderator.per
    basis = spline_basis(number.to_numpy(float), raw_knots(moderator))
    return pd.DataFrame(basis[:, 1:], index=rows.index, columns=list(bend_names(moderator)))


def on_instrument(cell: Cell, moderator: Moderator) -> Cell:
    """The trials of a cell that the curve is of: those on the instrument in whose points its knots are."""
    if not moderator.knots_on:
        return cell
    return cell.but(cell.rows[cell.rows["instrument"] == moderator.knots_on])


def planned_curve(cell: Cell, moderator: Moderator, covariates: Sequence[str]) -> CurveFrame:
    """The rows of a curve whose knots the plan gives; trials that are bundles take part.

    Raises
    ------
    KeyError
        Naming a covariate that is no column of the rows.
    """
    rest, bends = [name for name in covariates if name != moderator.column], bend_names(moderator)
    own = raw_bends(cell.rows, moderator)
    own[cell.rows["study"].isin([guest.study for guest in cell.guests])] = np.nan  # the bundle's to tell
    asked = cell.but(cell.rows.assign(**own))
    rows = asked.with_columns([*rest, *bends], moderator)
    frame, names = design_frame(rows, rest)
    number = (
        points_of(rows, asked) if moderator.knots_on else coded_values(rows[moderator.column], moderator)[0]
    )
    first = f"{OF_MODERATOR}{moderator.name}.s1"
    frame[moderator.name] = frame[first] = number / moderator.per if moderator.knots_on else number
    for bend in bends:
        frame[bend] = rows[bend].to_numpy(float) / moderator.per
    knots = tuple(knot / moderator.per for knot in raw_knots(moderator))
    silent = tuple(asked.silent([*rest, *bends], moderator))
    return CurveFrame(frame.dropna(), names, (first, *bends), knots, silent)


def points_of(rows: pd.DataFrame, asked: Cell) -> pd.Series:
    """Baselines in points; those of bundles, made for the fit, by what standardised their trial's."""
    points = rows["baseline_raw"].astype(float)
    for guest in asked.guests:
        at = rows["study"] == guest.study
        points[at] = rows.loc[at, BASELINE] / points_factor(asked.rows[asked.rows["study"] == guest.study])
    return points


def quantile_curve(
    rows: pd.DataFrame, moderator: str, covariates: Sequence[str], guests: Sequence[str], settings: Settings
) -> CurveFrame:
    """The rows of a curve whose knots are quantiles over all trials, which no site knows: without bundles."""
    gone = tuple(sorted(set(guests) & set(rows["study"])))
    rows = rows[~rows["study"].isin(gone)]
    values = rows[moderator].to_numpy(float)
    if not len(values):
        return CurveFrame(rows, tuple(covariates), (), (), gone)
    fewest = settings.plan["minimum_cell"]
    knots = np.unique([shown_quantile(values, share, fewest) for share in settings.knots])
    if len(knots) < 3:
        return CurveFrame(rows, tuple(covariates), (), (), gone)
    basis = spline_basis(values, knots)
    names = tuple(f"{OF_MODERATOR}{moderator}.s{j}" for j in range(1, basis.shape[1] + 1))
    rows = rows.assign(**dict(zip(names, basis.T, strict=True)))
    return CurveFrame(rows, tuple(covariates), names, tuple(map(float, knots)), gone)
