"""The words of a plan: what is printed and never computed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS = frozenset({"title", "footer", "label", "why", "negative_favours"})


def without_words(values: Any) -> Any:
    """A plan without its words: two plans that agree in this are one plan, and need the same fits.

    A name that somebody gave (a moderator called `label`) is a key with keys below it, and stays.
    """
    if isinstance(values, Mapping):
        kept = {k: v for k, v in values.items() if k not in WORDS or isinstance(v, (Mapping, list))}
        return {k: without_words(v) for k, v in kept.items()}
    return [without_words(v) for v in values] if isinstance(values, list) else values
