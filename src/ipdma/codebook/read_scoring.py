"""How an instrument's items become its total: the default scoring, and variants laid over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_numbers import (
    read_count,
    read_flag,
    read_number,
    read_numbers,
    read_range,
    read_sourced,
)
from ipdma.codebook.records import Number, Range, Rule, Scoring

RULES = ("sum", "mean", "total_only")
ITEM_KEYS = (
    "items",
    "item_range",
    "item_ranges",
    "reversed",
    "highest_of",
    "multiplier",
    "missing_items_allowed",
)
VARIANT_KEYS = ("label", "rule", "range", "integer", "response", "remission", *ITEM_KEYS)
DERIVED = "follows from the items"


@dataclass(frozen=True)
class ItemFacts:
    """What an instrument or a variant says about its items."""

    items: int = 0
    item_range: Range | None = None
    by_item: dict[int, Range] = None  # type: ignore[assignment]
    reversed_items: tuple[int, ...] = ()
    highest_of: tuple[tuple[int, ...], ...] = ()
    multiplier: float = 1.0
    missing_allowed: int = 0

    def ranges(self) -> tuple[Range, ...]:
        """The range of every item; empty where some item has none."""
        every = [self.by_item.get(item, self.item_range) for item in range(1, self.items + 1)]
        return tuple(r for r in every if r is not None) if all(every) else ()

    def scored_units(self) -> list[list[int]]:
        """Items that add up: each alone, or a group of which the highest counts."""
        grouped = {item for group in self.highest_of for item in group}
        alone = [[item] for item in range(1, self.items + 1) if item not in grouped]
        return alone + [list(group) for group in self.highest_of]

    def span(self, rule: str) -> tuple[float, float] | None:
        """The lowest and highest total that the items can give under `rule`; None where unknown."""
        ranges = self.ranges()
        if not ranges or rule == "total_only":
            return None
        units = self.scored_units()
        low = sum(max(ranges[i - 1].bounds[0] for i in unit) for unit in units)
        high = sum(max(ranges[i - 1].bounds[1] for i in unit) for unit in units)
        share = self.multiplier / (len(units) if rule == "mean" else 1)
        return low * share, high * share


def read_item_facts(
    content: dict[str, Any], where: str, faults: Faults, base: ItemFacts | None = None
) -> ItemFacts:
    """Item facts of a file or a variant, laid over those of `base`.

    A variant that changes the number of items takes no per-item facts over from the base.
    """
    base = base or ItemFacts(by_item={})
    count = read_count(content.get("items"), f"{where}.items", faults, least=1)
    items = int(count.value) if count else base.items
    if items != base.items:
        base = ItemFacts(item_range=base.item_range, by_item={}, multiplier=base.multiplier)
    item_range = read_range(content.get("item_range"), f"{where}.item_range", faults)
    by_item = read_item_ranges(content.get("item_ranges"), f"{where}.item_ranges", faults)
    groups = read_groups(content.get("highest_of"), f"{where}.highest_of", faults)
    reverse = read_numbers(content.get("reversed"), f"{where}.reversed", faults)
    factor = read_number(content.get("multiplier"), f"{where}.multiplier", faults)
    allowed = read_count(content.get("missing_items_allowed"), f"{where}.missing_items_allowed", faults)
    if factor is not None and factor.value <= 0:
        faults.note(f"{where}.multiplier", f"got {factor.value:g}, expected a number above 0")
    facts = ItemFacts(
        items=items,
        item_range=item_range or base.item_range,
        by_item=by_item or ({} if item_range else base.by_item),
        reversed_items=tuple(reverse) if "reversed" in content else base.reversed_items,
        highest_of=groups if "highest_of" in content else base.highest_of,
        multiplier=float(factor) if factor else base.multiplier,
        missing_allowed=int(allowed.value) if allowed else base.missing_allowed,
    )
    check_item_numbers(facts, where, faults)
    return facts


def read_item_ranges(value: Any, where: str, faults: Faults) -> dict[int, Range]:
    """Ranges of items that differ from the others: {4: [0, 2], ...} or {"4 5 6": [0, 2]}."""
    ranges: dict[int, Range] = {}
    for key, span in faults.mapping(where, value).items():
        read = read_range(span, f"{where}.{key}", faults)
        for word in key.replace(",", " ").split():
            if not word.isdigit():
                faults.note(where, f"got '{word}', expected the number of an item")
            elif read is not None:
                ranges[int(word)] = read
    return ranges


def read_groups(value: Any, where: str, faults: Faults) -> tuple[tuple[int, ...], ...]:
    """Groups of items, bare or under {value, source, verified}."""
    bare, _, _ = read_sourced(value, where, faults)
    return tuple(tuple(read_numbers(group, where, faults)) for group in faults.listing(where, bare))


def check_item_numbers(facts: ItemFacts, where: str, faults: Faults) -> None:
    """Every item that is named must exist."""
    named = [*facts.by_item, *facts.reversed_items, *(item for group in facts.highest_of for item in group)]
    beyond = sorted({item for item in named if not 1 <= item <= facts.items})
    if beyond:
        faults.note(where, f"names item {', '.join(map(str, beyond))} of {facts.items} items")


def read_rule(value: Any, where: str, faults: Faults, bounds: tuple[float, float]) -> Rule | None:
    """A response or remission number with its alternatives, each inside `bounds`."""
    if value is None:
        return None
    others = (
        faults.listing(f"{where}.alternatives", value.get("alternatives")) if isinstance(value, dict) else []
    )
    number = read_number(value, where, faults, extra=("alternatives",))
    read = [read_number(other, f"{where}.alternatives", faults) for other in faults.listing(where, others)]
    for each in (number, *read):
        if each is not None and not bounds[0] <= each.value <= bounds[1]:
            faults.note(where, f"got {each.value:g}, expected a number from {bounds[0]:g} to {bounds[1]:g}")
    return Rule(number, tuple(r for r in read if r is not None)) if number is not None else None


def read_scorings(
    content: dict[str, Any],
    where: str,
    faults: Faults,
    whole: Range,
    facts: ItemFacts,
    integer: bool,
    response: Rule | None,
    remission: Rule | None,
) -> tuple[str, dict[str, Scoring]]:
    """The default scoring's name and all scorings; `scoring` names the default one where it is not plain."""
    variants = named_variants(content.get("scorings"), f"{where}.scorings", faults)
    rule = default_rule(whole, facts)
    default = str(content.get("scoring") or (rule if rule != "total_only" else "total"))
    own = default_entry(variants.get(default), f"{where}.scorings.{default}", faults, whole)
    rule = str(own.get("rule") or (default if default in RULES else rule))
    check_span(whole, facts, rule, f"{where}.range", faults)
    made = make_scoring(default, own, rule, facts, whole, integer, response, remission)
    scorings = {default: made}
    for name, entry in variants.items():
        if name != default:
            entry = faults.mapping(f"{where}.scorings.{name}", entry)
            variant = read_variant(name, entry, f"{where}.scorings.{name}", faults, facts, made)
            scorings.update({name: variant} if variant else {})
    return default, scorings


