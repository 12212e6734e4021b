"""The same specification fitted by other people's software: statsmodels' MixedLM, and R's lme4.

Each returns the record that the engine of this package returns, or a sentence that says why it cannot. Both
are given the very columns of our design, so that their criterion is comparable with ours.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ipdma.errors import IpdmaError
from ipdma.model.engines.data import engine_data
from ipdma.model.engines.lme4 import fit_lme4, missing_r
from ipdma.model.engines.statsmodels import fit_statsmodels
from ipdma.model.fit import fit_model
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec

ENGINES = ("ipdma", "statsmodels", "lme4")
STOPPED_SHORT = 1e-4  # deviance above ours that counts as stopping before the optimum


def fit_engines(
    rows: pd.DataFrame, spec: ModelSpec, engines: Sequence[str] = ENGINES
) -> dict[str, Fit | str]:
    """Fit one specification with several engines.

    Parameters
    ----------
    rows : DataFrame
    spec : ModelSpec
    engines : sequence of str
        Of `ipdma`, `statsmodels`, `lme4`.

    Returns
    -------
    dict of str to Fit or str
        By engine: its fit, or why there is none. A fit whose criterion is more than 1e-4 from ours carries a
        warning that says so.

    Raises
    ------
    SpecError, DataError, FitError
        Where our own engine cannot fit it, as `fit_model`.
    ValueError
        For a name that is no engine.
    """
    ours = fit_model(rows, spec)
    results: dict[str, Fit | str] = {}
    for engine in engines:
        if engine == "ipdma":
            results[engine] = ours
            continue
        result = fit_engine(rows, spec, engine)
        results[engine] = result if isinstance(result, str) else note_shortfall(result, ours)
    return results


def fit_engine(rows: pd.DataFrame, spec: ModelSpec, engine: str) -> Fit | str:
    """Fit with one other engine, or say why it cannot: it is absent, lacks the model, or failed."""
    why = engine_lacks(spec, engine) or engine_missing(engine)
    if why:
        return why
    try:
        data = engine_data(rows, spec)
    except IpdmaError as error:
        return f"{engine}: {error}"
    return fit_statsmodels(data) if engine == "statsmodels" else fit_lme4(data)


def engine_lacks(spec: ModelSpec, engine: str) -> str | None:
    """Why an engine has no such model, or None."""
    if spec.stages == "two":
        return f"{engine}: two stages are not a model of this engine"
    if spec.imputation:
        return f"{engine}: completed data sets are not pooled by this engine"
    if spec.visit:
        return f"{engine}: repeated measures with visits are not fitted by this engine"
    if spec.residual == "by_study":
        return f"{engine}: it has one residual variance, so residual: by_study cannot be fitted"
    if engine == "statsmodels" and spec.family != "gaussian":
        return "statsmodels: it has no maximum-likelihood logistic mixed model"
    if spec.nesting:
        return f"{engine}: a variance of clusters in some of the arms is not fitted by this engine"
    if engine == "statsmodels" and spec.participant:
        return "statsmodels: a participant intercept within study is not fitted by this engine"
    if engine == "lme4" and spec.quadrature > 1:
        return "lme4: it is asked for the Laplace approximation alone, so quadrature: 1 is needed"
    return None


def engine_missing(engine: str) -> str | None:
    """Why an engine cannot be used on this machine, or None.

    Raises
    ------
    ValueError
        For a name that is no engine.
    """
    if engine == "statsmodels":
        return missing_module("statsmodels", "statsmodels.regression.mixed_linear_model")
    if engine == "lme4":
        return missing_module("lme4", "rpy2") or missing_r()
    raise ValueError(f"unknown engine '{engine}'; expected one of {', '.join(ENGINES)}")


def missing_module(engine: str, module: str) -> str | None:
    """Why a Python module cannot be imported, or None."""
    try:
        importlib.import_module(module)
    except Exception as error:
        hint = "; install ipdma[r] and R with lme4, lmerTest and pbkrtest" if engine == "lme4" else ""
        return f"{engine}: {module} cannot be imported ({type(error).__name__}){hint}"
    return None


def note_shortfall(theirs: Fit, ours: Fit) -> Fit:
    """Warn where the other engine stopped short of our criterion (or we of theirs)."""
    if theirs.criterion is None or ours.criterion is None:
        return theirs
    gap = theirs.criterion - ours.criterion
    if not math.isfinite(gap) or abs(gap) <= STOPPED_SHORT:
        return theirs
    if gap > 0:
        note = (
            f"{theirs.engine} stopped short of the optimum: its criterion is {gap:.2g} above that of ipdma, "
            "so its numbers are not those of the model"
        )
    else:
        note = f"the criterion of {theirs.engine} is {-gap:.2g} below that of ipdma; please report this"
    return replace(theirs, warnings=(*theirs.warnings, note))
