"""What is fitted, as data: the specification of a model and of a pooling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ipdma.errors import SpecError, join_faults, unknown_key
from ipdma.model.df import METHODS, POOLED, df_method, methods_of
from ipdma.model.two_by_two import MEASURES

POOL_CHOICES = {
    "tau2": ("reml", "dl", "pm", "ml", "common"),
    "ci": tuple(POOLED),
    "method": ("inverse_variance", "mantel_haenszel", "peto"),
    "measure": MEASURES,
}
OF_EFFECTS = ("study", "estimate", "std_error", "variance", "tau2", "ci", "prediction", "level")
OF_TABLES = ("method", "measure")
PREDICTION_CHOICES = {
    "df": ("k_minus_2", "k_minus_1", "normal"),
    "se": ("wald", "ci"),
    "method": ("pivot",),
}
CHOICES = {
    "family": ("gaussian", "binomial"),
    "covariate_slopes": ("stratified", "common"),
    "centre_covariates": ("study", "none"),
    "intercept": ("stratified", "random", "common"),
    "treatment_effect": ("random", "common"),
    "moderator_type": ("continuous", "categorical"),
    "interaction": ("within", "naive"),
    "interaction_effect": ("common", "random"),
    "moderator_slopes": ("stratified", "common"),
    "covariance": ("intercept", "unstructured", "unstructured_by_study"),
    "residual": ("common", "by_study"),
    "estimator": ("reml", "ml", None),
    "df": (*METHODS, None),
    "stages": ("one", "two"),
}
COLUMNS = ("outcome", "study", "treatment")


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
    def from_mapping(cls, mapping: Mapping[str, Any] | None, where: str = "the pooling spec") -> PoolSpec:
        """Build from the YAML face. Raises SpecError naming every fault at once."""
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
    def from_mapping(cls, mapping: Mapping[str, Any] | None, where: str = "the spec") -> ModelSpec:
        """Build from the YAML face.

        Raises
        ------
        SpecError
            Naming every fault at once: unknown keys (with the nearest known one), values outside a
            key's choices, keys that exclude each other.
        """
        faults: list[str] = []
        values = read_model_keys(mapping or {}, where, faults)
        spec = cls(**values) if not faults else None
        if spec is not None:
            faults.extend(f"{where}: {fault}" for fault in spec.conflicts())
        if faults or spec is None:
            raise SpecError(join_faults(faults))
        return spec

    def replace(self, **changes: Any) -> ModelSpec:
        """Return a copy with some keys changed."""
        return replace(self, **changes)

    def resolved(self) -> ModelSpec:
        """Return a copy in which `estimator`, `df` and `centre_treatment` are decided."""
        estimator = self.estimator or ("reml" if self.family == "gaussian" else "ml")
        df = self.df or ("kenward_roger" if estimator == "reml" else "k_minus_1")
        centre = self.centre_treatment
        if centre is None:
            centre = self.family == "binomial" and self.intercept == "stratified"
        return self.replace(estimator=estimator, df=df, centre_treatment=centre)

    def conflicts(self) -> list[str]:
        """Say which keys exclude each other, a sentence each."""
        spec = self.resolved()
        if spec.stages == "two":
            return two_stage_conflicts(spec)
        return [*family_conflicts(spec), *df_conflicts(spec), *visit_conflicts(spec)]

    def used_columns(self) -> tuple[str, ...]:
        """Columns of the rows that this model reads, without repeats, in a stable order."""
        names = [self.outcome, self.study, self.treatment, *self.covariates]
        names += [c for c in (self.moderator, self.participant, self.visit, self.imputation) if c]
        return tuple(dict.fromkeys(names))


def family_conflicts(spec: ModelSpec) -> list[str]:
    """Estimator and residual choices that a family does not have."""
    faults = []
    if spec.family == "binomial":
        if spec.estimator == "reml":
            faults.append("estimator: reml is not defined for family: binomial; use ml")
        if spec.residual == "by_study":
            faults.append(
                "residual: by_study needs family: gaussian; a binomial outcome has no residual variance"
            )
        if spec.visit or spec.participant:
            faults.append("participant and visit need family: gaussian, got binomial")
    return faults


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
    if spec.family == "binomial" and (spec.visit or spec.participant):
        faults.append("participant and visit need family: gaussian, got binomial")
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


def read_model_keys(mapping: Mapping[str, Any], where: str, faults: list[str]) -> dict[str, Any]:
    """Read each key of a model spec into its type, adding a sentence to `faults` for each that is wrong."""
    if not isinstance(mapping, Mapping):
        faults.append(f"{where}: expected keys and values, got {type(mapping).__name__}")
        return {}
    known = [f.name for f in fields(ModelSpec)]
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in known:
            faults.append(unknown_key(where, str(key), known))
        elif (fault := read_model_key(key, value, values)) is not None:
            faults.append(f"{where}: {fault}")
    level = values.get("level", 0.95)
    values["pool"] = PoolSpec(**pool_of_model(mapping.get("pool") or {}, f"{where}: pool", level, faults))
    return values


def read_model_key(key: str, value: Any, values: dict[str, Any]) -> str | None:
    """Store one key in `values`, or return the sentence that says why it cannot be."""
    if key == "pool":
        return None if value is None or isinstance(value, Mapping) else "pool: expected keys and values"
    if key in CHOICES:
        return store_choice(key, value, CHOICES[key], values)
    reader = READERS.get(key, read_optional_column)
    try:
        values[key] = reader(value)
    except ValueError as error:
        return f"{key}: {error}"
    return None


def store_choice(key: str, value: Any, choices: tuple[Any, ...], values: dict[str, Any]) -> str | None:
    """Store a value that must be one of `choices`."""
    if isinstance(value, (list, dict)) or value not in choices:
        return f"{key}: expected one of {', '.join(str(c or 'null') for c in choices)}, got {value!r}"
    values[key] = value
    return None


def read_column(value: Any) -> str:
    """Read the name of a column, which every model needs."""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
        raise ValueError(f"expected the name of a column, got {value!r}")
    return str(value)


def read_optional_column(value: Any) -> str | None:
    """Read the name of a column that may be null."""
    return None if value is None else read_column(value)


def read_names(value: Any) -> tuple[str, ...]:
    """Read a list of names; a single name is a list of one."""
    if value is None:
        return ()
    listed = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(read_column(item) for item in listed))


def read_levels(value: Any) -> tuple[str, ...] | None:
    """Read the levels of a categorical moderator, as text."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise ValueError(f"expected a list of at least two levels, got {value!r}")
    return tuple(str(item) for item in value)


