"""A curve instead of a line: restricted cubic spline interactions, the same knots in all trials.

Pooled in two stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.moderator_values import GRID, to_column_unit
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.records import Fit

Array = np.ndarray


def spline_basis(x: Array, knots: Sequence[float] | Array) -> Array:
    """Harrell's restricted cubic spline: x, then one column for each knot but the last two.

    Parameters
    ----------
    x : array of shape (n,)
    knots : sequence of k rising numbers, k >= 3

    Returns
    -------
    array of shape (n, k - 1)
        Nonlinear columns are divided by (last knot - first knot)^2 (Harrell, Regression Modeling
        Strategies, 2.4.5).
    """
    t = np.asarray(knots, float)
    x = np.asarray(x, float)
    cube = lambda v: np.maximum(v, 0.0) ** 3  # noqa: E731
    last, before = t[-1], t[-2]
    columns = [x]
    for knot in t[:-2]:
        bend = cube(x - knot) - cube(x - before) * (last - knot) / (last - before)
        bend += cube(x - last) * (before - knot) / (last - before)
        columns.append(bend / (last - t[0]) ** 2)
    return np.column_stack(columns)


@dataclass(frozen=True)
class SplineFit:
    """Pooled spline interaction: coefficients (the first linear), covariance, knots.

    Study means of the basis.
    """

    gamma: Array
    covariance: Array
    knots: tuple[float, ...]
    centre: Array
    studies: tuple[str, ...]
    n: int

    def wald(self, positions: Sequence[int]) -> tuple[float, int, float]:
        """Wald chi-square that these coefficients are zero: statistic, degrees of freedom, p."""
        at = list(positions)
        g = self.gamma[at]
        statistic = float(g @ np.linalg.solve(self.covariance[np.ix_(at, at)], g))
        return statistic, len(at), float(chi2.sf(statistic, len(at)))


def fit_spline(
    rows: pd.DataFrame, moderator: str, covariates: Sequence[str], knots: Sequence[float] | Array
) -> SplineFit:
    """Each study's own ANCOVA with the spline, its main effect and its interaction; common interactions
    pooled.

    Study k tells J_k, the information about the interaction coefficients once arm, main effect and
    covariates are swept
    out, divided by its own residual variance; gamma = (sum J_k)^-1 sum J_k gamma_k. A study whose moderator
    does not reach
    over all knots adds what it has, since J_k may be singular.

    Raises
    ------
    ArithmeticError
        When the studies together cannot tell the coefficients apart.
    """
    q = len(knots) - 1
    information, score = np.zeros((q, q)), np.zeros(q)
    means, used, n = [], [], 0
    for study, part in rows.groupby("study"):
        basis = spline_basis(part[moderator].to_numpy(float), knots)
        means.append(basis.mean(axis=0))
        found = study_information(part, basis - basis.mean(axis=0), covariates)
        if found is not None:
            information += found[0]
            score += found[1]
            used.append(str(study))
            n += len(part)
    if not used or np.linalg.matrix_rank(information) < q:
        raise ArithmeticError("the studies together do not inform every coefficient of the spline")
    covariance = np.linalg.inv(information)
    return SplineFit(
        covariance @ score, covariance, tuple(map(float, knots)), np.mean(means, axis=0), tuple(used), n
    )


def study_information(
    part: pd.DataFrame, basis: Array, covariates: Sequence[str]
) -> tuple[Array, Array] | None:
    """A study's information about its interaction coefficients and its score.

    Or None where nothing is left over.
    """
    t = part["treat"].to_numpy(float)
    nuisance = np.column_stack([np.ones(len(t)), t, basis, part[list(covariates)].to_numpy(float)])
    y = part["outcome"].to_numpy(float)
    inter = basis * t[:, None]
    sweep = lambda a: a - nuisance @ np.linalg.lstsq(nuisance, a, rcond=None)[0]  # noqa: E731
    Z, r = sweep(inter), sweep(y)
    full = np.column_stack([nuisance, inter])
    free = len(y) - np.linalg.matrix_rank(full)
    if free < 1 or len(np.unique(t)) < 2:
        return None
    residual = r - Z @ np.linalg.lstsq(Z, r, rcond=None)[0]
    sigma2 = float(residual @ residual) / free
    if sigma2 <= 0:
        return None
    return Z.T @ Z / sigma2, Z.T @ r / sigma2


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
    knots = np.unique(np.quantile(rows[data.name].to_numpy(float), settings.knots))
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
        row = normal_row(name, f"treatment:within:{moderator}_s{j}", float(value), float(se), level)
        ledger.estimates.append({**row, "k": len(fit.studies), "n": fit.n})
    for label, positions in (("overall", range(q)), ("nonlinear", range(1, q))):
        statistic, df, p = fit.wald(positions)
        term = f"treatment:spline:{moderator}"
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


def normal_row(name: Ident, term: str, estimate: float, se: float, level: float) -> dict:
    """A row of estimates.csv with a normal reference."""
    z = norm.ppf(0.5 + level / 2)
    statistic = estimate / se
    return {
        **name.columns,
        "term": term,
        "level": "",
        "estimate": estimate,
        "std_error": se,
        "statistic": statistic,
        "p_value": float(2 * norm.sf(abs(statistic))),
        "ci_low": estimate - z * se,
        "ci_high": estimate + z * se,
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
    from chance
    imbalance alone.
    """
    if two is None:
        return
    head = two.estimate("treatment")
    values = data.complete[data.name].to_numpy(float)
    low, high = np.quantile(values, [0.02, 0.98]) if len(values) > 100 else (values.min(), values.max())
    grid = np.linspace(low, high, GRID)
    B = spline_basis(grid, fit.knots) - fit.centre
    effect = head.estimate + B @ fit.gamma
    se = np.sqrt(head.std_error**2 + np.einsum("ij,jk,ik->i", B, fit.covariance, B))
    for at, value, error in zip(grid, effect, se, strict=True):
        row = normal_row(name, f"treatment:at:{data.name}", float(value), float(error), level)
        text = f"{to_column_unit(float(at), moderator):.6g}"
        ledger.estimates.append({**row, "level": text, "k": len(fit.studies), "n": fit.n})
