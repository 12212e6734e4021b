"""The codebook as plain tables: what the HTML page and the workbook show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ipdma.codebook.load import Codebook
from ipdma.codebook.records import Instrument, Number, Rule, Term


@dataclass(frozen=True)
class Sheet:
    """A titled table of text."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    about: str = ""


def codebook_sheets(codebook: Codebook) -> list[Sheet]:
    """Every table of the codebook."""
    return [
        variable_sheet(codebook),
        level_sheet(codebook),
        term_sheet("conditions", codebook.conditions, "What an arm received."),
        term_sheet("timepoints", codebook.timepoints, "Weeks are counted from randomisation."),
        instrument_sheet(codebook),
        scoring_sheet(codebook),
        band_sheet(codebook),
        number_sheet(codebook),
        crosswalk_sheet(codebook),
    ]


def variable_sheet(codebook: Codebook) -> Sheet:
    """One row per target variable."""
    rows = [
        (
            v.name,
            v.label,
            v.type,
            v.unit,
            ", ".join(name for name in v.units if name != v.unit),
            str(v.range or ""),
            str(v.plausible or ""),
            ", ".join(v.levels),
            "yes" if v.required else "",
            v.description,
        )
        for v in codebook.variables.values()
    ]
    header = (
        "variable",
        "label",
        "type",
        "unit",
        "other units",
        "possible",
        "plausible",
        "levels",
        "required",
    )
    return Sheet("variables", (*header, "description"), rows, "The target variables of a participant.")


def level_sheet(codebook: Codebook) -> Sheet:
    """One row per level of a category."""
    rows = [(v.name, level, label) for v in codebook.variables.values() for level, label in v.levels.items()]
    return Sheet("levels", ("variable", "level", "label"), rows)


def term_sheet(title: str, terms: Mapping[str, Term], about: str) -> Sheet:
    """Conditions or time points."""
    rows = [(term.name, term.label, term.description) for term in terms.values()]
    return Sheet(title, (title.rstrip("s"), "label", "description"), rows, about)


def instrument_sheet(codebook: Codebook) -> Sheet:
    """One row per instrument."""
    rows = [
        (
            i.name,
            i.label,
            i.rating,
            f"{i.items.value:g}" if i.items else "",
            str(i.range),
            "yes" if i.integer else "no",
            "yes" if i.higher_is_worse else "no",
            i.default_scoring,
            say_rule(i.response, "at least {} of the baseline lost"),
            say_rule(i.remission, "at most {}" if i.higher_is_worse else "at least {}"),
            f"{i.reliability.value:g}" if i.reliability else "",
            str(i.missing_items_allowed),
            i.note,
        )
        for i in codebook.instruments.values()
    ]
    header = (
        "instrument",
        "label",
        "rating",
        "items",
        "range",
        "whole numbers",
        "higher is worse",
        "default scoring",
    )
    rest = ("response", "remission", "reliability", "items that may be missing", "note")
    return Sheet("instruments", (*header, *rest), rows)


def say_rule(rule: Rule | None, words: str) -> str:
    """A rule with its alternatives."""
    if rule is None:
        return ""
    others = ", ".join(f"{n.value:g}" for n in rule.alternatives)
    return words.format(f"{rule.value:g}") + (f" (or {others})" if others else "")


def scoring_sheet(codebook: Codebook) -> Sheet:
    """One row per scoring."""
    rows = []
    for i in codebook.instruments.values():
        for s in i.scorings.values():
            turned = ", ".join(map(str, s.reversed_items))
            groups = "; ".join("-".join(map(str, (g[0], g[-1]))) for g in s.highest_of)
            items = str(s.items) if s.can_score_items else "total only"
            rows.append((i.name, s.name, s.label, s.rule, items, str(s.range), turned, groups))
    header = (
        "instrument",
        "scoring",
        "label",
        "rule",
        "items",
        "range",
        "turned items",
        "highest counts of items",
    )
    return Sheet("scorings", header, rows, "Reversed items are turned over: lowest + highest - answer.")


def band_sheet(codebook: Codebook) -> Sheet:
    """One row per severity band."""
    rows = [
        (i.name, name, band.label, f"{band.low.value:g}", f"{band.high.value:g}")
        for i in codebook.instruments.values()
        for name, bands in i.band_sets.items()
        for band in bands
    ]
    return Sheet("bands", ("instrument", "set", "band", "from", "to"), rows, "The first set is the default.")


def number_sheet(codebook: Codebook) -> Sheet:
    """Every number with its source."""
    rows = []
    for i in codebook.instruments.values():
        for what, number in numbers_of(i):
            rows.append(
                (i.name, what, f"{number.value:g}", number.source, "yes" if number.verified else "not yet")
            )
    return Sheet("sources", ("instrument", "what", "number", "source", "looked up"), rows)


def numbers_of(i: Instrument) -> list[tuple[str, Number]]:
    """The numbers of one instrument, named."""
    found = [("lowest total", i.range.low), ("highest total", i.range.high)]
    if i.items:
        found.append(("items", i.items))
    for name, bands in i.band_sets.items():
        found += [(f"{name}: {band.label} from", band.low) for band in bands]
    for what, rule in (("response", i.response), ("remission", i.remission)):
        if rule:
            found += [(what, rule.number), *((f"{what}, alternative", n) for n in rule.alternatives)]
    if i.reliability:
        found.append(("reliability", i.reliability))
    for s in i.scorings.values():
        if s.name != i.default_scoring:
            found += [(f"{s.name}: lowest", s.range.low), (f"{s.name}: highest", s.range.high)]
    return found


def crosswalk_sheet(codebook: Codebook) -> Sheet:
    """One row per crosswalk."""
    rows = []
    for c in codebook.crosswalks.values():
        low, high = c.domain
        spread = f"{c.linking_sd.value:g}" if c.linking_sd else "not published"
        rows.append((c.name, c.source, c.target, c.kind, f"{low:g} to {high:g}", spread, c.reference, c.note))
    header = ("crosswalk", "from", "to", "kind", "scores", "linking sd", "source", "note")
    return Sheet(
        "crosswalks", header, rows, "For sensitivity analyses of groups; never to classify a person."
    )
