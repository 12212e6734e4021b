"""The same specification fitted by other people's software: statsmodels' MixedLM, and lme4 through pymer4.

Each returns the record that the engine of this package returns, or a sentence that says why it cannot. Both
are given the very columns of our design, so that their criterion is comparable with ours.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ipdma.errors import IpdmaError
from ipdma.model.binomial_problem import build_problem, fixed_columns
from ipdma.model.design import Design, build_design
from ipdma.model.df import df_label, df_method
from ipdma.model.fit import fit_model
from ipdma.model.gaussian import prepare_design
from ipdma.model.interval import make_estimate
from ipdma.model.records import Estimate, Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term
from ipdma.model.variance import VarianceComponents, effects_of

Array = np.ndarray
ENGINES = ("ipdma", "statsmodels", "lme4")
STOPPED_SHORT = 1e-4  # deviance above ours that counts as stopping before the optimum
OPTIMISERS = ("bfgs", "lbfgs", "powell", "cg")


@dataclass(frozen=True)
class EngineData:
    """A model as plain columns: y, X with one column per term, Z, the study and participant of each row."""

    design: Design
    y: Array
    X: Array
    terms: tuple[Term, ...]
    Z: Array
    study: Array
    participant: Array | None
    pairs: tuple[tuple[int, int], ...]


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
        By engine: its fit, or why there is none. A fit whose criterion is above ours by more than 1e-4
        carries a warning that says so.
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
    if engine == "statsmodels" and spec.participant:
        return "statsmodels: a participant intercept within study is not fitted by this engine"
    if engine == "lme4" and spec.quadrature > 1:
        return "lme4: pymer4 fits by Laplace alone, so quadrature: 1 is needed"
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
        return missing_module("lme4", "pymer4") or missing_r()
    raise ValueError(f"unknown engine '{engine}'; expected one of {', '.join(ENGINES)}")


def missing_module(engine: str, module: str) -> str | None:
    """Why a Python module cannot be imported, or None."""
    try:
        importlib.import_module(module)
    except Exception as error:
        hint = "; install ipdma[r] and R with lme4 and lmerTest" if engine == "lme4" else ""
        return f"{engine}: {module} cannot be imported ({type(error).__name__}){hint}"
    return None


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


def engine_data(rows: pd.DataFrame, spec: ModelSpec) -> EngineData:
    """The columns that our own engine fits, aliased and separated ones left out, on the scale of the data."""
    design = build_design(rows, spec)
    if design.spec.family == "binomial":
        problem = build_problem(design)
        X = fixed_columns(problem) @ np.linalg.inv(problem.to_data)
        data, labels = problem.data, np.array(problem.design.studies)[problem.data.study]
        return EngineData(design, data.y, X, problem.terms, data.Z, labels, None, data.pairs)
    prepared = prepare_design(design)
    at = [design.shared_terms.index(term) for term in prepared.shared_terms]
    columns, terms = [design.shared[:, at]], list(prepared.shared_terms)
    for h, name in enumerate(design.nuisance_terms):
        for k in np.flatnonzero(prepared.full.keep[:, h]):
            columns.append(np.where(design.study == k, design.nuisance[:, h], 0.0)[:, None])
            terms.append(name.but(study=design.studies[k]))
    labels = np.array(design.studies)[design.study]
    X = np.column_stack(columns)
    return EngineData(
        design,
        design.outcome,
        X,
        tuple(terms),
        design.random,
        labels,
        design.participant,
        prepared.full.pairs,
    )


def fit_statsmodels(data: EngineData) -> Fit | str:
    """MixedLM by several optimisers; only answers with finite errors and likelihood count, the best is kept.

    It can answer zero with `converged=True` and a standard error that is no number where tau2 is zero.
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
        "statsmodels",
        [] if fit.converged else ["statsmodels reports that it did not converge"],
    )


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
    fit = make_record(
        data, estimates, D, sigma2 if gaussian else None, criterion, method, converged, covariance, "lme4", []
    )
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


def make_record(
    data: EngineData,
    estimates: Sequence[Estimate],
    D: Array,
    sigma2: float | None,
    criterion: float,
    df_method: str,
    converged: bool,
    covariance: Array,
    engine: str,
    notes: Sequence[str],
) -> Fit:
    """The parts that every engine's record has alike."""
    design = data.design
    variance = VarianceComponents(
        **effects_of(design.random_terms, D),
        intercept_treatment_cov=float(D[1, 0]) if (1, 0) in data.pairs else None,
        residual=sigma2,
    )
    scale = np.sqrt(np.maximum(np.diag(D), 1e-300))
    correlation = D / np.outer(scale, scale)
    singular = bool(
        len(D) and (np.diag(D).min() < 1e-8 * (sigma2 or 1.0) or np.linalg.eigvalsh(correlation).min() < 1e-6)
    )
    restricted = design.spec.family == "gaussian" and design.spec.estimator == "reml"
    return Fit(
        estimates=tuple(estimates),
        variance=variance,
        criterion=criterion,
        criterion_name="minus_two_reml_loglik" if restricted else "minus_two_loglik",
        n_studies=len(design.studies),
        n_rows=design.n_rows,
        n_rows_excluded=design.n_excluded,
        df_method=df_method,
        converged=converged,
        singular=singular,
        warnings=tuple(notes),
        engine=engine,
        version=engine_version(engine),
        covariance=covariance,
    )


def engine_version(engine: str) -> str:
    """The version of the engine that ran."""
    if engine == "statsmodels":
        return str(importlib.import_module("statsmodels").__version__)
    robjects = importlib.import_module("rpy2.robjects")
    return str(robjects.r("as.character(packageVersion('lme4'))")[0])


def note_shortfall(theirs: Fit, ours: Fit) -> Fit:
    """Warn where the other engine stopped short of our criterion (or, which must not be, we of theirs)."""
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
