"""One cell's meaning: a value, a missing kind, or a fault; judged once per distinct cell of a column."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ipdma.codebook import Range, Variable
from ipdma.site.codes import code_key, parse_number, shows_sign
from ipdma.site.entries import match_word
from ipdma.site.no_answer import is_no_value
from ipdma.site.number_forms import is_year, read_grouped, thousands, what_instead
from ipdma.site.table import Column, NumberText
from ipdma.site.units import convert

NOT_GIVEN, NOT_APPLICABLE = "not_given", "not_applicable"


class Outcome(NamedTuple):
    """What a cell means: `value`, or None with a missing `kind`; `fault` names a finding; `doubt` one to
    confirm."""

    value: str | float | None = None
    kind: str | None = None
    fault: str | None = None
    doubt: str | None = None
    declared: bool = False


EMPTY = Outcome(kind=NOT_GIVEN)
Target = Callable[[str, bool], Outcome]


@dataclass(frozen=True)
class NumberTarget:
    """A number inside what is possible, in the target's unit.

    Attributes
    ----------
    decimal : str or None
        The file's sign; None where its numbers show both equally often, so that neither can be read.
    grouping : str
        What a sign before three digits, in every cell that has one, means in this column: `ask`, or `read`
        where
        it is known to part thousands.
    years : bool
        Whether the column holds calendar years, which are no spans of time.
    """

    range: Range | None
    plausible: Range | None = None
    whole: str | None = None
    decimal: str | None = "."
    unit: str | None = None
    variable: Variable | None = None
    grouping: str = ""
    years: bool = False

    def __call__(self, cell: str, stored: bool) -> Outcome:
        number, fault, grouped = self.number_of(cell, stored)
        if fault or number is None:
            return Outcome(fault=fault)
        if self.years and is_year(number):
            return Outcome(value=number, fault="years_for_number")
        if self.variable is not None:
            number = convert(number, self.unit, self.variable)
        if self.range is not None and not self.range.contains(number):
            return Outcome(value=number, fault="out_of_range")
        is_whole = abs(number - round(number)) < 1e-6
        if self.whole == "not_whole" and not is_whole:
            return Outcome(value=number, fault="not_whole")
        if self.plausible is not None and not self.plausible.contains(number):
            return Outcome(value=number, doubt="implausible")
        doubt = None if is_whole else self.whole
        return Outcome(value=number, doubt=doubt or ("thousands_read" if grouped else None))

    def number_of(self, cell: str, stored: bool) -> tuple[float | None, str | None, bool]:
        """The number that a cell writes, what is wrong with it, and whether a sign for thousands was read."""
        if stored:
            number = parse_number(cell)
            return number, None if number is not None else "not_a_number", False
        if self.grouping and (large := thousands(cell)) is not None:
            return (large, None, True) if self.grouping == "read" else (None, "thousands", False)
        if (shown := shows_sign(cell)) and shown != self.decimal:
            return None, "decimal_sign", False
        number = parse_number(cell, self.decimal or ".")
        if number is not None:
            return number, None, False
        found = read_grouped(cell)
        if found is None:
            return None, what_instead(cell), False
        return (
            (None, "decimal_sign", False) if found[1] and found[1] != self.decimal else (found[0], None, True)
        )

    def allowed(self) -> str:
        """What is possible, in words."""
        return str(self.range) if self.range is not None else "any number"


@dataclass(frozen=True)
class WordTarget:
    """One of a closed list of words."""

    words: tuple[str, ...]
    fault: str = "unlisted_code"

    def __call__(self, cell: str, stored: bool) -> Outcome:
        word = match_word(cell.strip(), self.words)
        return Outcome(value=word) if word is not None else Outcome(fault=self.fault)

    def allowed(self) -> str:
        """The words."""
        return ", ".join(self.words)


def text_target(cell: str, stored: bool) -> Outcome:
    """Free text, trimmed: a code such as a therapist's; one that says nothing is to be confirmed."""
    word = cell.strip()
    return Outcome(value=word, doubt="looks_missing" if is_no_value(word) else None)


