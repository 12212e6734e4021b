"""Holm's correction over the family of moderators that the plan declares."""

from __future__ import annotations

from collections.abc import Mapping

from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down p values (Holm 1979), never falling along the order of the raw ones, at most 1.

    Parameters
    ----------
    p_values : mapping of str to float
        One raw p value for each member of the family.
    """
    corrected: dict[str, float] = {}
    highest, m = 0.0, len(p_values)
    for rank, name in enumerate(sorted(p_values, key=lambda n: (p_values[n], n))):
        highest = max(highest, min(1.0, (m - rank) * p_values[name]))
        corrected[name] = highest
    return corrected


def write_corrected(
    ledger: Ledger, settings: Settings, tested: Mapping[str, tuple[Ident, str, float]]
) -> None:
    """Write Holm's p for the members of the family that were tested; say of others that they are exploratory.

    Parameters
    ----------
    tested : mapping
        Moderator name to the fit's name, the tested term and its raw p value.
    """
    family = {name: found[2] for name, found in tested.items() if name in settings.family}
    corrected = holm(family) if settings.correction == "holm" else {}
    for name, (ident, term, _) in tested.items():
        if name in corrected:
            ledger.count(ident, "holm_p", variable=term, n=len(family), value=corrected[name])
        elif name not in settings.family:
            ledger.count(
                ident, "exploratory", variable=term, level="not in the family that the plan declares"
            )
