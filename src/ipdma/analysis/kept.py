"""Results that a job keeps for the next run, by the digest of all that each was made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


class Kept:
    """Results of an earlier run, and those that this run used or made.

    Parameters
    ----------
    made_with : mapping
        Digests of the code and the versions: all that is the same for every result of the job.
    *earlier : str
        Each as `text` left it, or empty; of another `made_with` nothing is taken.

    Attributes
    ----------
    used : dict of str to object
        By digest, what this run used or made; values as JSON has them.
    asked : list of str
        The digests that were asked for, in order.
    again : int
        How many of them were made.
    """

    def __init__(self, made_with: Mapping[str, Any], *earlier: str) -> None:
        self.made_with = json.loads(json.dumps(made_with))
        self.earlier: dict[str, Any] = {}
        for text in earlier:
            self.earlier |= read_earlier(text, self.made_with)
        self.used: dict[str, Any] = {}
        self.asked: list[str] = []
        self.again = 0

    def find(self, key: str) -> Any:
        """What was kept under a digest, or None; it counts as used."""
        if key not in self.used and key in self.earlier:
            self.used[key] = self.earlier[key]
        return self.used.get(key)

    def keep(self, key: str, value: Any) -> Any:
        """Keep what was made; returns it as it is found later, so that no reader can tell."""
        self.again += 1
        self.used[key] = json.loads(json.dumps(value, default=plain))
        return self.used[key]

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """What was kept under a digest, made where nothing was."""
        self.asked.append(key)
        found = self.find(key)
        return self.keep(key, make()) if found is None else found

    def get_whole(self, key: str, make: Callable[[], Any]) -> Any:
        """As `get`, of a result on the way to which others are kept: they are found again with it."""
        held = self.get(key, lambda: self.with_parts(make))
        for part in held["parts"]:
            self.find(part)
        return held["whole"]

    def with_parts(self, make: Callable[[], Any]) -> dict[str, Any]:
        """A result, and the digests of what was kept by itself on the way to it."""
        before = len(self.asked)
        return {"whole": make(), "parts": sorted(set(self.asked[before:]))}

    def text(self) -> str:
        """All that this run used or made: the same after a run from nothing as after one that found it."""
        return json.dumps({"made_with": self.made_with, "found": self.used}, sort_keys=True) + "\n"


def read_earlier(text: str, made_with: Mapping[str, Any]) -> dict[str, Any]:
    """The results of a text that `Kept.text` made with the same code; else none."""
    try:
        held = json.loads(text)
        return dict(held["found"]) if held["made_with"] == made_with else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def plain(value: Any) -> Any:
    """A number of numpy as Python has it."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a record holds a {type(value).__name__}")
