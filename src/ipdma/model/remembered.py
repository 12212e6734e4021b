"""Answers that are kept: the same trial's rows, and the same estimates, are met in many analyses of a job."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from functools import wraps
from hashlib import blake2b
from typing import Any, TypeVar, cast

import numpy as np

MOST = 2048  # answers of a function; the oldest leave

F = TypeVar("F", bound=Callable[..., Any])


def remembered(function: F) -> F:
    """The function, which keeps its latest answers by the digests of what it was given, in order.

    For a function of arrays of numbers, sequences of plain values and plain values that hangs on nothing
    else. An answer is shared by all who ask for it and must not be written to; what is raised is not kept.
    """
    kept: dict[Hashable, Any] = {}
    signature = inspect.signature(function)

    @wraps(function)
    def asked(*given: Any, **named: Any) -> Any:
        values = signature.bind(*given, **named)
        values.apply_defaults()
        key = tuple(map(key_of, values.arguments.values()))
        if key in kept:
            return kept[key]
        answer = function(*given, **named)
        if len(kept) >= MOST:
            kept.pop(next(iter(kept)), None)
        kept[key] = answer
        return answer

    return cast(F, asked)


def key_of(value: Any) -> Hashable:
    """What tells a value from others: of an array its shape, type and the digest of its numbers."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of objects has no digest")
        return value.shape, value.dtype.str, blake2b(value.tobytes(), digest_size=16).digest()
    return tuple(value) if isinstance(value, list) else value
