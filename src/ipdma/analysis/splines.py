"""A curve instead of a line: a moderator's spline interaction, as rows of the record files."""

from __future__ import annotations

import numpy as np

from ipdma.analysis.cell import Cell
from ipdma.analysis.curves import on_instrument, planned_curve, quantile_curve
from ipdma.analysis.fitting import try_fit
from ipdma.analysis.guest_notes import KIND
from ipdma.analysis.moderator_frame import ModeratorFrame, moderator_frame
from ipdma.analysis.moderator_values import GRID, to_column_unit
from ipdma.analysis.ranges import inner_range
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.bundle.records import BASELINE
from ipdma.model.interval import make_estimate
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.spline import SplineFit, fit_spline, spline_basis
from ipdma.model.term import Term

STANDARDISED = (
    "its knots are standardised scores, which a site has in points; give them in the plan under "
    "moderators.{}.spline as {{INSTRUMENT: [points]}}"
)
QUANTILES = (
    "its knots are quantiles over all trials, which no site knows; give them in the plan under "
    "moderators.{}.spline, and bundles made for it hold the curve's columns"
)

OFF_INSTRUMENT = "no trial of this cell is on {}, in whose points the plan gives the knots"


def write_spline(
    ledger: Ledger,
    ident: Ident,
    cell: Cell,
    data: ModeratorFrame,
    moderator: Moderator,
    settings: Settings,
    spec: ModelSpec,
    two: Fit | None,
) -> None:
    """Write coefficients, overall and non-linearity tests, and the curve, or why there is no spline.

    Parameters
    ----------
    cell : Cell
    data : ModeratorFrame
        Its rows with the moderator.
    spec : ModelSpec
        The moderator's model, on the columns of the cell.
    two : Fit or None
        Its second stage on `data`.
    """
    name = ident.but(stage="two", variant="spline")
    own = on_instrument(cell, moderator)
    if moderator.knots:
        curve = planned_curve(own, moderator, spec.covariates)
    else:
        curve = quantile_curve(data.complete, data.name, data.covariates, data.guests, settings)
    if curve.silent:
        ledger.note(name, KIND, f"without {', '.join(curve.silent)}: {why_silent(moderator)}")
    if curve.rows.empty:
        if moderator.knots_on and not own.studies:
            ledger.note(name, "not_fitted", OFF_INSTRUMENT.format(moderator.knots_on))
        return
    if len(curve.knots) < 3:
        ledger.note(name, "not_fitted", "the moderator takes too few values for three different knots")
        return
    try:
        fit = fit_spline(curve.rows, curve.basis, curve.covariates, curve.knots)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        ledger.note(name, "not_fitted", str(error))
        return
    for position, knot in enumerate(curve.knots, 1):
        value = to_column_unit(float(knot), moderator)
        ledger.count(name, "knot", variable=data.name, level=str(position), value=value)
    write_coefficients(ledger, name, data.name, fit, settings.level)
    if len(own.studies) < len(cell.studies):
        part = moderator_frame(own, moderator, spec.covariates)
        two = try_fit(ledger, name, part, part.join(spec).replace(contrasts={}))
    ends = curve.knots if moderator.knots else inner_range(data.spread[data.name].to_numpy(float))
    write_curve(ledger, name, moderator, fit, two, np.linspace(ends[0], ends[-1], GRID), settings.level)


def why_silent(moderator: Moderator) -> str:
    """Why a bundle does not tell of a curve, and the key of the plan that would let it."""
    if not moderator.knots:
        return QUANTILES.format(moderator.name)
    if moderator.column == BASELINE and not moderator.knots_on:
        return STANDARDISED.format(moderator.name)
    return "the bundle does not hold the curve's columns"


def write_coefficients(ledger: Ledger, name: Ident, moderator: str, fit: SplineFit, level: float) -> None:
    """Write each coefficient and both Wald tests as rows."""
    q = len(fit.gamma)
    for j, (value, se) in enumerate(zip(fit.gamma, np.sqrt(np.diag(fit.covariance)), strict=True), 1):
        row = normal_row(name, Term("within", f"{moderator}_s{j}"), float(value), float(se), level)
        ledger.estimates.append({**row, "k": len(fit.studies), "n": fit.n})
    for label, positions in (("overall", range(q)), ("nonlinear", range(1, q))):
        statistic, df, p = fit.wald(positions)
        term = Term("spline", moderator)
        test = {
            "term": term,
            "level": label,
            "statistic": statistic / df,
            "p_value": p,
            "k": len(fit.studies),
        }
        ledger.estimates.append(
            {**name.columns, **test, "n": fit.n, "df_method": "normal", "converged": True, "singular": False}
        )
        ledger.count(name, "df_num", variable=term, level=label, value=df)
        ledger.count(name, "wald_chi2", variable=term, level=label, value=statistic)


def normal_row(name: Ident, term: str, estimate: float, se: float, level: float) -> dict[str, object]:
    """A row of estimates.csv with a normal reference."""
    found = make_estimate(term, estimate, se, None, level)
    return {
        **name.columns,
        **{n: getattr(found, n) for n in ("term", "estimate", "std_error", "statistic", "p_value")},
        "level": "",
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "df_method": "normal",
        "converged": True,
        "singular": False,
    }


def write_curve(
    ledger: Ledger,
    name: Ident,
    moderator: Moderator,
    fit: SplineFit,
    two: Fit | None,
    grid: np.ndarray,
    level: float,
) -> None:
    """Write the effect over a grid: the pooled effect at average case mix plus the spline around it.

    The two parts are taken as independent: the basis is centred in each study, so their covariance comes
    from chance imbalance alone.
    """
    if two is None:
        return
    head = two.estimate("treatment")
    B = spline_basis(grid, fit.knots) - fit.centre
    effect = head.estimate + B @ fit.gamma
    se = np.sqrt(head.std_error**2 + np.einsum("ij,jk,ik->i", B, fit.covariance, B))
    for at, value, error in zip(grid, effect, se, strict=True):
        row = normal_row(name, Term("at", moderator.name), float(value), float(error), level)
        text = f"{to_column_unit(float(at), moderator):.6g}"
        ledger.estimates.append({**row, "level": text, "k": len(fit.studies), "n": fit.n})
