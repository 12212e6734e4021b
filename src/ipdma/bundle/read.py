"""Reads a bundle: data, never code, with limits on size and depth, and every fault at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipdma.bundle.faults import find_faults
from ipdma.bundle.mapping import bundle_of
from ipdma.bundle.records import Bundle
from ipdma.errors import ReadError, join_faults
from ipdma.harmless import for_terminal, why_harmful
from ipdma.plan.schema import sentences
from ipdma.yaml_values import load_own_yaml

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

LARGEST = 64 << 20  # bytes
DEEPEST = 12  # brackets inside brackets; the form itself needs 7
MOST_DIGITS = 300  # of a whole number; floating-point numbers end at 309
MOST_FAULTS = 50  # sentences shown
PERSONAL = ("participant", "participants")
OPENING, CLOSING = ("[", "{"), ("]", "}")
BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')  # a text is passed over as one


@cache
def load_schema() -> dict[str, Any]:
    """The JSON Schema of a bundle: package data."""
    text = files("ipdma.bundle").joinpath("bundle.schema.yaml").read_text(encoding="utf-8")
    schema: dict[str, Any] = load_own_yaml(text)
    return schema


@cache
def validator() -> Draft202012Validator:
    """What holds a mapping against the schema."""
    from jsonschema import Draft202012Validator  # a run without bundles does not load it

    return Draft202012Validator(load_schema())


def read_bundle(path: Path | str) -> Bundle:
    """Read and check the bundle in a file.

    Raises
    ------
    ReadError
        Naming every fault at once: no file, too large, too deep, no JSON, a key twice, a number that is none,
        an unknown or missing key, a list of participants, moments that no people can have.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ReadError(f"{path}: {size} bytes; a bundle has at most {LARGEST}")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ReadError(
            f"{path}: not a text file in UTF-8; a bundle is JSON, written by `ipdma bundle`"
        ) from None
    except FileNotFoundError:
        raise ReadError(f"{path}: there is no such file; expected a bundle (NAME.bundle.json)") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror})") from None
    return parse_bundle(text, str(path))


def parse_bundle(text: str, where: str) -> Bundle:
    """A bundle from its text; `where` names it in messages. Raises ReadError as `read_bundle` does."""
    depth = depth_of(text)
    if depth > DEEPEST:
        raise ReadError(f"{where}: brackets {depth} deep; a bundle has at most {DEEPEST}")
    values = parse_json(text, where)
    faults = list(form_faults(values)) or list(shape_faults(values))
    if not faults:
        bundle = bundle_of(values)
        faults = list(find_faults(bundle))
    if faults:
        raise ReadError(join_faults(f"{where}: {for_terminal(fault)}" for fault in limited(faults)))
    return bundle


def limited(faults: list[str]) -> list[str]:
    """The first faults, and how many more there are."""
    more = len(faults) - MOST_FAULTS
    return faults if more <= 0 else [*faults[:MOST_FAULTS], f"and {more} faults more"]


def depth_of(text: str) -> int:
    """How deep brackets stand inside brackets, before anything is parsed."""
    depth = deepest = 0
    for found in BRACKETS.finditer(text):
        if found[0] in OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in CLOSING:
            depth -= 1
    return deepest


def parse_json(text: str, where: str) -> Any:
    """The values of a JSON text in which no key stands twice and every number is one; else ReadError."""
    try:
        return json.loads(
            text, object_pairs_hook=pairs, parse_constant=refuse_constant, parse_int=whole_number
        )
    except json.JSONDecodeError as error:
        raise ReadError(f"{where}: no JSON (line {error.lineno}: {error.msg})") from None
    except ReadError as error:
        raise ReadError(f"{where}: {error}") from None


