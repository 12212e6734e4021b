"""Options that would change nothing are not accepted: whoever gives one expects something of it."""

from __future__ import annotations

from collections.abc import Mapping

from ipdma.errors import SpecError


def refuse_idle(given: Mapping[str, object], why: str) -> None:
    """Refuse the options that were given (not None, False or empty) and would be ignored.

    Raises
    ------
    SpecError
        Naming all of them, and why.
    """
    names = [name for name, value in given.items() if not (value is None or value is False or value == [])]
    if names:
        raise SpecError(f"{' and '.join(names)}: {why}; leave {'it' if len(names) == 1 else 'them'} out")
