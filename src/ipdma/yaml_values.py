"""YAML for specs and plans: typed as YAML 1.2 types it, and a key that occurs twice is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NoReturn

import yaml

from ipdma.errors import ReadError
from ipdma.harmless import why_harmful

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
LONGEST = 400  # characters of a number
DEEPEST = 40
LARGEST = 1_000_000  # characters of a file
MOST = 100_000  # entries, aliases unfolded

# PyYAML follows YAML 1.1, where `no` is false, `01` is octal and 2020-01-01 a date: levels would change.
RESOLVERS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ("~", "n", "N", "")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("merge", r"^<<$", "<"),
)


def load_own_yaml(text: str) -> Any:
    """YAML of the package's own; by libyaml, ten times quicker, where PyYAML has it."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def construct_unique(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    """Build a mapping, refusing a key that occurs twice."""
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' occurs twice; keep one", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


@lru_cache(maxsize=1)
def value_loader() -> type[yaml.SafeLoader]:
    """A loader with YAML 1.2's scalar types that refuses repeated keys."""

    class ValueLoader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict = {}  # noqa: RUF012  PyYAML reads it from the class

    for tag, pattern, first in RESOLVERS:
        ValueLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))
    ValueLoader.add_constructor("tag:yaml.org,2002:map", construct_unique)
    return ValueLoader


def parse_yaml(text: str, where: str) -> Any:
    """Read YAML text into values.

    Raises
    ------
    ReadError
        Where it is no YAML, holds a key twice, an unknown tag, a harmful letter or a number without end, or
        nests or unfolds beyond reason; the line is named, its content is not.
    """
    if len(text) > LARGEST:
        raise ReadError(f"{where}: {len(text)} characters; expected at most {LARGEST} in a file of this kind")
    if deepest_bracket(text) > DEEPEST * 2:
        raise ReadError(f"{where}: nested too deeply to be a file of this kind")
    try:
        loader = value_loader()(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            measure(node, {}, set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        raise ReadError(f"{where}: line {number}: a control character, which YAML does not allow") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable as YAML"
        line = f"line {mark.line + 1}: " if mark else ""
        raise ReadError(f"{where}: {line}{problem}") from None
    except RecursionError:
        raise ReadError(f"{where}: nested too deeply to be a file of this kind") from None


def deepest_bracket(text: str) -> int:
    """How many brackets are open at once; a parser takes minutes over thousands."""
    depth = deepest = 0
    for bracket in re.findall(r"[][{}]", text):
        depth = max(0, depth + (1 if bracket in "[{" else -1))
        deepest = max(deepest, depth)
    return deepest


def measure(node: yaml.Node, sizes: dict[int, int], open_nodes: set[int]) -> int:
    """Entries of a node once its aliases are unfolded; a fault in it is raised with its line."""
    if id(node) in open_nodes:
        refuse(node, "an alias (*name) inside its own anchor (&name)")
    if id(node) in sizes:
        return sizes[id(node)]
    if len(open_nodes) > DEEPEST:
        refuse(node, f"nested deeper than {DEEPEST} levels")
    if isinstance(node, yaml.ScalarNode):
        judge_scalar(node)
        parts: list[yaml.Node] = []
    else:
        parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    open_nodes.add(id(node))
    sizes[id(node)] = 1 + sum(measure(part, sizes, open_nodes) for part in parts)
    open_nodes.discard(id(node))
    if sizes[id(node)] > MOST:
        refuse(node, f"unfolds to more than {MOST} entries; write it without aliases")
    return sizes[id(node)]


def judge_scalar(node: yaml.ScalarNode) -> None:
    """Refuse a scalar that is a number without end or holds a letter that harms."""
    if node.tag in NUMBERS and (len(node.value) > LONGEST or not math.isfinite(float(node.value))):
        refuse(node, f"a number of {len(node.value)} characters that no analysis needs")
    why = why_harmful(node.value)
    if why:
        refuse(node, f"a text that {why}")


def refuse(node: yaml.Node, problem: str) -> NoReturn:
    """Raise a fault at a node's line."""
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
