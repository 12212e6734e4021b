"""Writes what `read_text_yaml` reads: every scalar as text that comes back as it was, leaves on one line."""

from __future__ import annotations

import json
import re
from typing import Any

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\Z")
WORDS_OF_YAML = {"null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"}
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
WIDTH = 108


def write_yaml(data: dict[str, Any]) -> str:
    """A mapping as YAML: block style where it nests, one line where it fits.

    Parameters
    ----------
    data : dict
        Text, None, lists and mappings of them, as `read_text_yaml` gives it.
    """
    return "".join(block(key, value, 0) for key, value in data.items())


def block(key: str, value: Any, depth: int) -> str:
    """One entry of a mapping, on one line where its value is a leaf that fits."""
    head = "  " * depth + f"{quote(key)}:"
    line = f"{head} {flow(value)}\n"
    if depth and fits(value, line):
        return line
    if isinstance(value, dict) and value:
        return head + "\n" + "".join(block(k, v, depth + 1) for k, v in value.items())
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        return head + "\n" + "".join("  " * (depth + 1) + f"- {flow(entry)}\n" for entry in value)
    return line


def fits(value: Any, line: str) -> bool:
    """Whether a value may stand on its line: short, and not a mapping of mappings of mappings."""
    return len(line) <= WIDTH and (not isinstance(value, dict) or levels(value) <= 2)


def levels(value: Any) -> int:
    """How deep a value nests."""
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


def flow(value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return quote(value)


def quote(text: str) -> str:
    """Text, in double quotes unless it is a plain word that no reader could take for something else."""
    if PLAIN.match(text) and text.casefold() not in WORDS_OF_YAML and not looks_converted(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)


def looks_converted(text: str) -> bool:
    """Whether an ordinary YAML reader would change this word (007, 1e3); plain whole numbers may stand."""
    return text[0] in "0123456789+-." and not re.match(r"(0|[1-9][0-9]*)(\.\.?[A-Za-z0-9_.]*)?\Z", text)
