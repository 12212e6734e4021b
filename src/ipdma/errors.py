"""Bad use, said plainly: what, where, got, expected, what to do. Never a patient's value."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class IpdmaError(Exception):
    """Base of every error that a user can mend. The message is for that user; exit status 2."""

    exit_status = 2


class SpecError(IpdmaError):
    """A model or pooling specification that cannot be carried out."""


class DataError(IpdmaError):
    """Data that do not fit what is asked of them."""


class FitError(IpdmaError):
    """A model that these data cannot carry."""


class ReadError(IpdmaError):
    """A file that cannot be read."""


class PlanError(IpdmaError):
    """An analysis plan that cannot be carried out."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the closest known word, or an empty string."""
    close = get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def unknown_key(where: str, key: str, known: Iterable[str]) -> str:
    """Say that `key` is not one of `known`, naming the nearest, or all where none is near."""
    known = list(known)
    hint = nearest(key, known) or f"; known keys: {', '.join(sorted(known))}"
    return f"{where}: unknown key '{key}'{hint}"


def join_faults(faults: Iterable[str]) -> str:
    """Join several faults into one message, a line each."""
    return "\n".join(faults)


class UndeclaredReading(LookupError):
    """A fault of the program: an analysis reads what it does not say it reads; no fit may swallow it."""
