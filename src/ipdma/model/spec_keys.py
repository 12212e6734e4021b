"""The YAML face of a model and of a pooling: which keys there are, and what each may hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ipdma.errors import unknown_key
from ipdma.model.df import METHODS, POOLED
from ipdma.model.two_by_two import MEASURES

FIRTH = "firth"  # the estimator of a logistic likelihood with Firth's penalty
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
    "estimator": ("reml", "ml", FIRTH, None),
    "df": (*METHODS, None),
    "stages": ("one", "two"),
}
COLUMNS = ("outcome", "study", "treatment")


def read_model_keys(
    mapping: Mapping[str, Any], known: Sequence[str], where: str, faults: list[str]
) -> dict[str, Any]:
    """Read each key of a model spec into its type.

    Parameters
    ----------
    mapping : mapping
        The YAML face.
    known : sequence of str
        The keys that a model has.
    where : str
        What the mapping is, for sentences.
    faults : list of str
        Gets a sentence for each key that is wrong.

    Returns
    -------
    dict
        By key; under `pool` the keys of its `PoolSpec`.
    """
    if not isinstance(mapping, Mapping):
        faults.append(f"{where}: expected keys and values, got {type(mapping).__name__}")
        return {}
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in known:
            faults.append(unknown_key(where, str(key), known))
        elif (fault := read_model_key(key, value, values)) is not None:
            faults.append(f"{where}: {fault}")
    level = values.get("level", 0.95)
    values["pool"] = pool_of_model(mapping.get("pool") or {}, f"{where}: pool", level, faults)
    return values


def read_model_key(key: str, value: object, values: dict[str, object]) -> str | None:
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


def store_choice(
    key: str, value: object, choices: tuple[object, ...], values: dict[str, object]
) -> str | None:
    """Store a value that must be one of `choices`, or return the sentence that says what was expected."""
    if isinstance(value, (list, dict)) or value not in choices:
        return f"{key}: expected one of {', '.join(str(c or 'null') for c in choices)}, got {value!r}"
    values[key] = value
    return None


def read_column(value: Any) -> str:
    """Read the name of a column, which every model needs."""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
        raise ValueError(f"expected the name of a column, got {value!r}")
    return str(value)


def read_optional_column(value: object) -> str | None:
    """Read the name of a column that may be null."""
    return None if value is None else read_column(value)


def read_names(value: object) -> tuple[str, ...]:
    """Read a list of names; a single name is a list of one."""
    if value is None:
        return ()
    listed = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(read_column(item) for item in listed))


def read_levels(value: object) -> tuple[str, ...] | None:
    """Read the levels of a categorical moderator, as text."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise ValueError(f"expected a list of at least two levels, got {value!r}")
    return tuple(str(item) for item in value)


def read_boolean(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {value!r}")
    return value


def read_optional_boolean(value: object) -> bool | None:
    """Read true, false or null."""
    return None if value is None else read_boolean(value)


def read_points(value: object) -> int:
    """Read a number of quadrature points."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise ValueError(f"expected a whole number from 1 to 100, got {value!r}")
    return value


def read_level(value: object) -> float:
    """Read a confidence level."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise ValueError(f"expected a number between 0 and 1, got {value!r}")
    return float(value)


def read_contrasts(value: object) -> dict[str, dict[str, float]]:
    """Read named linear combinations of terms."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"expected {{name: {{term: weight}}}}, got {value!r}")
    return {str(name): read_weights(str(name), weights) for name, weights in value.items()}


def read_weights(name: str, weights: object) -> dict[str, float]:
    """Read the weights of one contrast."""
    if not isinstance(weights, Mapping) or not weights:
        raise ValueError(f"'{name}': expected {{term: weight}}, got {weights!r}")
    for term, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise ValueError(f"'{name}': expected a number as the weight of '{term}', got {weight!r}")
    return {str(term): float(weight) for term, weight in weights.items()}


def read_value(value: object) -> str | None:
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


def pool_of_model(
    mapping: Mapping[str, object], where: str, level: float, faults: list[str]
) -> dict[str, object]:
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


def read_prediction(value: object, where: str, values: dict[str, object]) -> str | None:
    """Store a prediction interval's keys (`df` and `se`, or `method`), or say why that cannot be."""
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