class Judge:
    """Judges the cells of one column.

    Parameters
    ----------
    column : Column
        For its labels and the missing codes that the file declares.
    target : callable
        Judges a cell that is no code.
    values : dict, optional
        Codes and their words; every other code is then unlisted.
    own_missing, source_missing : dict
        Missing codes with their kind; `values` stand between the two.
    use_declared : bool
        Whether the missing codes that the file declares count; not for identifiers, arms and visits.
    """

    def __init__(
        self,
        column: Column,
        target: Target,
        values: dict[str, str] | None = None,
        own_missing: dict[str, str] | None = None,
        source_missing: dict[str, str] | None = None,
        decimal: str | None = ".",
        numeric_values: bool = False,
        use_declared: bool = True,
    ) -> None:
        self.column = column
        self.use_declared = use_declared
        self.target = target
        self.decimal = decimal or "."
        self.numeric_values = numeric_values
        self.values = None if values is None else self.keyed(values)
        self.own_missing = self.keyed(own_missing or {})
        self.source_missing = self.keyed(source_missing or {})
        self.label_codes = {code_key(label): code_key(code) for code, label in column.labels.items()}
        self.known: dict[tuple[str, bool], Outcome] = {}

    def keyed(self, codes: dict[str, Any]) -> dict[Any, Any]:
        """Codes by what they are compared by."""
        by_file_sign = {code_key(code, self.decimal): word for code, word in codes.items()}
        return by_file_sign | {code_key(code): word for code, word in codes.items()}

    def __call__(self, cell: str) -> Outcome:
        key = (cell, isinstance(cell, NumberText))
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.judge(cell, key[1])
        return found

    def judge(self, cell: str, stored: bool) -> Outcome:
        """Judge one distinct cell."""
        if not cell.strip():
            if self.values and "" in self.values:
                return self.of_word(self.values[""])
            return Outcome(kind=self.own_missing.get("", NOT_GIVEN))
        keys = self.keys_of(cell, stored)
        # a missing code is a code: another value's label that reads like it is none
        if (kind := first_hit(self.own_missing, keys[:1])) is not None:
            return Outcome(kind=kind)
        if self.values is not None and (word := first_hit(self.values, keys)) is not None:
            return self.of_word(word)
        if (kind := first_hit(self.source_missing, keys[:1])) is not None:
            return Outcome(kind=kind)
        if self.use_declared and self.column.missing.covers(cell):
            return Outcome(kind=NOT_GIVEN, declared=True)
        if self.values is not None:
            return Outcome(fault="unlisted_code")
        outcome = self.target(cell, stored)
        if outcome.fault in ("unlisted_code", "arm_undeclared") and (label := self.column.label_of(cell)):
            outcome = self.target(label, False)
        return outcome

    def of_word(self, word: str) -> Outcome:
        """The outcome of a listed code; an empty word was already a fault of the mapping."""
        if word == "":
            return EMPTY
        return Outcome(value=parse_number(word)) if self.numeric_values else Outcome(value=word)

    def keys_of(self, cell: str, stored: bool) -> list[Any]:
        """The cell as a code, its declared label, and the code whose label it is."""
        key = code_key(cell, "." if stored else self.decimal)
        keys = [key]
        if self.column.labels:
            label = self.column.label_of(cell)
            # a label that is itself a code of the column would stand for another value
            keys += [code_key(label)] if label and not self.column.label_of(label) else []
            keys += [self.label_codes[key]] if key in self.label_codes and not label else []
        return keys


def first_hit(codes: dict[Any, Any], keys: Iterable[Any]) -> Any:
    """The word of the first key that is listed."""
    if codes:
        for key in keys:
            if key in codes:
                return codes[key]
    return None
