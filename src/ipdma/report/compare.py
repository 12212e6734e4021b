"""What changed between two sets of records, and whether printed numbers still stand in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ipdma.report.ledger import print_again
from ipdma.report.records import KEYS, NUMBERS, Records, Row

Place = tuple[str, str, str, int]  # file, analysis id, key, how many of that key came before
DIGESTS = ("source_digest", "data_digest")


@dataclass(frozen=True)
class Change:
    """One difference between two sets of records, A and B.

    `what` is `only in A`, `only in B` or `changed`; only a changed cell has its column in `field`, with the
    value of each set in `a` and `b`.
    """

    what: str
    file: str
    analysis_id: str
    key: str
    field: str = ""
    a: Any = None
    b: Any = None

    def sentence(self) -> str:
        """The difference as a line of text."""
        where = f"{self.file}: {self.analysis_id} {self.key.strip('|')}".rstrip()
        return f"{where}: {self.field} {self.a} -> {self.b}" if self.field else f"{where}: {self.what}"


def places(records: Records) -> dict[Place, Row]:
    """Every row by what tells it from others."""
    found: dict[Place, Row] = {}
    for file in KEYS:
        seen: dict[tuple[str, str], int] = {}
        for row in getattr(records, file):
            pair = (row.text("analysis_id"), row.key)
            seen[pair] = seen.get(pair, -1) + 1
            found[(file, *pair, seen[pair])] = row
    return found


def same(a: Any, b: Any, tolerance: float) -> bool:
    """Equal text (missing is empty), or two numbers no further apart than the tolerance, whether relative or
    absolute; a number never equals a missing one."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    return (a or "") == (b or "") if not isinstance(a, float) and not isinstance(b, float) else False


def compare_records(a: Records, b: Records, tolerance: float = 1e-8) -> list[Change]:
    """Rows that only one run has, and cells that differ by more than a tolerance (see `same`).

    Digests of code and data are left to `compare_digests`.
    """
    left, right = places(a), places(b)
    changes = [Change("only in A", p[0], p[1], p[2]) for p in left if p not in right]
    changes += [Change("only in B", p[0], p[1], p[2]) for p in right if p not in left]
    for place, row in left.items():
        if place in right:
            changes += cell_changes(place, row, right[place], tolerance)
    return changes


def cell_changes(place: Place, a: Row, b: Row, tolerance: float) -> list[Change]:
    """Cells of one row that differ."""
    fields = [name for name in dict.fromkeys([*a, *b]) if name not in DIGESTS]
    return [
        Change("changed", place[0], place[1], place[2], name, a.get(name), b.get(name))
        for name in fields
        if not same(a.get(name), b.get(name), tolerance)
    ]


def compare_digests(a: Records, b: Records) -> list[str]:
    """Which digests of code or data differ."""
    lines = []
    for name in DIGESTS:
        held = [sorted({r.text(name) for r in run.estimates if r.text(name)}) for run in (a, b)]
        if held[0] != held[1]:
            lines.append(f"{name.replace('_', ' ')} differs: {short(held[0])} -> {short(held[1])}")
    return lines


def short(digests: Sequence[str]) -> str:
    """The first characters of each digest."""
    return ", ".join(d[:12] for d in digests) or "none"


def compare_plans(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Keys of two plans that differ, at every depth, but for where the results lie."""
    lines = []
    for key in dict.fromkeys([*a, *b]):
        name = f"{prefix}{key}"
        one, two = a.get(key), b.get(key)
        if name == "results" or one == two:
            continue
        if isinstance(one, Mapping) and isinstance(two, Mapping):
            lines += compare_plans(one, two, f"{name}.")
        else:
            lines.append(f"{name}: {held(a, key)} -> {held(b, key)}")
    return lines


def held(plan: Mapping[str, Any], key: str) -> str:
    """A key's value; one that a plan.yaml does not name had the default of the version that wrote it."""
    return repr(plan[key]) if key in plan else "not named (the default of the version that ran it)"


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds; `why` is empty when it does."""

    claim: Mapping[str, Any]
    why: str = ""


def check_claims(
    claims: Iterable[Mapping[str, Any]], records: Records, name: str, tolerance: float = 1e-6
) -> list[Verdict]:
    """Hold each claim against records: the row is there, its number is the claimed one, and prints as
    printed.

    Parameters
    ----------
    claims : iterable of mappings
        Rows of claims.csv.
    records : Records
    name : str
        What the records are called in a reason (`the record files`, `the recomputed records`).
    tolerance : float
        How far a number may be from the claimed one, relative to the larger; a distance of 1e-9 always holds.

    Returns
    -------
    list of Verdict
        One for each claim, in their order.

    Raises
    ------
    KeyError, ValueError
        If a claim lacks a column, or its value is no number.
    """
    by_key: dict[tuple[str, str, str], list[Row]] = {}
    for file in KEYS:
        for row in getattr(records, file):
            by_key.setdefault((file, row.text("analysis_id"), row.key), []).append(row)
    return [
        Verdict(c, why_not(c, by_key.get((c["file"], c["analysis_id"], c["key"]), []), name, tolerance))
        for c in claims
    ]


def why_not(claim: Mapping[str, Any], rows: list[Row], name: str, tolerance: float) -> str:
    """Why a claim does not hold, or an empty string."""
    if not rows:
        return f"{name} hold no such row"
    value, field = float(claim["value"]), claim["field"]
    found = [row.number(field) for row in rows if field in NUMBERS]
    if not any(n is not None and math.isclose(n, value, rel_tol=tolerance, abs_tol=1e-9) for n in found):
        first_found = next((n for n in found if n is not None), None)
        return f"{name} say {first_found!r}, claimed {value!r}"
    if claim["digits"] == "text":
        return (
            ""
            if any(row.text("level") == claim["printed"] for row in rows)
            else f"{name} word it differently"
        )
    again = print_again(value, str(claim["digits"]))
    return (
        ""
        if again == claim["printed"]
        else f"printed as {claim['printed']}, but the number prints as {again}"
    )
