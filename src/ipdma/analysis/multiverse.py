"""Every reasonable specification at once: what of the headline depends on choices that could differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.aggregate import StudyEffect, ipd_effects
from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import CANNOT, number
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.records import Ledger
from ipdma.analysis.sensitivity import changed_cell
from ipdma.analysis.settings import Settings
from ipdma.model.alike import Effect, fit_alike
from ipdma.model.columns import ModelColumns, read_columns
from ipdma.model.design import design_of_columns
from ipdma.model.df import df_method
from ipdma.model.gaussian import prepare_design
from ipdma.model.interval import make_estimate
from ipdma.model.many import leave_one_study_out
from ipdma.model.pool import pool_effects
from ipdma.model.problem import Prepared
from ipdma.model.records import Estimate
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.plan.record import REBUILDING, SELECTING

MODEL = "multiverse"
EXTENDED = ("age", "sex")  # joined to the primary covariates as a third set, where the rows have them
DF = "kenward_roger"
FEWEST_DF = 1.0  # below it an interval says nothing


@dataclass(frozen=True)
class Specification:
    """One way to answer the question, and its answer.

    Attributes
    ----------
    stage : str
    choices : mapping of str to str
        Dimension to choice, as `counts.csv` shows them.
    numbers : mapping
        Columns of estimates.csv.
    """

    stage: str
    choices: Mapping[str, str]
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """A one-stage specification without its answer: those of all rows are found together."""

    choices: Mapping[str, str]
    prepared: Prepared


def analyse_multiverse(cell: Cell, context: Context) -> Ledger:
    """All specifications of a cell, one row each, and how they spread.

    The cross-products of a design are taken once: leaving studies out, one stage's degrees of freedom and
    every second stage read no row again.
    """
    ledger, settings = Ledger(), context.settings
    if not wanted(cell, settings):
        return ledger
    found: list[Specification | Asked] = []
    for rows, part in row_sets(cell, context):
        whole = rows == "all"
        sets = covariate_sets(part, settings)
        widest = dict.fromkeys((*primary_covariates(part, settings), *extended(part)))
        for covariates in (*sets.values(), tuple(widest)):
            note_silent(ledger, cell.ident(MODEL), part, covariates)
        for name, covariates in sets.items():
            place = {"rows": rows, "covariates": name}
            found += one_stage(part, covariates, place, settings, whole)
            found += two_stage(part, settings, covariates, place, whole)
    write_specifications(ledger, cell, distinct(answered(found)))
    return ledger


def answered(found: Sequence[Specification | Asked]) -> list[Specification]:
    """All specifications in their order; one that cannot be fitted is left out."""
    effects = iter(fit_alike([one.prepared for one in found if isinstance(one, Asked)]))
    every = [one if isinstance(one, Specification) else answer(one, next(effects)) for one in found]
    return [one for one in every if one is not None]


def answer(asked: Asked, effect: Effect | None) -> Specification | None:
    """A one-stage specification with its answer."""
    if effect is None:
        return None
    design = asked.prepared.design
    numbers = numbers_of(effect.estimate)
    numbers |= {"tau2": number(effect.tau2), "k": len(design.studies), "n": design.n_rows}
    numbers |= {"converged": effect.converged, "singular": effect.singular, "df_method": DF}
    return Specification("one", asked.choices, numbers)


def distinct(found: Sequence[Specification]) -> list[Specification]:
    """Each answer once, the first that gave it (at tau2 = 0 estimators agree), and none on df below 1."""
    answers: dict[tuple[str, ...], Specification] = {}
    for one in found:
        df = one.numbers["df"]
        if df is not None and df < FEWEST_DF:
            continue
        ends = [one.numbers[name] for name in ("estimate", "ci_low", "ci_high")]
        key = (one.choices["rows"], *(f"{end:.10g}" for end in ends if end is not None))
        answers.setdefault(key, one)
    return list(answers.values())


def wanted(cell: Cell, settings: Settings) -> bool:
    """Whether the plan asks for a multiverse of this cell, and it has the trials for one."""
    return is_asked(cell, settings) and len(cell.studies) > 2


def is_asked(cell: Cell, settings: Settings) -> bool:
    """Whether the plan asks for a multiverse of this cell."""
    keys = settings.plan["multiverse"]
    enabled = bool(settings.plan["sensitivity"]) if keys["enabled"] is None else keys["enabled"]
    outcomes = keys["outcomes"] or [settings.plan.first_outcome]
    return bool(enabled and cell.family == "gaussian" and cell.outcome in outcomes)


def row_sets(cell: Cell, context: Context) -> Iterator[tuple[str, Cell]]:
    """The cell's rows, and those of each sensitivity analysis that changes rows."""
    yield "all", cell
    silent = Ledger()  # the sensitivity analysis itself says what could not be built
    plan = context.settings.plan
    for name in plan["sensitivity"]:
        if not plan.changes(name, (*REBUILDING, *SELECTING)) or not plan.concerns(name, *cell.key):
            continue
        part = changed_cell(silent, cell, name, context)
        if part is not None and len(part.studies) > 2:
            yield name, part


