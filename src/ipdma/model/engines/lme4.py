"""R's lme4, through rpy2."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ipdma.model.df import df_method
from ipdma.model.engines.data import Array, EngineData, make_record
from ipdma.model.interval import make_estimate
from ipdma.model.records import Estimate, Fit
from ipdma.model.spec import ModelSpec

PACKAGES = ("lme4", "lmerTest", "pbkrtest")
ABSENT = """function(names) names[!vapply(names, function(name) nzchar(system.file(package = name)), TRUE)]"""
FIT = """function(formula, columns, gaussian, reml) suppressMessages(suppressWarnings({
  rows <- as.data.frame(columns)
  quiet <- list(check.rankX = "ignore", check.conv.grad = "ignore", check.conv.singular = "ignore",
                check.conv.hess = "ignore", optimizer = "bobyqa")
  formula <- as.formula(formula)
  if (gaussian) lme4::lmer(formula, rows, REML = reml, control = do.call(lme4::lmerControl, quiet))
  else lme4::glmer(formula, rows, binomial, control = do.call(lme4::glmerControl, c(quiet, tolPwrss = 1e-12)))
}))"""
# The coefficients with their errors, and df where the model has them. lmerTest's summary makes the adjusted
# covariance anew for each coefficient: the same numbers after as many times the work.
TABLES = {
    "normal": "function(m) coef(summary(m))",
    "satterthwaite": """function(m) suppressMessages(suppressWarnings(
      coef(summary(lmerTest::as_lmerModLmerTest(m), ddf = "Satterthwaite"))))""",
    "kenward_roger": """function(m) suppressMessages(suppressWarnings({
      plain <- vcov(m); adjusted <- pbkrtest::vcovAdj(m); one <- diag(nrow(plain))
      df <- apply(one, 1, pbkrtest::Lb_ddf, V0 = plain, Vadj = adjusted)
      cbind(lme4::fixef(m), sqrt(diag(as.matrix(adjusted))), df)
    }))""",
}


def missing_r() -> str | None:
    """Why R or its packages cannot be used, or None."""
    try:
        absent = [str(name) for name in load_r().r(ABSENT)(load_r().StrVector(PACKAGES))]
    except Exception as error:
        return f"lme4: R cannot be used from Python ({type(error).__name__}); install R to use this engine"
    return f"lme4: the R packages {', '.join(absent)} are not installed" if absent else None


def load_r() -> Any:
    """R, which starts with the first call."""
    return importlib.import_module("rpy2.robjects")


def fit_lme4(data: EngineData) -> Fit | str:
    """lmer or glmer by Laplace's approximation; the intervals are ours, from R's errors and df."""
    if not data.Z.shape[1] and data.participant is None:
        return "lme4: it needs a random effect"
    r, spec = load_r(), data.design.spec
    gaussian = spec.family == "gaussian"
    numbers = {f"x{j}": column for j, column in enumerate(data.X.T)}
    numbers |= {f"z{j}": column for j, column in enumerate(data.Z.T)} | {"y": data.y}
    columns = {name: r.FloatVector(np.asarray(column, dtype=float)) for name, column in numbers.items()}
    columns["study"] = r.StrVector([str(name) for name in data.study])
    if data.participant is not None:
        columns["participant"] = r.StrVector([f"p{i}" for i in data.participant])
    reml = gaussian and spec.estimator == "reml"
    try:
        model = r.r(FIT)(lme4_formula(data), r.ListVector(columns), gaussian, reml)
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
    ask = load_r().r
    gaussian = data.design.spec.family == "gaussian"
    method = lme4_df_method(data.design.spec)
    table = np.asarray(ask(TABLES[method])(model))
    estimates = lme4_estimates(data, table, method)
    variance = ask(
        "function(m) { v <- as.data.frame(lme4::VarCorr(m)); v[is.na(v)] <- ''; "
        "paste(v$grp, v$var1, v$var2, format(v$vcov, digits = 17), sep = '|') }"
    )(model)
    D, participant, sigma2 = lme4_variances(data, [str(line) for line in variance])
    criterion = float(np.asarray(ask("function(m) -2 * as.numeric(logLik(m))")(model))[0])
    covariance = np.asarray(ask("function(m) as.matrix(vcov(m))")(model))
    code = ask("function(m) { o <- m@optinfo$conv$opt; if (is.null(o)) 0 else o }")(model)
    converged = float(np.asarray(code)[0]) == 0
    version = str(ask("as.character(packageVersion('lme4'))")[0])
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
