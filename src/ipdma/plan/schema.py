"""The plan's JSON Schema: every fault at once in a sentence each, and defaults filled in at every depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ipdma.errors import nearest, unknown_key
from ipdma.model.df import METHODS, POOLED
from ipdma.yaml_values import load_own_yaml

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

ROOT = "top level"


@cache
def load_schema() -> dict[str, Any]:
    """The schema of a plan: package data, with the df methods that there are."""
    text = files("ipdma.plan").joinpath("plan.schema.yaml").read_text(encoding="utf-8")
    schema = load_own_yaml(text)
    model, pool = (schema["$defs"][name]["properties"] for name in ("model", "pool"))
    model["df"]["enum"] = [*METHODS, None]
    pool["ci"]["enum"] = list(POOLED)
    found: dict[str, Any] = schema
    return found


def find_faults(values: Mapping[str, object]) -> list[str]:
    """Say everything that the schema holds against a plan, in the order of its keys."""
    from jsonschema import Draft202012Validator  # a job whose plan is checked already does not load it

    errors = sorted(
        Draft202012Validator(load_schema()).iter_errors(values), key=lambda e: list(map(str, e.path))
    )
    return list(dict.fromkeys(fault for error in errors for fault in sentences(error)))


def sentences(error: ValidationError) -> Iterator[str]:
    """One schema error as sentences: what, where, got, expected."""
    where = ".".join(str(part) for part in error.absolute_path) or ROOT
    if error.validator == "additionalProperties":
        yield from unknown_keys(error, where)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield from (f"{where}: key '{key}' is missing; it has no default" for key in missing)
    elif error.validator == "oneOf":
        yield from deepest(error, where)
    elif error.validator == "enum":
        choices = [plain(choice) for choice in error.validator_value]
        hint = nearest(str(error.instance), choices)
        yield f"{where}: expected one of {', '.join(choices)}, got {plain(error.instance)}{hint}"
    else:
        yield f"{where}: expected {expectation(error)}, got {plain(error.instance)}"


def unknown_keys(error: ValidationError, where: str) -> Iterator[str]:
    """Name the nearest known key for each one that the schema does not know."""
    known = list(error.schema.get("properties", {}))
    if not known:
        yield f"{where}: expected {expectation(error)}, got {plain(error.instance)}"
    for key in error.instance:
        if known and key not in known:
            yield unknown_key(where, str(key), known)


def deepest(error: ValidationError, where: str) -> Iterator[str]:
    """Of several forms that a value may take, speak of the one that it tried to be."""
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or []:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    same_type = [b for b in branches.values() if all(e.validator != "type" or e.path for e in b)]
    tried = [b for b in same_type if all(e.validator != "const" for e in b)]
    if len(tried) == 1:
        for inner in tried[0]:
            yield from sentences(inner)
        return
    forms = [form_of(branch) for branch in error.validator_value]
    yield f"{where}: expected {' or '.join(forms)}, got {plain(error.instance)}"


def form_of(branch: Mapping[str, Any]) -> str:
    """One of the forms that a value may take, in words."""
    branch = resolve(branch)
    if "const" in branch:
        return f"'{branch['const']}'"
    if "enum" in branch:
        return "one of " + ", ".join(plain(choice) for choice in branch["enum"])
    return type_words(branch.get("type"))


def type_words(kind: object) -> str:
    """JSON's type names in a statistician's words."""
    words = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "keys and values",
        "null": "null",
    }
    kinds = kind if isinstance(kind, list) else [kind]
    return " or ".join(words.get(str(k), str(k)) for k in kinds)


def expectation(error: ValidationError) -> str:
    """What the schema wanted, in words."""
    value = error.validator_value
    words: dict[str, Callable[[], str]] = {
        "type": lambda: type_words(value),
        "minimum": lambda: f"at least {value}",
        "maximum": lambda: f"at most {value}",
        "exclusiveMinimum": lambda: f"more than {value}",
        "exclusiveMaximum": lambda: f"less than {value}",
        "minItems": lambda: f"a list of at least {value}",
        "maxItems": lambda: f"a list of at most {value}",
        "minLength": lambda: "text that is not empty",
        "minProperties": lambda: f"at least {value} entry",
        "uniqueItems": lambda: "a list without repeats",
        "const": lambda: plain(value),
        "pattern": lambda: "a name of letters, digits, - and _ (up to 60)",
        "additionalProperties": lambda: "no keys",
    }
    word = words.get(str(error.validator))
    return word() if word else f"{error.validator}: {plain(value)}"


def plain(value: object) -> str:
    """A value as the plan's author wrote it, shortened."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a `$ref` into `$defs`; keys beside it stay."""
    if "$ref" not in schema:
        return schema
    target = load_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def fill_defaults(values: Any, schema: Mapping[str, Any] | None = None) -> Any:
    """Return a copy of a valid plan with the default of every absent key, at every depth."""
    schema = resolve(load_schema() if schema is None else schema)
    if not isinstance(values, Mapping) or (
        "properties" not in schema and "additionalProperties" not in schema
    ):
        return deepcopy(values)
    properties = schema.get("properties", {})
    filled: dict[str, Any] = {}
    for key, inner in properties.items():
        default = resolve(inner).get("default")
        if key in values or "default" in resolve(inner):
            filled[key] = fill_defaults(values.get(key, default), inner)
    others = schema.get("additionalProperties")
    for key in values:
        if key not in properties:
            filled[key] = fill_defaults(values[key], others if isinstance(others, Mapping) else {})
    return filled
