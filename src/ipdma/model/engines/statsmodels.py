"""statsmodels' MixedLM: several optimisers, of whose answers the best that can be one is kept."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from ipdma.model.engines.data import Array, EngineData, make_record
from ipdma.model.interval import make_estimate
from ipdma.model.records import Fit

OPTIMISERS = ("bfgs", "lbfgs", "powell", "cg")


def fit_statsmodels(data: EngineData) -> Fit | str:
    """MixedLM by several optimisers; only answers with finite errors and likelihood count, the best is kept.

    Where tau2 is zero, MixedLM can answer zero with `converged=True` and a standard error of NaN.
    """
    if not data.Z.shape[1]:
        return "statsmodels: MixedLM needs a random effect"
    module = importlib.import_module("statsmodels.regression.mixed_linear_model")
    r, p = data.Z.shape[1], data.X.shape[1]
    mask = np.eye(r)
    for i, j in data.pairs:
        mask[i, j] = mask[j, i] = 1.0
    free = module.MixedLMParams.from_components(fe_params=np.ones(p), cov_re=mask)
    ols = np.linalg.lstsq(data.X, data.y, rcond=None)[0]
    small = module.MixedLMParams.from_components(fe_params=ols, cov_re=0.1 * np.eye(r))
    reml = data.design.spec.estimator == "reml"
    fits = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for method, start in [*((m, None) for m in OPTIMISERS), *((m, small) for m in OPTIMISERS[:2])]:
            try:
                model = module.MixedLM(data.y, data.X, groups=data.study, exog_re=data.Z)
                fits.append(model.fit(reml=reml, method=method, free=free, start_params=start))
            except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
                continue
    usable = [fit for fit in fits if is_usable(fit, mask)]
    if not usable:
        return (
            f"statsmodels: none of its optimisers ({', '.join(OPTIMISERS)}) gave a finite likelihood and "
            "standard errors; it often fails where the between-study variance is zero"
        )
    return statsmodels_record(data, max(usable, key=lambda fit: fit.llf))


def is_usable(fit: Any, mask: Array) -> bool:
    """Whether an answer of statsmodels can be one: finite likelihood, positive errors, covariances as asked.

    Its optimisers without a gradient ignore which covariances are to be zero.
    """
    with np.errstate(invalid="ignore"):  # a negative variance is what is asked about here
        errors, p = np.asarray(fit.bse_fe, dtype=float), len(fit.fe_params)
    return bool(
        np.isfinite(fit.llf)
        and np.abs(np.asarray(fit.cov_re)[mask == 0]).max(initial=0.0) == 0
        and errors.shape == (p,)
        and np.isfinite(errors).all()
        and (errors > 0).all()
        and np.isfinite(fit.scale)
        and fit.scale > 0
    )


def statsmodels_record(data: EngineData, fit: Any) -> Fit:
    """The record of a MixedLM fit; its reference is normal, and its errors come from the joint Hessian."""
    level = data.design.spec.level
    beta, errors = np.asarray(fit.fe_params), np.asarray(fit.bse_fe)
    estimates = [
        make_estimate(term, float(b), float(se), None, level)
        for term, b, se in zip(data.terms, beta, errors, strict=True)
    ]
    D = np.atleast_2d(np.asarray(fit.cov_re))
    p = data.X.shape[1]
    covariance = np.asarray(fit.cov_params())[:p, :p]
    return make_record(
        data,
        estimates,
        D,
        float(fit.scale),
        -2 * float(fit.llf),
        "normal",
        bool(fit.converged),
        covariance,
        ("statsmodels", importlib.import_module("statsmodels").__version__),
        [] if fit.converged else ["statsmodels reports that it did not converge"],
    )
