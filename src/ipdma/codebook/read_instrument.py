"""An instrument file becomes an `Instrument`; everything wrong with it is noted at once."""

from __future__ import annotations

import re
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_bands import read_bands
from ipdma.codebook.read_numbers import read_count, read_flag, read_number, read_range
from ipdma.codebook.read_scoring import ItemFacts, read_item_facts, read_rule, read_scorings
from ipdma.codebook.records import Instrument, Number, Range

KEYS = (
    "instrument",
    "label",
    "rating",
    "range",
    "items",
    "item_range",
    "item_ranges",
    "reversed",
    "highest_of",
    "multiplier",
    "integer",
    "higher_is_worse",
    "scoring",
    "scorings",
    "bands",
    "response",
    "remission",
    "reliability",
    "missing_items_allowed",
    "patterns",
    "note",
)
REQUIRED = ("instrument", "label", "rating", "range")
RATINGS = ("observer", "self")
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def read_instrument(
    content: dict[str, Any], where: str, faults: Faults, builtin: bool = False
) -> Instrument | None:
    """Read one instrument.

    Parameters
    ----------
    content : dict
        As `read_text_mapping` gives it.
    where : str
        Name of the file, for messages.
    faults : Faults
        Takes every fault found.
    builtin : bool
        Whether it belongs to the built-in codebook.

    Returns
    -------
    Instrument or None
        None where the faults leave no usable instrument.
    """
    before = len(faults.lines)
    faults.keys(where, content, KEYS, REQUIRED)
    name = str(content.get("instrument") or "")
    if name and not NAME.match(name):
        faults.note(f"{where}.instrument", f"'{name}' must be lower-case letters, digits and _, as phq9")
    rating = content.get("rating")
    if rating is not None:
        faults.choice(f"{where}.rating", rating, RATINGS)
    whole = read_range(content.get("range"), f"{where}.range", faults)
    facts = read_item_facts(content, where, faults)
    if whole is None or len(faults.lines) > before:
        return None
    made = build_instrument(content, where, faults, whole, facts, builtin)
    return made if len(faults.lines) == before else None


def build_instrument(
    content: dict[str, Any], where: str, faults: Faults, whole: Range, facts: ItemFacts, builtin: bool
) -> Instrument:
    """Put the parts together once the basic keys are known to be right."""
    worse = read_flag(content.get("higher_is_worse"), f"{where}.higher_is_worse", faults, default=True)
    response = read_rule(content.get("response"), f"{where}.response", faults, (0.0, 1.0))
    remission = read_rule(content.get("remission"), f"{where}.remission", faults, whole.bounds)
    integer = read_flag(content.get("integer"), f"{where}.integer", faults, default=whole_ends(whole))
    allowed = read_count(content.get("missing_items_allowed"), f"{where}.missing_items_allowed", faults)
    if allowed is not None and facts.items and allowed.value >= facts.items:
        faults.note(
            f"{where}.missing_items_allowed", f"{allowed.value:g} of {facts.items} items leaves none to score"
        )
    default, scorings = read_scorings(content, where, faults, whole, facts, integer, response, remission)
    band_sets = read_bands(content.get("bands"), f"{where}.bands", faults, whole)
    return Instrument(
        name=str(content["instrument"]),
        label=str(content["label"]),
        rating=str(content["rating"]),
        range=whole,
        items=read_count(content.get("items"), f"{where}.items", faults, least=1),
        item_range=facts.item_range,
        item_ranges=facts.by_item,
        integer=integer,
        higher_is_worse=worse,
        default_scoring=default,
        scorings=scorings,
        bands=next(iter(band_sets.values()), ()),
        band_sets=band_sets,
        response=response,
        remission=remission,
        reliability=read_reliability(content.get("reliability"), f"{where}.reliability", faults),
        missing_items_allowed=facts.missing_allowed,
        patterns=tuple(map(str, faults.listing(f"{where}.patterns", content.get("patterns")))),
        note=str(content.get("note") or ""),
        builtin=builtin,
    )


def read_reliability(value: Any, where: str, faults: Faults) -> Number | None:
    """A reliability coefficient strictly between 0 and 1."""
    number = read_number(value, where, faults, extra=("kind",))
    if number is not None and not 0 < number.value < 1:
        faults.note(where, f"got {number.value:g}, expected a coefficient between 0 and 1")
        return None
    return number


def whole_ends(whole: Range) -> bool:
    """Totals between whole-number ends are taken to be whole unless the file says otherwise."""
    return all(end == int(end) for end in whole.bounds)
