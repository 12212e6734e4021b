"""What an interval says, and no more; and whether a result can be told at all."""

from __future__ import annotations

from ipdma.report.boundary import boundary, cause
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row
from ipdma.report.words import in_sentence


def favoured(material: Material, analysis: Analysis, row: Row | None) -> str:
    """`active` or `reference` where the interval leaves out no effect, else an empty string."""
    if row is None:
        return ""
    low, high = row.number("ci_low"), row.number("ci_high")
    if low is None or high is None or low <= 0 <= high:
        return ""
    left = material.directions(analysis.contrast, analysis.outcome)[0]
    negative = left == f"Favours {in_sentence(material.sides(analysis.contrast)[0])}"
    return "active" if (high < 0) == negative else "reference"


def tellable(material: Material, row: Row | None) -> bool:
    """Whether a result can be told in a sentence: estimated, and at no boundary."""
    if row is None or row.number("estimate") is None or row.number("ci_low") is None:
        return False
    return not boundary(material, row)


def plain_sentence(material: Material, analysis: Analysis, row: Row | None) -> str:
    """Who fared better, in plain words."""
    active, reference = (in_sentence(side) for side in material.sides(analysis.contrast))
    what, when = material.outcome(analysis.outcome), material.timepoint(analysis.timepoint)
    if why := cause(material, row):
        return f"How {active} and {reference} compare in {what} at {when} cannot be said: {why}."
    if not tellable(material, row):
        return f"There are too few data to say how {active} and {reference} compare in {what} at {when}."
    side = favoured(material, analysis, row)
    if not side:
        return (
            f"It is unclear whether {active} or {reference} is better for {what} at {when}: the data fit "
            "a benefit, no difference and a harm."
        )
    better, other = (active, reference) if side == "active" else (reference, active)
    if material.is_binary(analysis.outcome):
        more = "more" if material.good(analysis.outcome) else "less"
        return f"At {when}, {what} was {more} frequent with {better} than with {other}."
    return f"At {when}, people with {better} fared better in {what} than people with {other}."
