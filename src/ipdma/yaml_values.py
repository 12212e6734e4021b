"""YAML for specs and plans: typed as YAML 1.2 types it, and a key that stands twice is refused."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import yaml

from ipdma.errors import ReadError

# PyYAML follows YAML 1.1, where `no` is false, `01` is octal and 2020-01-01 a date: levels would change.
RESOLVERS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ("~", "n", "N", "")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("merge", r"^<<$", "<"),
)


def construct_unique(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    """Build a mapping, refusing a key that stands twice."""
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' stands twice; keep one", key_node.start_mark
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
        Where it is no YAML or holds a key twice; the line is named, its content is not.
    """
    try:
        return yaml.load(text, Loader=value_loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable as YAML"
        line = f"line {mark.line + 1}: " if mark else ""
        raise ReadError(f"{where}: {line}{problem}") from None
