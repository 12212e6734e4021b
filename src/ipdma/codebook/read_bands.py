"""Severity bands: one set, or several that are named after the paper that drew them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_numbers import RANGE_ENDS, read_number, to_float
from ipdma.codebook.records import Band, Range

BAND_KEYS = ("label", *RANGE_ENDS)


def read_bands(value: Any, where: str, faults: Faults, whole: Range) -> dict[str, tuple[Band, ...]]:
    """Read the band sets; the first is the default one.

    A set is `{mild: [8, 16], ...}` or a list of `{label, low, high}`; several sets stand under their names.
    """
    if value is None:
        return {}
    if isinstance(value, list) or (isinstance(value, dict) and any(map(is_span, value.values()))):
        return {"default": read_set(value, where, faults, whole)}
    sets = faults.mapping(where, value)
    return {name: read_set(entry, f"{where}.{name}", faults, whole) for name, entry in sets.items()}


def is_span(value: Any) -> bool:
    """Whether this is the span of one band rather than a set of bands."""
    if isinstance(value, list):
        return len(value) == 2 and not any(isinstance(v, dict) and "label" in v for v in value)
    if isinstance(value, dict):
        return "value" in value or bool(set(value) & set(RANGE_ENDS))
    return to_float(value) is not None


def read_set(value: Any, where: str, faults: Faults, whole: Range) -> tuple[Band, ...]:
    """One set of bands, in ascending order, inside the instrument's range and without overlap."""
    if isinstance(value, dict):
        entries = [(label, span) for label, span in value.items()]
    else:
        entries = [labelled(entry, where, faults) for entry in faults.listing(where, value)]
    bands = [read_band(label, span, f"{where}.{label}", faults) for label, span in entries]
    kept = [band for band in bands if band is not None]
    check_order(kept, where, faults, whole)
    return tuple(kept)


def labelled(entry: Any, where: str, faults: Faults) -> tuple[str, Any]:
    """The label and the span of a band in a list."""
    entry = faults.mapping(where, entry)
    faults.keys(where, entry, BAND_KEYS, ["label"])
    return str(entry.get("label")), {key: end for key, end in entry.items() if key in RANGE_ENDS}


def read_band(label: str, span: Any, where: str, faults: Faults) -> Band | None:
    """One band; both ends may be equal."""
    if isinstance(span, dict) and "value" in span:
        pair = span["value"] if isinstance(span["value"], list) else [span["value"], span["value"]]
        rest = {key: entry for key, entry in span.items() if key != "value"}
        span = [{"value": end, **rest} for end in pair]
    elif isinstance(span, dict):
        faults.keys(where, span, RANGE_ENDS)
        ends = {RANGE_ENDS[key]: end for key, end in span.items() if key in RANGE_ENDS}
        span = [ends.get("low"), ends.get("high")]
    elif not isinstance(span, list):
        span = [span, span]
    if len(span) != 2:
        faults.note(where, "expected the lowest and the highest score of the band, as [8, 16]")
        return None
    low, high = (read_number(end, where, faults) for end in span)
    if low is None or high is None:
        faults.note(where, "expected the lowest and the highest score of the band, as [8, 16]")
        return None
    return Band(label, low, high)


def check_order(bands: list[Band], where: str, faults: Faults, whole: Range) -> None:
    """Bands ascend, do not overlap and stay inside the possible range."""
    for band in bands:
        if band.low.value > band.high.value:
            faults.note(f"{where}.{band.label}", f"from {band.low.value:g} down to {band.high.value:g}")
        if not (whole.contains(band.low.value) and whole.contains(band.high.value)):
            faults.note(f"{where}.{band.label}", f"reaches beyond the possible range {whole}")
    for lower, upper in pairwise(bands):
        if upper.low.value <= lower.high.value:
            faults.note(where, f"'{upper.label}' begins at {upper.low.value:g}, inside '{lower.label}'")
