"""The claim ledger: whoever prints a number from a record says so here, so that it can be traced and
checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ipdma.report import wording
from ipdma.report.records import Row

NUMBER = re.compile(r"[-\u2212+]?\d*\.?\d+(?:e[-+]?\d+)?")
FIELDS = [
    "place",
    "printed",
    "file",
    "line",
    "analysis_id",
    "key",
    "field",
    "value",
    "digits",
    "model",
    "data_digest",
    "source_digest",
]


@dataclass(frozen=True)
class Claim:
    """One printed number: where it is printed, how, and the cell of the record file that it is drawn from.

    `digits` is the number of decimals, `p` for a p value in APA style, `compact` for a short number,
    `percent 1` for a share, `hundred` for so many of a hundred, `2 times 4.35` for so many units of that
    size with two decimals, `exp 2` for the ratio whose logarithm the cell holds, `text` for the record's own
    words. `line` is that of the file as an editor counts, the header being line 1.
    """

    place: str
    printed: str
    file: str
    line: int
    analysis_id: str
    key: str
    field: str
    value: float
    digits: str
    model: str
    data_digest: str
    source_digest: str

    def as_mapping(self) -> dict[str, Any]:
        """The claim as a row of claims.csv."""
        return dict(vars(self))


@dataclass
class Ledger:
    """Collects the claims of one rendering, in order, each once per place."""

    claims: dict[Claim, None] = field(default_factory=dict)

    def pen(self, place: str) -> Pen:
        """A pen that signs for `place` (`tables/efficacy`, `figures/forest...`, `report`)."""
        return Pen(place, self)

    def keep(self, place: str, texts: Iterable[str]) -> None:
        """Drop the claims of a place whose numbers stand in none of the texts that it shows after all."""
        shown = set(NUMBER.findall(" ".join(texts)))
        own = [claim for claim in self.claims if claim.place == place]
        for claim in own:
            if not shown.issuperset(NUMBER.findall(claim.printed)):
                del self.claims[claim]


@dataclass(frozen=True)
class Pen:
    """Prints numbers of records and enters each in the ledger.

    A withheld number is printed as the record has it (`<10`, `*`), one that is missing as a dash; neither is
    entered.
    """

    place: str
    ledger: Ledger

    def number(self, row: Row | None, name: str, digits: int = 2) -> str:
        """`row[name]` with `digits` decimals; a dash where there is none."""
        return self._print(row, name, wording.fixed(number_of(row, name), digits), str(digits))

    def scaled(self, row: Row | None, name: str, unit: float, digits: int = 1) -> str:
        """`row[name]` times `unit`, the size of the unit in which it is held, with `digits` decimals; the
        ledger keeps both."""
        value = number_of(row, name)
        printed = wording.fixed(None if value is None else value * unit, digits)
        return self._print(row, name, printed, f"{digits} times {unit!r}")

    def ratio(self, row: Row | None, name: str, digits: int = 2) -> str:
        """The exponential of `row[name]`, a log odds ratio; the ledger keeps the logarithm."""
        return self._print(row, name, wording.ratio(number_of(row, name), digits), f"exp {digits}")

    def compact(self, row: Row | None, name: str) -> str:
        """`row[name]` as a short number."""
        return self._print(row, name, wording.compact(number_of(row, name)), "compact")

    def count(self, row: Row | None, name: str = "n") -> str:
        """`row[name]` as a whole number."""
        return self.number(row, name, 0)

    def percent(self, row: Row | None, name: str = "value", digits: int = 1) -> str:
        """A share as percent; the ledger keeps the share."""
        value = number_of(row, name)
        return self._print(row, name, wording.percent(value, digits), f"percent {digits}")

    def hundred(self, row: Row | None, name: str = "value") -> str:
        """A share as so many of a hundred; the ledger keeps the share."""
        return self._print(row, name, wording.hundred(number_of(row, name)), "hundred")

    def worded(self, row: Row | None, name: str = "value") -> str:
        """A record's own words (`NNTB 4.1 (2.8 to 7.9)`), entered beside the number that they state."""
        return wording.NOTHING if row is None else self._print(row, name, row.text("level"), "text")

    def p(self, row: Row | None, name: str = "p_value") -> str:
        """`row[name]` as a p value without the letter p."""
        return self._print(row, name, wording.p_value(number_of(row, name)), "p")

    def p_phrase(self, row: Row | None, name: str = "p_value") -> str:
        """`p = .043`."""
        self.p(row, name)
        return wording.p_phrase(number_of(row, name))

    def interval(self, row: Row | None, low: str = "ci_low", high: str = "ci_high", digits: int = 2) -> str:
        """`[low, high]`, or a dash where a bound is missing."""
        if number_of(row, low) is None or number_of(row, high) is None:
            return wording.NOTHING
        return f"[{self.number(row, low, digits)}, {self.number(row, high, digits)}]"

    def effect(self, row: Row | None, digits: int = 2) -> str:
        """`estimate [low, high]`."""
        if row is not None and row.number("estimate") is None and row.withheld:
            return row.withheld
        return f"{self.number(row, 'estimate', digits)} {self.interval(row, digits=digits)}"

    def _print(self, row: Row | None, name: str, printed: str, digits: str) -> str:
        value = number_of(row, name)
        if row is not None and value is None and row.withheld:
            return row.withheld
        if row is not None and value is not None:
            claim = Claim(
                self.place,
                printed,
                row.file,
                row.line,
                row.text("analysis_id"),
                row.key,
                name,
                value,
                digits,
                row.text("model"),
                row.text("data_digest"),
                row.text("source_digest"),
            )
            self.ledger.claims[claim] = None
        return printed


def number_of(row: Row | None, name: str) -> float | None:
    """The number of a row that may be absent."""
    return None if row is None else row.number(name)


def print_again(value: float, digits: str) -> str:
    """How a claim's value is printed, for checking the ledger.

    `digits` is as in `Claim`; ValueError for `text`, of which the value says nothing, and for unknown words.
    """
    if digits == "p":
        return wording.p_value(value)
    if digits.startswith("percent"):
        return wording.percent(value, int(digits.split()[1]))
    if digits.startswith("exp"):
        return wording.ratio(value, int(digits.split()[1]))
    if digits == "hundred":
        return wording.hundred(value)
    if " times " in digits:
        decimals, _, unit = digits.partition(" times ")
        return wording.fixed(value * float(unit), int(decimals))
    return wording.compact(value) if digits == "compact" else wording.fixed(value, int(digits))