def default_entry(value: Any, where: str, faults: Faults, whole: Range) -> dict[str, Any]:
    """What `scorings` says of the default: a label or rule; its numbers stand on the instrument itself."""
    entry = faults.mapping(where, value)
    faults.keys(where, entry, ("label", "rule", "range"))
    said = read_range(entry.get("range"), f"{where}.range", faults)
    if said is not None and said.bounds != whole.bounds:
        faults.note(f"{where}.range", f"{said}, but the instrument's own range is {whole}; give one of them")
    return entry


def named_variants(value: Any, where: str, faults: Faults) -> dict[str, Any]:
    """Entries by name: a name, a list of names, or names with their keys or with their range alone."""
    if isinstance(value, str):
        return {value: None}
    if isinstance(value, list):
        return {str(name): None for name in value}
    given = faults.mapping(where, value)
    return {name: {"range": entry} if isinstance(entry, list) else entry for name, entry in given.items()}


def default_rule(whole: Range, facts: ItemFacts) -> str:
    """A range that is one item's own is a mean's, any other a sum's; nothing to score without items."""
    if not facts.ranges():
        return "total_only"
    one_item = facts.item_range is not None and facts.item_range.bounds == whole.bounds
    return "mean" if one_item and facts.items > 1 else "sum"


def check_span(whole: Range, facts: ItemFacts, rule: str, where: str, faults: Faults) -> None:
    """A range that the items cannot fill is senseless."""
    span = facts.span(rule)
    if span and (whole.bounds[0] < span[0] - 1e-9 or whole.bounds[1] > span[1] + 1e-9):
        faults.note(where, f"{whole}, but {facts.items} items give {span[0]:g} to {span[1]:g} as a {rule}")


def make_scoring(
    name: str,
    entry: dict[str, Any],
    rule: str,
    facts: ItemFacts,
    whole: Range,
    integer: bool,
    response: Rule | None,
    remission: Rule | None,
) -> Scoring:
    """A complete scoring from its parts."""
    return Scoring(
        name=name,
        label=str(entry.get("label") or name.replace("_", " ")),
        rule=rule,
        items=facts.items if rule != "total_only" else 0,
        item_ranges=facts.ranges() if rule != "total_only" else (),
        reversed_items=facts.reversed_items,
        highest_of=facts.highest_of,
        multiplier=facts.multiplier,
        range=whole,
        integer=integer,
        missing_items_allowed=facts.missing_allowed,
        response=response,
        remission=remission,
    )


def read_variant(
    name: str, entry: dict[str, Any], where: str, faults: Faults, base: ItemFacts, default: Scoring
) -> Scoring | None:
    """One further scoring; what it does not say it takes from the instrument."""
    faults.keys(where, entry, VARIANT_KEYS)
    rule = str(entry.get("rule") or (name if name in RULES else default.rule))
    faults.choice(f"{where}.rule", rule, RULES)
    facts = read_item_facts(entry, where, faults, base)
    whole = read_range(entry.get("range"), f"{where}.range", faults) or derived_range(
        facts, rule, where, faults
    )
    if whole is None:
        return None
    check_span(whole, facts, rule, f"{where}.range", faults)
    integer = read_flag(entry.get("integer"), f"{where}.integer", faults, default=rule == "sum")
    response = read_rule(entry.get("response"), f"{where}.response", faults, (0.0, 1.0)) or default.response
    remission = read_rule(entry.get("remission"), f"{where}.remission", faults, whole.bounds)
    remission = remission or (default.remission if same_scale(whole, default.range) else None)
    return make_scoring(name, entry, rule, facts, whole, integer, response, remission)


def same_scale(one: Range, other: Range) -> bool:
    """Whether a cut-off carries over: the same floor, and tops that differ by less than a tenth."""
    (low, high), (other_low, other_high) = one.bounds, other.bounds
    return low == other_low and abs(high - other_high) < (other_high - other_low) / 10


def derived_range(facts: ItemFacts, rule: str, where: str, faults: Faults) -> Range | None:
    """The range that the items give."""
    span = facts.span(rule)
    if span is None:
        faults.note(where, "needs a range: [lowest, highest], since the items do not give one")
        return None
    return Range(Number(span[0], DERIVED, False), Number(span[1], DERIVED, False))
