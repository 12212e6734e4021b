"""The words of a plan: what is printed and never computed with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ipdma.harmless import why_harmful

NOT_FITTED = ("certainty", "power")  # read by the report alone, and by `ipdma power` alone
WORDS = frozenset({"title", "footer", "contact", "label", "why", "negative_favours"})


def without_words(values: Any) -> Any:
    """A plan without its words, judgements and planning: two plans that agree in this need the same fits.

    A name that somebody gave (a moderator called `label`) is a key with keys below it, and stays.
    """
    return strip(
        {k: v for k, v in values.items() if k not in NOT_FITTED} if isinstance(values, Mapping) else values
    )


def strip(values: object) -> object:
    """Any part of a plan without its words."""
    if isinstance(values, Mapping):
        kept = {k: v for k, v in values.items() if k not in WORDS or isinstance(v, (Mapping, list))}
        return {k: strip(v) for k, v in kept.items()}
    return [strip(v) for v in values] if isinstance(values, list) else values


def harmful_texts(values: object, where: str = "") -> Iterator[str]:
    """One sentence for each text of a plan, key or value, that would harm where it is shown."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            why = why_harmful(str(key), formulas=True)
            if why:
                yield f"{where or 'top level'}: a key {why}"
            else:
                yield from harmful_texts(value, f"{where}.{key}" if where else str(key))
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from harmful_texts(value, where)
    elif isinstance(values, str) and why_harmful(values, formulas=True):
        yield f"{where}: the text {why_harmful(values, formulas=True)}"
