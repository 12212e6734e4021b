"""A notebook for everything wrong with a codebook file, so that all of it is said at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipdma.errors import nearest, unknown_key


class Faults:
    """Collects faults; every reader here notes and goes on."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, where: str, what: str) -> None:
        """One fault at one place."""
        self.lines.append(f"{where}: {what}")

    def keys(
        self, where: str, given: Mapping[str, Any], known: Iterable[str], required: Iterable[str] = ()
    ) -> None:
        """Unknown keys with the nearest known one, and required keys that are missing."""
        known = list(known)
        self.lines += [unknown_key(where, key, known) for key in given if key not in known]
        missing = [key for key in required if given.get(key) is None]
        if missing:
            self.note(where, f"missing {', '.join(missing)}")

    def choice(self, where: str, value: Any, known: Iterable[str]) -> str | None:
        """The value where it is one of `known`, else a fault and None."""
        known = list(known)
        if isinstance(value, str) and value in known:
            return value
        hint = nearest(str(value), known)
        self.note(where, f"got '{value}', expected one of {', '.join(known)}{hint}")
        return None

    def mapping(self, where: str, value: Any) -> dict[str, Any]:
        """The value where it is a mapping (nothing is an empty one), else a fault and an empty mapping."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.note(where, "expected `key: value` lines")
        return {}

    def listing(self, where: str, value: Any) -> list[Any]:
        """The value where it is a list, else a fault and an empty list."""
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.note(where, "expected a list, as [a, b]")
        return []
