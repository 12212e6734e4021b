"""What is fitted, as data: the specification of a model and of a pooling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ipdma.errors import SpecError, join_faults
from ipdma.model.df import df_method, methods_of
from ipdma.model.spec_keys import FIRTH, read_model_keys, read_pool_keys


@dataclass(frozen=True)
class PoolSpec:
    """How study estimates are pooled (docs/interface/pool.md).

    Attributes
    ----------
    study, estimate, variance, std_error : str or None
        Columns of the table of study estimates; `std_error` wins over `variance` when given.
    tau2 : str or None
        Estimator of the between-study variance; None only inside a ModelSpec, where the term decides.
    ci : str
        An interval of `ipdma.model.df.POOLED`.
    prediction_df, prediction_se : str
        Degrees of freedom and standard error of the prediction interval.
    prediction_method : str or None
        `pivot`, or `t` where `df` or `se` is given; None: `pivot` with `ci: nst`, else `t`.
    level : float
        Confidence level, between 0 and 1.
    method, measure : str
        Of a model's binary outcome in two stages: `inverse_variance`, `mantel_haenszel` or `peto`; `or`, `rr`
        or `rd`.
    """

    study: str = "study"
    estimate: str = "yi"
    std_error: str | None = None
    variance: str | None = "vi"
    tau2: str | None = "reml"
    ci: str = "hksj"
    prediction_df: str = "k_minus_2"
    prediction_se: str = "wald"
    prediction_method: str | None = None
    level: float = 0.95
    method: str = "inverse_variance"
    measure: str = "or"

    @property
    def by_tables(self) -> bool:
        """Whether trials' tables of events by arm are pooled, not their logistic regressions."""
        return self.method != "inverse_variance" or self.measure != "or"

    @property
    def by_pivot(self) -> bool:
        """Whether the prediction interval is that of the generalised pivot."""
        return (self.prediction_method or ("pivot" if self.ci == "nst" else "t")) == "pivot"

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object] | None, where: str = "the pooling spec") -> PoolSpec:
        """Build from the YAML face.

        Raises
        ------
        SpecError
            Naming every fault at once: unknown keys (with the nearest known one), values outside a
            key's choices.
        """
        faults: list[str] = []
        values = read_pool_keys(mapping or {}, where, faults)
        if faults:
            raise SpecError(join_faults(faults))
        return cls(**values)


@dataclass(frozen=True)
class ModelSpec:
    """One mixed model for trials grouped in studies (docs/interface/model.md, key by key).

    `estimator` and `df` may be None; `resolved()` fills them in.
    """

    outcome: str = "y"
    family: str = "gaussian"
    study: str = "study"
    treatment: str = "treat"
    covariates: tuple[str, ...] = ()
    covariate_slopes: str = "stratified"
    centre_covariates: str = "study"
    intercept: str = "stratified"
    treatment_effect: str = "random"
    random_correlation: bool = True
    moderator: str | None = None
    moderator_type: str = "continuous"
    levels: tuple[str, ...] | None = None
    interaction: str = "within"
    interaction_effect: str = "common"
    moderator_slopes: str = "stratified"
    participant: str | None = None
    nesting: str | None = None
    visit: str | None = None
    baseline_visit: str | None = None
    covariance: str = "intercept"
    residual: str = "common"
    estimator: str | None = None
    df: str | None = None
    quadrature: int = 1
    centre_treatment: bool | None = None
    contrasts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    level: float = 0.95
    imputation: str | None = None
    stages: str = "one"
    pool: PoolSpec = field(default_factory=lambda: PoolSpec(tau2=None))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object] | None, where: str = "the spec") -> ModelSpec:
        """Build from the YAML face.

        Raises
        ------
        SpecError
            Naming every fault at once: unknown keys (with the nearest known one), values outside a
            key's choices, keys that exclude each other.
        """
        faults: list[str] = []
        values = read_model_keys(mapping or {}, [f.name for f in fields(cls)], where, faults)
        spec = cls(**{**values, "pool": PoolSpec(**values["pool"])}) if not faults else None
        if spec is not None:
            faults.extend(f"{where}: {fault}" for fault in spec.conflicts())
        if faults or spec is None:
            raise SpecError(join_faults(faults))
        return spec

    def replace(self, **changes: Any) -> ModelSpec:
        """Return a copy with some keys changed."""
        return replace(self, **changes)

    def resolved(self) -> ModelSpec:
        """Return the spec with `estimator`, `df` and `centre_treatment` decided."""
        estimator = self.estimator or ("reml" if self.family == "gaussian" else "ml")
        df = self.df or ("kenward_roger" if estimator == "reml" else "k_minus_1")
        centre = self.centre_treatment
        if centre is None:
            centre = self.family == "binomial" and self.intercept == "stratified"
        if (estimator, df, centre) == (self.estimator, self.df, self.centre_treatment):
            return self
        return self.replace(estimator=estimator, df=df, centre_treatment=centre)

    def of_one_study(self, df: str) -> ModelSpec:
        """Return the model of one study: its effects common, its intercept and slopes its own."""
        return self.replace(
            stages="one",
            intercept="stratified",
            treatment_effect="common",
            interaction_effect="common",
            residual="common",
            covariate_slopes="stratified",
            moderator_slopes="stratified",
            df=df,
            contrasts={},
            imputation=None,
        )

    def conflicts(self) -> list[str]:
        """Say which keys exclude each other, a sentence each."""
        spec = self.resolved()
        if spec.stages == "two":
            return two_stage_conflicts(spec)
        return [*family_conflicts(spec), *df_conflicts(spec), *visit_conflicts(spec)]

    @property
    def clustered(self) -> str:
        """The key whose variance within studies there may be: `nesting` or `participant`."""
        return "nesting" if self.nesting else "participant"

    def used_columns(self) -> tuple[str, ...]:
        """Columns of the rows that this model reads, without repeats, in a stable order."""
        names = [self.outcome, self.study, self.treatment, *self.covariates]
        names += [
            c for c in (self.moderator, self.participant, self.nesting, self.visit, self.imputation) if c
        ]
        return tuple(dict.fromkeys(names))


