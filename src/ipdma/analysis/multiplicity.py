"""Holm's correction over the family of moderators that the plan declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

    A variable that the plan has in several forms counts once, in its leading form (else the first that could
    be tested); the others are named forms of it and have no corrected p.

    Parameters
    ----------
    tested : mapping
        Moderator name to the fit's name, the tested term and its raw p value.
    """
    counted = counted_forms(settings, list(tested))
    family = {name: tested[name][2] for name in counted if name in settings.family}
    corrected = holm(family) if settings.correction == "holm" else {}
    for name, (ident, term, _) in tested.items():
        if name in corrected:
            ledger.count(ident, "holm_p", variable=term, n=len(family), value=corrected[name])
        if name not in counted:
            ledger.count(ident, "another_form", variable=term, level=counted_as(settings, counted, name))
        if name not in settings.family:
            ledger.count(
                ident, "exploratory", variable=term, level="not in the family that the plan declares"
            )


def counted_forms(settings: Settings, tested: Sequence[str]) -> list[str]:
    """Of the moderators that were tested one for each variable: its leading form, else its first."""
    found: dict[str, str] = {}
    for name in sorted(tested, key=lambda n: settings.leaders[n] != n):
        found.setdefault(settings.leaders[name], name)
    return list(found.values())


def counted_as(settings: Settings, counted: Sequence[str], name: str) -> str:
    """The form in which a moderator's variable is counted."""
    return next(other for other in counted if settings.leaders[other] == settings.leaders[name])
