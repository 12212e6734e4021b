"""Results at a boundary: their numbers stand in tables with the reason, and in no sentence and no figure."""

from __future__ import annotations

import math
from functools import lru_cache

from ipdma.codebook import load_codebook
from ipdma.report.ledger import Pen
from ipdma.report.material import Material
from ipdma.report.records import Row

FEWEST_DF = 2.0  # below it an interval says more of the t distribution's tails than of the treatment
WIDEST_ODDS = 2 * math.log(1000)  # from a thousandth of the odds to a thousand times
WIDEST_SD = 10.0  # five standard deviations either way
TOO_FEW = "too few data"  # in the place of a number that a figure does not show
NOT_CONVERGED = "did not converge"
FEW_DF = "fewer than 2 degrees of freedom"
TWO_TRIALS = "two trials cannot show how effects differ"
TOO_WIDE = "wider than the scale"
CLAUSES = {
    NOT_CONVERGED: "the model did not converge",
    TOO_WIDE: "the interval is wider than the scale",
}  # what more data would not mend by itself, in a sentence


def boundary(material: Material, row: Row | None) -> str:
    """Why a result is not told; empty where it is.

    Fewer than two degrees of freedom, an interval wider than the outcome's scale allows, an effect at a value
    of a moderator from two trials, or no convergence.
    """
    if row is None:
        return ""
    df, k = row.number("df"), row.number("k")
    if row.text("converged").lower() == "false":
        return NOT_CONVERGED
    if df is not None and df < FEWEST_DF:
        return FEW_DF
    if k == 2 and row.term.kind == "at":
        return TWO_TRIALS
    low, high = row.number("ci_low"), row.number("ci_high")
    if low is not None and high is not None and high - low > widest(material, row.text("outcome")):
        return TOO_WIDE
    return ""


def widest(material: Material, outcome: str) -> float:
    """The width from which an interval of an outcome says nothing: all that its scale can hold, and back.

    In log odds, standard deviations or points, as the effect is; infinite where the plan names no built-in
    instrument for scores in points.
    """
    if material.is_binary(outcome):
        return WIDEST_ODDS
    if material.standardise(outcome) != "none":
        return WIDEST_SD
    entry = material.plan.get("outcomes", {}).get(outcome) or {}
    ranges = [reach for name in entry.get("instruments") or [] if (reach := reach_of(str(name)))]
    return 2 * max(ranges, default=math.inf)


@lru_cache(maxsize=64)
def reach_of(instrument: str) -> float | None:
    """Points from the lowest score of a built-in instrument to its highest; None for any other."""
    found = load_codebook().instruments.get(instrument)
    if found is None:
        return None
    low, high = found.range.bounds
    return high - low


def cause(material: Material, row: Row | None) -> str:
    """`the model did not converge`: why a result is not told, in a sentence; empty of one that has too few
    data."""
    return CLAUSES.get(boundary(material, row), "")


def in_place(material: Material, row: Row) -> str:
    """What stands in the place of a number that is not told; empty where it is."""
    why = boundary(material, row)
    return why if not why or why in CLAUSES else TOO_FEW


def told(material: Material, pen: Pen, row: Row) -> str:
    """An effect as a figure or a sentence has it: a result at a boundary shows no number."""
    return in_place(material, row) or pen.effect(row)


def ends(material: Material, row: Row) -> tuple[float | None, float | None, float | None]:
    """Estimate and limits to draw; three times None for a result at a boundary."""
    if boundary(material, row):
        return None, None, None
    return row.number("estimate"), row.number("ci_low"), row.number("ci_high")


def reason(material: Material, row: Row | None) -> str:
    """` (fewer than 2 degrees of freedom)`: what stands beside a number in a table; empty of a fit that did
    not converge, which has a mark of its own there."""
    why = boundary(material, row)
    return f" ({why})" if why and why != NOT_CONVERGED else ""