def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping, or ReadError where a key stands twice."""
    values = dict(found)
    if len(values) < len(found):
        names = [name for name, _ in found]
        twice = next(name for name in names if names.count(name) > 1)
        raise ReadError(f"the key '{for_terminal(twice)}' stands twice in one place")
    return values


def whole_number(text: str) -> int:
    """A whole number that floating-point numbers reach."""
    if len(text) > MOST_DIGITS:
        raise ReadError("a number has too many digits to be one")
    return int(text)


def refuse_constant(name: str) -> Any:
    """NaN and Infinity are no JSON."""
    raise ReadError(f"'{name}' is no number that a moment can be")


def form_faults(values: Any) -> Iterator[str]:
    """What the schema holds against the values, and any list of people."""
    for place in personal_lists(values):
        yield f"{place}: a list under this name; a bundle holds no list of participants"
    for place, why in harmful_texts(values):
        yield f"{place}: {why}"
    errors = sorted(validator().iter_errors(values), key=lambda error: list(map(str, error.absolute_path)))
    yield from dict.fromkeys(fault for error in errors for fault in sentences(error))


def shape_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Moments of another number of columns than their block has."""
    for number, block in enumerate(values["blocks"]):
        p = len(block["columns"])
        for arm, own in block["arms"].items():
            sizes = [len(row) for row in own["covariance"]]
            if len(own["means"]) != p or sizes != list(range(1, p + 1)):
                yield (
                    f"blocks.{number}.arms.{arm}: {len(own['means'])} means and {len(sizes)} rows of a lower "
                    f"triangle for {p} columns; expected {p} of each, the rows 1 to {p} long"
                )
    for number, sets in enumerate(values["completed"]):
        yield from set_faults(f"completed.{number}", sets, values["gate"]["minimum_cell"])


def set_faults(where: str, values: Mapping[str, Any], minimum: int) -> Iterator[str]:
    """Completed data sets that differ in number between arms, or in people where the gate was on, or hold
    other many numbers than columns ask."""
    p = len(values["columns"])
    wanted = 1 + p + p * (p + 1) // 2
    if len({len(rows) for rows in values["arms"].values()}) > 1:
        yield f"{where}: its arms have different numbers of data sets; expected the same in each"
    for arm, rows in values["arms"].items():
        for data_set, row in enumerate(rows, 1):
            if len(row) != wanted:
                yield (
                    f"{where}.arms.{arm}: data set {data_set} has {len(row)} numbers for {p} columns; "
                    f"expected {wanted}: people, means and the lower triangle"
                )
            elif row[0] < 1 or not math.isfinite(row[0]) or row[0] != int(row[0]):
                yield f"{where}.arms.{arm}: data set {data_set} has {row[0]:g} people; expected 1, 2, ..."
        if minimum > 1 and len({row[0] for row in rows}) > 1:
            yield (
                f"{where}.arms.{arm}: its data sets are of different numbers of people; expected the same "
                "people in each, since two of them would differ by the rows of few; delete the file "
                "and have it made again"
            )


def harmful_texts(values: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Places of texts, keys among them, that would harm where they are shown, and why."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            why = why_harmful(key, formulas=True)
            if why:
                yield where or "top level", f"a key {why}"
            yield from harmful_texts(value, f"{where}.{key}" if where else key)
    elif isinstance(values, list):
        for number, value in enumerate(values):
            if not isinstance(value, (int, float)):
                yield from harmful_texts(value, f"{where}.{number}")
    elif isinstance(values, str) and why_harmful(values, formulas=True):
        yield where, f"the text {why_harmful(values, formulas=True)}"


def personal_lists(values: Any, where: str = "") -> Iterator[str]:
    """Places at which a list stands under a name for people."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            place = f"{where}.{key}" if where else str(key)
            if str(key).casefold() in PERSONAL and isinstance(value, (list, Mapping)):
                yield place
            yield from personal_lists(value, place)
    elif isinstance(values, list):
        for number, value in enumerate(values):
            if isinstance(value, (Mapping, list)):
                yield from personal_lists(value, f"{where}.{number}")