def firth_conflicts(spec: ModelSpec) -> list[str]:
    """Firth's penalty is that of a logistic likelihood of fixed effects: of all trials, or of each."""
    if spec.estimator != FIRTH:
        return []
    if spec.family != "binomial":
        return [f"estimator: {FIRTH} is Firth's penalty of a logistic likelihood and needs family: binomial"]
    varies = (spec.treatment_effect, spec.intercept, spec.interaction_effect if spec.moderator else "")
    if spec.stages == "one" and "random" in varies:
        return [
            f"estimator: {FIRTH} has no random effects in one stage; use treatment_effect: common (and an "
            "intercept and interaction that do not vary), or stages: two, where each study is penalised"
        ]
    return []


def family_conflicts(spec: ModelSpec) -> list[str]:
    """Estimator and residual choices that a family does not have."""
    faults = firth_conflicts(spec)
    if spec.family == "binomial":
        if spec.estimator == "reml":
            faults.append("estimator: reml is not defined for family: binomial; use ml")
        if spec.residual == "by_study":
            faults.append(
                "residual: by_study needs family: gaussian; a binomial outcome has no residual variance"
            )
        faults += gaussian_only(spec)
    return faults


def gaussian_only(spec: ModelSpec) -> list[str]:
    """Columns that need a residual variance."""
    found = []
    if spec.visit or spec.participant:
        found.append("participant and visit need family: gaussian, got binomial")
    if spec.nesting:
        found.append("nesting needs family: gaussian, got binomial")
    return found


def df_conflicts(spec: ModelSpec) -> list[str]:
    """What the df method cannot go with."""
    method = df_method(spec.df)
    if spec.family in method.families:
        return method.conflicts(spec)
    *rest, last = methods_of(spec.family)
    allowed = f"{', '.join(rest)} or {last}"
    return [f"df: {method.name} needs family: {method.families[0]}, got {spec.family}; use {allowed}"]


def visit_conflicts(spec: ModelSpec) -> list[str]:
    """What repeated measures need and exclude."""
    faults = []
    if spec.nesting and (spec.visit or spec.participant):
        faults.append("nesting needs one row for each participant, got participant or visit")
    if spec.visit and not spec.participant:
        faults.append("visit needs participant: the column that says whose visit a row is")
    if spec.baseline_visit is not None and not spec.visit:
        faults.append("baseline_visit needs visit: the column that names the visits")
    if spec.covariance != "intercept" and not spec.visit:
        faults.append(f"covariance: {spec.covariance} needs visit: the column that names the visits")
    if spec.residual == "by_study" and spec.covariance != "intercept":
        faults.append(
            f"residual: by_study goes with covariance: intercept alone, got {spec.covariance}; "
            "covariance: unstructured_by_study gives each study its own"
        )
    return faults


def two_stage_conflicts(spec: ModelSpec) -> list[str]:
    """What the two-stage twin cannot report."""
    faults = []
    if spec.contrasts:
        faults.append("contrasts need stages: one, got stages: two, which pools each term by itself")
    if spec.family == "binomial" and spec.estimator == "reml":
        faults.append("estimator: reml is not defined for family: binomial; use ml")
    if spec.family == "binomial":
        faults += gaussian_only(spec)
    faults += firth_conflicts(spec)
    return [*faults, *table_conflicts(spec), *visit_conflicts(spec.replace(residual="common"))]


def table_conflicts(spec: ModelSpec) -> list[str]:
    """What cannot be pooled from trials' tables of events by arm."""
    pool = spec.pool
    if not pool.by_tables:
        return []
    keys = f"pool: {{method: {pool.method}, measure: {pool.measure}}}"
    faults = []
    if spec.family != "binomial":
        faults.append(f"{keys} needs family: binomial, got {spec.family}")
    if spec.moderator or spec.imputation:
        what = "a moderator" if spec.moderator else "imputed data sets"
        faults.append(f"{keys} pools one table of events by arm per trial, which has no room for {what}")
    if pool.method == "peto" and pool.measure != "or":
        faults.append(f"pool: Peto's method gives an odds ratio, got measure: {pool.measure}")
    return faults
