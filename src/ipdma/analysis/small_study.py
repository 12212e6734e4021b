"""Do small trials show larger effects: Egger's regression with its limits, and a funnel's contours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from ipdma.analysis.aggregate import StudyEffect, aggregate_effects, ipd_effects
from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.records import Ident, Ledger
from ipdma.errors import IpdmaError
from ipdma.model.meta_regression import meta_regression

MINIMUM = 10  # Sterne 2011: below ten studies the test has too little power to tell chance from asymmetry
LEVELS = (0.1, 0.05, 0.01)
LIMITS = (
    "asymmetry can come from real differences between small and large trials, from poor methods in small "
    "ones or from chance, not from missing trials alone",
    "the regressor is the root of 1/n1 + 1/n0, since the standard error of a standardised difference depends "
    "on the difference itself and would make asymmetry where there is none",
)


def analyse_small_studies(cell: Cell, context: Context) -> Ledger:
    """Egger-type regression over all trials with an estimate, with or without participant data."""
    ledger, settings = Ledger(), context.settings
    ident = cell.ident("egger", "two")
    primary = settings.primary(cell.family)
    note_silent(ledger, ident, cell, primary.covariates)
    own = ipd_effects(cell, primary)
    effects = [*own, *aggregate_effects(context.aggregate, cell)]
    write_contours(ledger, cell.ident(settings.primary_model, "two"))
    usable = [e for e in effects if e.n_active and e.n_reference]
    if len(usable) < MINIMUM:
        ledger.count(
            ident,
            "egger_limit",
            level=f"not run: {len(usable)} studies, and the test needs {MINIMUM}",
            n=len(usable),
        )
        return ledger
    write_egger(ledger, ident, usable, settings.level)
    return ledger


def write_contours(ledger: Ledger, ident: Ident) -> None:
    """Write the critical z of each contour of the funnel."""
    for level in LEVELS:
        ledger.count(ident, "funnel_contour", variable=f"{level:g}", value=float(-ndtri(level / 2)))


def write_egger(ledger: Ledger, ident: Ident, effects: Sequence[StudyEffect], level: float) -> None:
    """Regress effects on the root of 1/n1 + 1/n0, with a variance between studies; write the coefficients.

    The regressor is that of Pustejovsky and Rodgers (2019, Res Synth Methods 10:57).
    """
    y = np.array([e.estimate for e in effects])
    v = np.array([e.std_error**2 for e in effects])
    size = np.array([np.sqrt(1 / (e.n_active or 1) + 1 / (e.n_reference or 1)) for e in effects])
    try:
        fit = meta_regression(y, v, np.column_stack([np.ones(len(y)), size]))
    except (IpdmaError, np.linalg.LinAlgError) as error:
        ledger.note(ident, "not_fitted", str(error))
        return
    n = sum((e.n_active or 0) + (e.n_reference or 0) for e in effects)
    for j, term in enumerate(("egger:intercept", "egger:slope")):
        se = float(np.sqrt(fit.covariance[j, j]))
        low, high = fit.interval(j, level)
        numbers: dict[str, float | None] = {
            "estimate": float(fit.beta[j]),
            "std_error": se,
            "df": fit.df,
            "statistic": float(fit.beta[j]) / se,
        }
        numbers |= {
            "p_value": fit.p_value(j),
            "ci_low": low,
            "ci_high": high,
            "tau2": fit.tau2 if j == 0 else None,
        }
        flags = {"k": len(y), "n": n, "df_method": "k_minus_p", "converged": True, "singular": False}
        ledger.estimates.append({**ident.columns, "term": term, **numbers, **flags})
    for text in LIMITS:
        ledger.count(ident, "egger_limit", level=text, n=len(y))
