"""A plan.yaml that an earlier version wrote: what it left to a default is not today's default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Keys that a person hardly names together, and that a run wrote before methods were written out.
WRITTEN = frozenset(
    {"external", "hedges", "reliable_change", "multiverse", "absolute", "engines", "integrity"}
)


def left_to_earlier_defaults(values: Mapping[str, object]) -> list[str]:
    """Say which methods such a plan.yaml does not name; nothing of a plan that a person wrote.

    A run writes every top-level key, and since `interval` is one of them every method as well. A plan that
    has the others, and not this one, was written by a run whose defaults were not those of today.
    """
    earlier = set(values) >= WRITTEN and "interval" not in values
    return list(unnamed(values)) if earlier else []


def unnamed(values: Mapping[str, Any]) -> Iterator[str]:
    """Each key that is to be named, with the default of before and that of now."""
    advice = "this plan.yaml was written by a version with another default; name the key, or add interval"
    for name, model in values["models"].items():
        if model.get("df") is None:
            yield f"models.{name}.df: not named ({advice}; then: kenward_roger, binomial k_minus_1; now: nst)"
    if "ci" not in values["pool"]:
        yield f"pool.ci: not named ({advice}; then: modified_hksj below ten studies, else hksj; now: nst)"
