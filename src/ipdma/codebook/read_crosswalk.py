"""Named crosswalks between instruments: linear, or through anchor points; each knows the spread of its link."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_numbers import read_number, read_sourced, to_float
from ipdma.codebook.records import Instrument, Number

KEYS = ("crosswalk", "label", "from", "to", "kind", "intercept", "slope", "points", "linking_sd", "note")
REQUIRED = ("crosswalk", "label", "from", "to", "kind")
KINDS = ("linear", "points")


@dataclass(frozen=True)
class Crosswalk:
    """A conversion of group-level scores from one instrument to another (for sensitivity analyses).

    Attributes
    ----------
    kind : str
        `linear` (intercept + slope times score) or `points` (straight lines between published pairs).
    points : tuple of (float, float)
        Pairs in ascending order; empty for a linear crosswalk.
    linking_sd : Number or None
        Standard deviation of an individual's score about the converted one, on the target's scale; None where the
        source prints none.
    """

    name: str
    label: str
    source: str
    target: str
    kind: str
    intercept: Number | None = None
    slope: Number | None = None
    points: tuple[tuple[float, float], ...] = ()
    linking_sd: Number | None = None
    reference: str = ""
    verified: bool = False
    note: str = ""

    def convert(self, score: float) -> float | None:
        """The score on the target scale; None outside the published points, which are never extended."""
        if self.kind == "linear":
            assert self.intercept is not None and self.slope is not None
            return float(self.intercept) + float(self.slope) * score
        xs = [x for x, _ in self.points]
        if not xs[0] <= score <= xs[-1]:
            return None
        at = max(1, bisect_left(xs, score))
        (x0, y0), (x1, y1) = self.points[at - 1], self.points[at]
        return y0 + (y1 - y0) * (score - x0) / (x1 - x0)

    def invert(self, score: float) -> float | None:
        """The score on the source scale that converts to `score`."""
        if self.kind == "linear":
            assert self.intercept is not None and self.slope is not None
            return (score - float(self.intercept)) / float(self.slope)
        turned = Crosswalk("", "", "", "", "points", points=tuple((y, x) for x, y in self.points))
        return turned.convert(score)

    def check(self, instruments: Mapping[str, Instrument], faults: Faults) -> None:
        """Both instruments exist and every published pair lies on their scales."""
        for end in (self.source, self.target):
            if end not in instruments:
                faults.note(f"crosswalk {self.name}", f"unknown instrument '{end}'")
        if self.source in instruments and self.target in instruments:
            for x, y in self.points:
                if not (
                    instruments[self.source].range.contains(x) and instruments[self.target].range.contains(y)
                ):
                    faults.note(
                        f"crosswalk {self.name}", f"the pair {x:g}, {y:g} lies outside the instruments"
                    )


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
    if kind == "linear" and (intercept is None or slope is None or slope.value <= 0):
        faults.note(where, "kind: linear needs an intercept and a slope above 0")
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
    for (x0, y0), (x1, y1) in zip(pairs, pairs[1:], strict=False):
        if not (x0 < x1 and y0 < y1):
            faults.note(where, f"the pairs {x0:g}, {y0:g} and {x1:g}, {y1:g} do not both ascend")
    return tuple(pairs)