def covariate_sets(cell: Cell, settings: Settings) -> dict[str, tuple[str, ...]]:
    """No covariates, those of the primary model, and those with age and sex, or with the one of them that
    costs no study."""
    primary = primary_covariates(cell, settings)
    sets = {"none": (), ", ".join(primary): primary}
    more = [name for name in extended(cell) if name not in primary]
    for added in (more, more[:1], more[1:]):
        whole = (*primary, *added)
        if added and everywhere(cell, primary, whole):
            return {**sets, ", ".join(whole): whole}
    return sets


def primary_covariates(cell: Cell, settings: Settings) -> tuple[str, ...]:
    """Those of the primary model; baseline severity where it has none."""
    return settings.primary(cell.family).covariates or ("baseline",)


def extended(cell: Cell) -> list[str]:
    """Age and sex, as far as the rows have them."""
    return [name for name in EXTENDED if name in cell.analysed]


def everywhere(cell: Cell, fewer: Sequence[str], more: Sequence[str]) -> bool:
    """Whether every study that has people complete in some covariates has them in more, so that these cost
    no study."""
    found = []
    for names in (fewer, more):
        rows = cell.with_columns(names)
        there = [name for name in names if name in rows]
        found.append(set(rows.dropna(subset=there)["study"]))
    return found[0] == found[1]


def one_stage(
    cell: Cell, covariates: Sequence[str], place: Mapping[str, str], settings: Settings, whole: bool
) -> Iterator[Specification | Asked]:
    """One-stage models: intercept, slopes, effect, residual variance; each without each study if `whole`."""
    frame, names = design_frame(cell.with_columns(covariates), covariates)
    columns = columns_of(frame.dropna(), names)
    if columns is None:
        return
    slopes = ("stratified", "common") if names else ("stratified",)
    for slope, intercept in product(slopes, ("stratified", "random")):
        base = ModelSpec(
            outcome="outcome",
            covariates=names,
            covariate_slopes=slope,
            intercept=intercept,
            centre_covariates="study" if intercept == "stratified" else "none",
            level=settings.level,
        )
        choices = {**place, "stage": "one", "slopes": slope, "intercept": intercept}
        yield from fitted_models(columns, base, choices, whole)
        if whole:
            yield from without_each(columns, base, choices, settings.level)


def columns_of(frame: pd.DataFrame, covariates: Sequence[str]) -> ModelColumns | None:
    """The columns that all models of one set of rows and covariates share; None where no model has them."""
    try:
        return read_columns(frame, ModelSpec(outcome="outcome", covariates=tuple(covariates)))
    except CANNOT:
        return None


def fitted_models(
    columns: ModelColumns, base: ModelSpec, choices: Mapping[str, str], whole: bool
) -> Iterator[Asked]:
    """The models on all studies: if `whole` with effect random or common and residual variance common or by
    study, else with effect random and residual variance by study."""
    kinds = list(product(("random", "common"), ("common", "by_study"))) if whole else [("random", "by_study")]
    for effect, residual in kinds:
        try:
            spec = base.replace(treatment_effect=effect, residual=residual)
            prepared = prepare_design(design_of_columns(columns, spec))
        except CANNOT:
            continue
        more = {"treatment_effect": effect, "residual": residual, "df": DF, "studies": "all"}
        yield Asked({**choices, **more}, prepared)


def numbers_of(estimate: Estimate) -> dict[str, object]:
    """An estimate's columns of estimates.csv."""
    names = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")
    return {name: number(getattr(estimate, name)) for name in names}