def read_boolean(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {value!r}")
    return value


def read_optional_boolean(value: Any) -> bool | None:
    """Read true, false or null."""
    return None if value is None else read_boolean(value)


def read_points(value: Any) -> int:
    """Read a number of quadrature points."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise ValueError(f"expected a whole number from 1 to 100, got {value!r}")
    return value


def read_level(value: Any) -> float:
    """Read a confidence level."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise ValueError(f"expected a number between 0 and 1, got {value!r}")
    return float(value)


def read_contrasts(value: Any) -> dict[str, dict[str, float]]:
    """Read named linear combinations of terms."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"expected {{name: {{term: weight}}}}, got {value!r}")
    return {str(name): read_weights(str(name), weights) for name, weights in value.items()}


def read_weights(name: str, weights: Any) -> dict[str, float]:
    """Read the weights of one contrast."""
    if not isinstance(weights, Mapping) or not weights:
        raise ValueError(f"'{name}': expected {{term: weight}}, got {weights!r}")
    for term, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise ValueError(f"'{name}': expected a number as the weight of '{term}', got {weight!r}")
    return {str(term): float(weight) for term, weight in weights.items()}


def read_value(value: Any) -> str | None:
    """Read a value that a text column may hold, such as a visit `0.5`, or null."""
    return str(value) if isinstance(value, float) and math.isfinite(value) else read_optional_column(value)


READERS = {
    **dict.fromkeys(COLUMNS, read_column),
    "covariates": read_names,
    "baseline_visit": read_value,
    "levels": read_levels,
    "random_correlation": read_boolean,
    "centre_treatment": read_optional_boolean,
    "quadrature": read_points,
    "level": read_level,
    "contrasts": read_contrasts,
}


def pool_of_model(mapping: Mapping[str, Any], where: str, level: float, faults: list[str]) -> dict[str, Any]:
    """Read the `pool` key of a model spec: `tau2` left out stays open, `level` is the model's."""
    if not isinstance(mapping, Mapping):
        return {"tau2": None}
    values = read_pool_keys(mapping, where, faults, of_model=True)
    values.setdefault("tau2", None)
    return {**values, "level": level}


def read_pool_keys(
    mapping: Mapping[str, Any], where: str, faults: list[str], of_model: bool = False
) -> dict[str, Any]:
    """Read each key of a pooling spec, adding a sentence to `faults` for each that is wrong."""
    if not isinstance(mapping, Mapping):
        faults.append(f"{where}: expected keys and values, got {type(mapping).__name__}")
        return {}
    known = [*OF_EFFECTS, *(OF_TABLES if of_model else ())]
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in known:
            faults.append(unknown_key(where, str(key), known))
        elif (fault := read_pool_key(key, value, where, values)) is not None:
            faults.append(fault if fault.startswith(where) else f"{where}: {fault}")
    return values


def read_pool_key(key: str, value: Any, where: str, values: dict[str, Any]) -> str | None:
    """Store one key of a pooling spec, or say why it cannot be."""
    if key in POOL_CHOICES:
        return store_choice(key, value, POOL_CHOICES[key], values)
    if key == "prediction":
        return read_prediction(value, f"{where}: prediction", values)
    reader = (
        read_level
        if key == "level"
        else read_column
        if key in ("study", "estimate")
        else read_optional_column
    )
    try:
        values[key] = reader(value)
    except ValueError as error:
        return f"{key}: {error}"
    return None


def read_prediction(value: Any, where: str, values: dict[str, Any]) -> str | None:
    """Store the two keys of a prediction interval."""
    if not isinstance(value, Mapping):
        return f"{where}: expected {{df: ..., se: ...}} or {{method: pivot}}, got {value!r}"
    if "method" in value and len(value) > 1:
        return f"{where}: method: pivot has no df and no se of its own; give either"
    values["prediction_method"] = "t" if value else None
    for key, choice in value.items():
        if key not in PREDICTION_CHOICES:
            return unknown_key(where, str(key), PREDICTION_CHOICES)
        fault = store_choice(f"prediction_{key}", choice, PREDICTION_CHOICES[key], values)
        if fault:
            return f"{where}: {fault.removeprefix('prediction_')}"
    return None
