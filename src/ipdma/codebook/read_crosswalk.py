"""Named crosswalks between instruments: linear, or through anchor points, with the spread of the link."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_numbers import read_number, read_range, read_sourced, to_float
from ipdma.codebook.records import Instrument, Number, Range

KEYS = (
    "crosswalk",
    "label",
    "from",
    "to",
    "kind",
    "intercept",
    "slope",
    "from_range",
    "points",
    "linking_sd",
    "note",
)
REQUIRED = ("crosswalk", "label", "from", "to", "kind")
KINDS = ("linear", "points")


@dataclass(frozen=True)
class Crosswalk:
    """A conversion of group-level scores from one instrument to another (for sensitivity analyses).

    Attributes
    ----------
    kind : str
        `linear` (intercept + slope times score) or `points` (straight lines between published pairs).
    from_range : Range or None
        Scores that the linear equation was made from.
    points : tuple of (float, float)
        Pairs in ascending order; empty for a linear crosswalk.
    linking_sd : Number or None
        Standard deviation of an individual's score about the converted one, on the target's scale; None
        where the source prints none.
    """

    name: str
    label: str
    source: str
    target: str
    kind: str
    intercept: Number | None = None
    slope: Number | None = None
    from_range: Range | None = None
    points: tuple[tuple[float, float], ...] = ()
    linking_sd: Number | None = None
    reference: str = ""
    verified: bool = False
    note: str = ""

    @property
    def domain(self) -> tuple[float, float]:
        """The scores that can be converted; published points and equations are never extended."""
        if self.from_range is not None:
            return self.from_range.bounds
        return self.points[0][0], self.points[-1][0]

    def convert(self, score: float, target: Range | None = None) -> float | None:
        """The score on the target scale; None outside the domain, or outside `target` where that is given."""
        low, high = self.domain
        if not low <= score <= high:
            return None
        if self.intercept is not None and self.slope is not None:
            converted = float(self.intercept) + float(self.slope) * score
        else:
            converted = between(self.points, score)
        return converted if target is None or target.contains(converted) else None

    def check(self, instruments: Mapping[str, Instrument], faults: Faults) -> None:
        """Both instruments exist and every published pair lies on their scales."""
        for end in (self.source, self.target):
            if end not in instruments:
                faults.note(f"crosswalk {self.name}", f"unknown instrument '{end}'")
        ends = [instruments.get(self.source), instruments.get(self.target)]
        for pair in self.points:
            if any(end and not end.range.contains(x) for end, x in zip(ends, pair, strict=True)):
                x, y = pair
                what = f"the pair {x:g}, {y:g} lies outside the instruments"
                faults.note(f"crosswalk {self.name}", what)


def between(points: tuple[tuple[float, float], ...], score: float) -> float:
    """Straight line between the two points around `score`."""
    at = max(1, bisect_left([x for x, _ in points], score))
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    return y0 + (y1 - y0) * (score - x0) / (x1 - x0)


def read_crosswalk(content: dict[str, Any], where: str, faults: Faults) -> Crosswalk | None:
    """Read one crosswalk; None where its faults leave nothing usable."""
    before = len(faults.lines)
    faults.keys(where, content, KEYS, REQUIRED)
    kind = content.get("kind")
    if kind is not None:
        faults.choice(f"{where}.kind", kind, KINDS)
    intercept = read_number(content.get("intercept"), f"{where}.intercept", faults)
    slope = read_number(content.get("slope"), f"{where}.slope", faults)
    bare, source, verified = read_sourced(content.get("points"), f"{where}.points", faults)
    points = read_points(bare, f"{where}.points", faults)
    domain = read_range(content.get("from_range"), f"{where}.from_range", faults)
    if kind == "linear" and (intercept is None or slope is None or domain is None or slope.value <= 0):
        faults.note(where, "kind: linear needs an intercept, a slope above 0 and from_range")
    if kind == "points" and len(points) < 2:
        faults.note(where, "kind: points needs two pairs or more")
    if len(faults.lines) > before:
        return None
    return Crosswalk(
        name=str(content["crosswalk"]),
        label=str(content["label"]),
        source=str(content["from"]),
        target=str(content["to"]),
        kind=str(kind),
        intercept=intercept,
        slope=slope,
        from_range=domain,
        points=points,
        linking_sd=read_number(content.get("linking_sd"), f"{where}.linking_sd", faults),
        reference=source or (slope.source if slope else ""),
        verified=verified or bool(slope and slope.verified),
        note=str(content.get("note") or ""),
    )


def read_points(value: Any, where: str, faults: Faults) -> tuple[tuple[float, float], ...]:
    """Pairs [from, to], both strictly ascending."""
    pairs = []
    for pair in faults.listing(where, value):
        ends = [to_float(end) for end in pair] if isinstance(pair, list) and len(pair) == 2 else [None]
        if None in ends:
            faults.note(where, "expected pairs, as [[10, 13], [20, 26]]")
            return ()
        pairs.append((float(ends[0]), float(ends[1])))  # type: ignore[arg-type]
    for (x0, y0), (x1, y1) in pairwise(pairs):
        if not (x0 < x1 and y0 < y1):
            faults.note(where, f"the pairs {x0:g}, {y0:g} and {x1:g}, {y1:g} do not both ascend")
    return tuple(pairs)
