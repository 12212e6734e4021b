"""R's lme4, through pymer4."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ipdma.model.df import df_label, df_method
from ipdma.model.engines.data import Array, EngineData, make_record
from ipdma.model.interval import make_estimate
from ipdma.model.records import Estimate, Fit
from ipdma.model.spec import ModelSpec


def missing_r() -> str | None:
    """Why R or its packages cannot be used, or None."""
    try:
        load_pymer4()
        packages = importlib.import_module("rpy2.robjects.packages")
        absent = [name for name in ("lme4", "lmerTest", "pbkrtest") if not packages.isinstalled(name)]
    except Exception as error:
        return f"lme4: R cannot be used from Python ({type(error).__name__}); install R to use this engine"
    return f"lme4: the R packages {', '.join(absent)} are not installed" if absent else None


def load_pymer4() -> Any:
    """pymer4's model class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("pymer4.models").Lmer


@contextmanager
def older_pandas() -> Iterator[None]:
    """Lend pymer4 the method of DataFrame that pandas 3 renamed, while it fits and no longer."""
    if hasattr(pd.DataFrame, "applymap"):
        yield
        return
    pd.DataFrame.applymap = pd.DataFrame.map  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del pd.DataFrame.applymap  # type: ignore[attr-defined]


def fit_lme4(data: EngineData) -> Fit | str:
    """lmer or glmer through pymer4; intervals are ours, since pymer4 prints Wald-z ones beside t tests."""
    if not data.Z.shape[1] and data.participant is None:
        return "lme4: it needs a random effect"
    frame = pd.DataFrame(data.X, columns=[f"x{j}" for j in range(data.X.shape[1])])
    for j in range(data.Z.shape[1]):
        frame[f"z{j}"] = data.Z[:, j]
    frame["y"], frame["study"] = data.y, data.study
    if data.participant is not None:
        frame["participant"] = [f"p{i}" for i in data.participant]
    gaussian = data.design.spec.family == "gaussian"
    quiet = ", ".join(f"check.conv.{name}='ignore'" for name in ("grad", "singular", "hess"))
    tight = "" if gaussian else ", tolPwrss=1e-12"
    try:
        model = load_pymer4()(lme4_formula(data), data=frame, family="gaussian" if gaussian else "binomial")
        with warnings.catch_warnings(), older_pandas():
            warnings.simplefilter("ignore")
            reml = gaussian and data.design.spec.estimator == "reml"
            control = f"optimizer='bobyqa', check.rankX='ignore', {quiet}{tight}"
            model.fit(REML=reml, summarize=False, verbose=False, no_warnings=True, control=control)
        return lme4_record(data, model)
    except Exception as error:
        return f"lme4: it failed on this model ({type(error).__name__})"


def lme4_formula(data: EngineData) -> str:
    """The formula: every column by name, random effects correlated only where ours are."""
    fixed = " + ".join(["0", *(f"x{j}" for j in range(data.X.shape[1]))])
    together = (1, 0) in data.pairs
    groups = [["z0", "z1"]] if together else []
    groups += [[f"z{j}"] for j in range(2 if together else 0, data.Z.shape[1])]
    random = [f"(0 + {' + '.join(group)} | study)" for group in groups]
    if data.participant is not None:
        random.append("(1 | participant)")
    return f"y ~ {fixed} + {' + '.join(random)}"


def lme4_record(data: EngineData, model: Any) -> Fit:
    """The record of an lme4 fit: its own standard errors and df, our arithmetic for the interval."""
    robjects = importlib.import_module("rpy2.robjects")
    gaussian = data.design.spec.family == "gaussian"
    method = lme4_df_method(data.design.spec)
    ddf = "lme4" if method == "normal" else df_label(method)
    ask = f"function(m) coef(summary(m{f', ddf={ddf!r}' if gaussian else ''}))"
    table = np.asarray(robjects.r(ask)(model.model_obj))
    estimates = lme4_estimates(data, table, method)
    variance = robjects.r(
        "function(m) { v <- as.data.frame(lme4::VarCorr(m)); v[is.na(v)] <- ''; "
        "paste(v$grp, v$var1, v$var2, format(v$vcov, digits = 17), sep = '|') }"
    )(model.model_obj)
    D, participant, sigma2 = lme4_variances(data, [str(line) for line in variance])
    criterion = float(np.asarray(robjects.r("function(m) -2 * as.numeric(logLik(m))")(model.model_obj))[0])
    covariance = np.asarray(robjects.r("function(m) as.matrix(vcov(m))")(model.model_obj))
    code = robjects.r("function(m) { o <- m@optinfo$conv$opt; if (is.null(o)) 0 else o }")(model.model_obj)
    converged = float(np.asarray(code)[0]) == 0
    version = str(robjects.r("as.character(packageVersion('lme4'))")[0])
    sigma2 = sigma2 if gaussian else None
    fit = make_record(data, estimates, D, sigma2, criterion, method, converged, covariance, ("lme4", version))
    return replace(fit, variance=replace(fit.variance, participant=participant))


def lme4_df_method(spec: ModelSpec) -> str:
    """The df method: the spec's where lme4's companions have it, else its stand-in; normal for logistic."""
    return "normal" if spec.family == "binomial" else df_method(spec.df).beside


def lme4_estimates(data: EngineData, table: Array, method: str) -> list[Estimate]:
    """Rows of R's coefficient table (estimate, standard error, and df where it has them) as estimates."""
    level = data.design.spec.level
    return [
        make_estimate(
            term, float(row[0]), float(row[1]), None if method == "normal" else float(row[2]), level
        )
        for term, row in zip(data.terms, table, strict=True)
    ]


def lme4_variances(data: EngineData, lines: Sequence[str]) -> tuple[Array, float | None, float | None]:
    """D, the participant variance and the residual one from lines `group|var1|var2|value`."""
    r = data.Z.shape[1]
    D = np.zeros((r, r))
    participant: float | None = None
    residual: float | None = None
    for line in lines:
        group, first, second, value = (part.strip() for part in line.split("|"))
        if group == "Residual":
            residual = float(value)
        elif group.startswith("participant"):
            participant = float(value)
        else:
            i = int(first[1:])
            j = int(second[1:]) if second else i
            D[i, j] = D[j, i] = float(value)
    return D, participant, residual
