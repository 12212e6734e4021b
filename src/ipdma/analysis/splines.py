"""A curve instead of a line: a moderator's spline interaction, as rows of the record files."""

from __future__ import annotations

import numpy as np

from ipdma.analysis.guest_notes import KIND
from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.moderator_values import GRID, to_column_unit
from ipdma.analysis.ranges import inner_range, shown_quantile
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.interval import make_estimate
from ipdma.model.records import Fit
from ipdma.model.spline import SplineFit, fit_spline, spline_basis
from ipdma.model.term import Term


def write_spline(
    ledger: Ledger,
    ident: Ident,
    data: ModeratorFrame,
    moderator: Moderator,
    settings: Settings,
    two: Fit | None,
) -> None:
    """Write coefficients, overall and non-linearity tests, and the curve, or why there is no spline."""
    name = ident.but(stage="two", variant="spline")
    rows = data.complete
    gone = sorted(set(data.guests) & set(rows["study"]))
    if gone:
        ledger.note(name, KIND, f"without {', '.join(gone)}: a bundle does not hold the curve's columns")
        rows = rows[~rows["study"].isin(gone)]
    if rows.empty:
        return
    values, fewest = rows[data.name].to_numpy(float), settings.plan["minimum_cell"]
    knots = np.unique([shown_quantile(values, share, fewest) for share in settings.knots])
    if len(knots) < 3:
        ledger.note(name, "not_fitted", "the moderator takes too few values for three different knots")
        return
    try:
        fit = fit_spline(rows, data.name, data.covariates, knots)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        ledger.note(name, "not_fitted", str(error))
        return
    for position, knot in enumerate(knots, 1):
        ledger.count(
            name,
            "knot",
            variable=data.name,
            level=str(position),
            value=to_column_unit(float(knot), moderator),
        )
    write_coefficients(ledger, name, data.name, fit, settings.level)
    write_curve(ledger, name, data, moderator, fit, two, settings.level)


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
    data: ModeratorFrame,
    moderator: Moderator,
    fit: SplineFit,
    two: Fit | None,
    level: float,
) -> None:
    """Write the effect over a grid: the pooled effect at average case mix plus the spline around it.

    The two parts are taken as independent: the basis is centred in each study, so their covariance comes
    from chance imbalance alone.
    """
    if two is None:
        return
    head = two.estimate("treatment")
    values = data.spread[data.name].to_numpy(float)
    low, high = inner_range(values)
    grid = np.linspace(low, high, GRID)
    B = spline_basis(grid, fit.knots) - fit.centre
    effect = head.estimate + B @ fit.gamma
    se = np.sqrt(head.std_error**2 + np.einsum("ij,jk,ik->i", B, fit.covariance, B))
    for at, value, error in zip(grid, effect, se, strict=True):
        row = normal_row(name, Term("at", data.name), float(value), float(error), level)
        text = f"{to_column_unit(float(at), moderator):.6g}"
        ledger.estimates.append({**row, "level": text, "k": len(fit.studies), "n": fit.n})
