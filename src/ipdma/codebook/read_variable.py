"""A variables file becomes `Variable` records; everything wrong with it is noted at once."""

from __future__ import annotations

import re
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_numbers import read_flag, read_number, read_range
from ipdma.codebook.records import Range, Term, Variable

KEYS = (
    "label",
    "type",
    "unit",
    "units",
    "range",
    "plausible",
    "step",
    "levels",
    "required",
    "integer",
    "description",
    "labels",
)
TYPES = ("identifier", "arm", "number", "category", "yes_no", "text")
OTHER_NAMES = {
    "integer": "number",
    "float": "number",
    "numeric": "number",
    "categorical": "category",
    "boolean": "yes_no",
    "yes/no": "yes_no",
    "string": "text",
}
YES_NO = {"yes": "yes", "no": "no"}
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
RESERVED = {
    *("study", "condition", "treat", "comparator", "instrument", "rating", "timepoint", "weeks", "score"),
    *("scoring", "outcome", "baseline", "outcome_raw", "baseline_raw", "scale"),
}


def read_variables(
    content: dict[str, Any], where: str, faults: Faults, builtin: bool = False
) -> dict[str, Variable]:
    """Read a whole variables file: `name: {type, label, ...}`, or the same under one key `variables`."""
    inner = content.get("variables")
    if set(content) == {"variables"} and isinstance(inner, dict) and "type" not in inner:
        content = inner
    read = {
        name: read_variable(name, entry, f"{where}.{name}", faults, builtin)
        for name, entry in content.items()
    }
    return {name: variable for name, variable in read.items() if variable is not None}


def read_variable(name: str, entry: Any, where: str, faults: Faults, builtin: bool) -> Variable | None:
    """Read one variable; None where its faults leave nothing usable."""
    before = len(faults.lines)
    entry = faults.mapping(where, entry)
    faults.keys(where, entry, KEYS, ["type"])
    if not NAME.match(name) or (name in RESERVED and not builtin):
        faults.note(
            where, "a variable's name is lower-case letters, digits and _, and not a column of the tables"
        )
    given = str(entry.get("type") or "")
    kind = OTHER_NAMES.get(given, given)
    if kind:
        faults.choice(f"{where}.type", kind, TYPES)
    possible = read_range(entry.get("range"), f"{where}.range", faults)
    plausible = read_range(entry.get("plausible"), f"{where}.plausible", faults)
    levels = read_levels(entry.get("levels"), f"{where}.levels", faults)
    check_parts(kind, entry, possible, plausible, where, faults)
    if len(faults.lines) > before:
        return None
    variable = Variable(
        name=name,
        label=str(entry.get("label") or name.replace("_", " ")),
        type=kind,
        unit=str(entry.get("unit") or ""),
        units=read_units(entry, f"{where}.units", faults),
        range=possible,
        plausible=plausible,
        step=read_step(entry.get("step"), f"{where}.step", faults),
        levels=dict(YES_NO) if kind == "yes_no" else levels,
        required=read_flag(entry.get("required"), f"{where}.required", faults),
        integer=read_flag(entry.get("integer"), f"{where}.integer", faults, default=given == "integer"),
        description=" ".join(str(entry.get("description") or "").split()),
        labels={k: str(v) for k, v in faults.mapping(f"{where}.labels", entry.get("labels")).items()},
        builtin=builtin,
    )
    return variable if len(faults.lines) == before else None


def read_step(value: Any, where: str, faults: Faults) -> float:
    """What spans of two dates are rounded to; one unit where nothing stands."""
    number = read_number(value, where, faults) if value is not None else None
    if value is not None and (number is None or number.value <= 0):
        faults.note(where, "expected a number above 0, in the variable's unit")
        return 1.0
    return float(number) if number is not None else 1.0


def read_levels(value: Any, where: str, faults: Faults) -> dict[str, str]:
    """Levels as a list, or as level: label."""
    if isinstance(value, dict):
        return {level: str(label or level) for level, label in value.items()}
    levels = [str(level) for level in faults.listing(where, value)]
    if len(set(levels)) < len(levels):
        faults.note(where, "a level occurs twice")
    return {level: level.replace("_", " ") for level in levels}


def read_units(entry: dict[str, Any], where: str, faults: Faults) -> dict[str, float]:
    """Accepted source units with the factor that takes each to the target unit; the target's own is 1."""
    units = {str(entry["unit"]): 1.0} if entry.get("unit") else {}
    for name, value in faults.mapping(where, entry.get("units")).items():
        number = read_number(value, f"{where}.{name}", faults)
        if number is None or number.value <= 0:
            faults.note(
                f"{where}.{name}", "expected a factor above 0 that takes this unit to the target unit"
            )
        else:
            units[name] = float(number)
    return units


def check_parts(
    kind: str,
    entry: dict[str, Any],
    possible: Range | None,
    plausible: Range | None,
    where: str,
    faults: Faults,
) -> None:
    """Parts that belong to another type of variable, and a plausible range beyond the possible one."""
    numeric_only = [
        key for key in ("unit", "units", "range", "plausible", "step") if entry.get(key) is not None
    ]
    if kind and kind != "number" and numeric_only:
        faults.note(where, f"{', '.join(numeric_only)} belong to type: number, this is {kind}")
    if kind == "category" and not entry.get("levels"):
        faults.note(where, "type: category needs levels: [a, b]")
    if kind and kind != "category" and entry.get("levels"):
        faults.note(where, f"levels belong to type: category, this is {kind}")
    if possible and plausible and not all(map(possible.contains, plausible.bounds)):
        faults.note(f"{where}.plausible", f"{plausible} reaches beyond the possible {possible}")


def read_terms(content: dict[str, Any], where: str, faults: Faults) -> dict[str, Term]:
    """Conditions or time points: `name: {label, description}` or `name: label`."""
    terms = {}
    for name, entry in content.items():
        entry = {"label": entry} if isinstance(entry, str) else faults.mapping(f"{where}.{name}", entry)
        faults.keys(f"{where}.{name}", entry, ("label", "description"), ["label"])
        description = " ".join(str(entry.get("description") or "").split())
        terms[name] = Term(name, str(entry.get("label")), description)
    return terms