def without_each(
    columns: ModelColumns, base: ModelSpec, choices: Mapping[str, str], level: float
) -> Iterator[Specification]:
    """Random effect and one residual variance without each study in turn."""
    try:
        prepared = prepare_design(design_of_columns(columns, base))
        fits = leave_one_study_out(prepared).fits
    except CANNOT:
        return
    sizes = prepared.design.study_sizes
    at = prepared.shared_terms.index("treatment")
    errors, dfs = df_method(DF).batch(fits)
    for i, study in enumerate(prepared.design.studies):
        nu = None if dfs is None else float(dfs[i, at])
        numbers = numbers_of(
            make_estimate("treatment", float(fits.beta[i, at]), float(errors[i, at]), nu, level)
        )
        numbers |= {"k": len(sizes) - 1, "n": int(sizes.sum() - sizes[i]), "df_method": DF}
        numbers |= {"converged": bool(fits.converged[i]), "singular": bool(fits.singular[i])}
        more = {"treatment_effect": "random", "residual": "common", "df": DF, "studies": f"without {study}"}
        yield Specification("one", {**choices, **more}, numbers)


def two_stage(
    cell: Cell, settings: Settings, covariates: Sequence[str], place: Mapping[str, str], whole: bool
) -> Iterator[Specification]:
    """Two stages: the studies' own estimates once, then the poolings; where `whole` with every estimator of
    the variance between studies, and without each study in turn."""
    own = PoolSpec(tau2="common", ci="wald", level=settings.level)  # any: the studies' own estimates are used
    spec = ModelSpec(outcome="outcome", covariates=tuple(covariates), level=settings.level, pool=own)
    effects = ipd_effects(cell, spec)
    pools = [*product(("reml", "dl", "pm", "ml") if whole else ("reml",), ("modified_hksj",))]
    pools += [("reml", "nst"), ("common", "wald")]  # the null-standardised interval has no tau2 to choose
    left = [("all", effects)]
    if whole:
        left += [(f"without {e.study}", [o for o in effects if o is not e]) for e in effects]
    for (studies, chosen), (tau2, ci) in product(left, pools):
        found = pooled_numbers(chosen, PoolSpec(tau2=tau2, ci=ci, level=settings.level))
        if found is not None:
            more = {"stage": "two", "tau2": tau2, "df": ci, "studies": studies}
            yield Specification("two", {**place, **more}, found)


def pooled_numbers(effects: Sequence[StudyEffect], spec: PoolSpec) -> dict[str, object] | None:
    """The columns of a pooling, or None where there is no estimate."""
    try:
        pooled = pool_effects(
            [e.study for e in effects],
            np.array([e.estimate for e in effects]),
            np.array([e.std_error for e in effects]),
            spec,
        )
    except CANNOT:
        return None
    names = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high", "tau2", "i2", "k")
    n = sum((e.n_active or 0) + (e.n_reference or 0) for e in effects)
    flags = {"n": n, "df_method": spec.ci, "converged": True, "singular": pooled.tau2 == 0}
    return {**{name: number(getattr(pooled, name)) for name in names}, **flags}


def write_specifications(ledger: Ledger, cell: Cell, found: Sequence[Specification]) -> None:
    """Write a row and the choices of each specification, and how the estimates spread."""
    for i, one in enumerate(found, 1):
        ident = cell.ident(f"{MODEL}:{i:04d}", one.stage)
        ledger.estimates.append({**ident.columns, "term": "treatment", "level": "", **one.numbers})
        for dimension, choice in one.choices.items():
            ledger.count(ident, "choice", variable=dimension, level=choice)
    if not found:
        return
    estimates = np.array([one.numbers["estimate"] for one in found])
    middle = float(np.median(estimates))
    name, of = cell.ident(MODEL).analysis_id, len(found)
    ledger.count(name, MODEL, variable="specifications", n=of)
    same = int((np.sign(estimates) == np.sign(middle)).sum())
    ledger.count(name, MODEL, variable="same_sign", n=same, of=of, value=same / of)
    for variable, share in (("low", 0.0), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("high", 1.0)):
        ledger.count(name, MODEL, variable=variable, value=float(np.quantile(estimates, share)))
