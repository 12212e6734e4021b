"""Which columns of the file the mapping names: missing ones, doubled ones, ranges `a..b`, unused ones."""

from __future__ import annotations

from collections.abc import Iterable

from ipdma.codebook import Codebook
from ipdma.errors import nearest
from ipdma.site.findings import Findings
from ipdma.site.item_order import is_ordered, order_matters, same_form
from ipdma.site.letters import tidy
from ipdma.site.read_assessments import measured
from ipdma.site.study_file import AssessmentMap
from ipdma.site.table import Column, Table

MOST_HINTS = 100


class Columns:
    """Finds columns by name, remembers which are used, reports the rest."""

    def __init__(self, table: Table, findings: Findings) -> None:
        self.table = table
        self.findings = findings
        self.places: dict[str, list[int]] = {}
        for position, name in enumerate(table.names):
            self.places.setdefault(name, []).append(position)
        self.used: dict[str, str | None] = {}
        self.hints = 0
        self.reported: set[tuple[str, str | None]] = set()

    def find(self, name: str, variable: str | None) -> Column | None:
        """The column of this name; a finding and None where there is none or more than one."""
        name = tidy(name)
        places = self.places.get(name, [])
        if len(places) == 1:
            self.used.setdefault(name, variable)
            return self.table.columns[places[0]]
        if (name, variable) not in self.reported:
            self.reported.add((name, variable))
            problem = "column_twice" if places else "unknown_column"
            said = {
                "word": name,
                "hint": self.alike(name),
                "file": self.table.file,
                "times": len(places),
            }
            self.findings.add(
                problem, "study.yaml" if not places else self.table.file, variable, name, said=said
            )
        if places:
            self.used.setdefault(name, variable)
        return None

    def alike(self, name: str) -> str:
        """The column that is probably meant: one that differs by case alone, else the nearest."""
        self.hints += 1
        if self.hints > MOST_HINTS:
            return ""
        same = [other for other in self.table.names if other.casefold() == name.casefold()]
        return f"; did you mean '{same[0]}'?" if same else nearest(name, self.table.names)

    def find_all(self, names: Iterable[str], variable: str | None) -> list[Column] | None:
        """All columns, or None where one cannot be found; every missing one is reported."""
        found = [self.find(name, variable) for name in names]
        return None if None in found else [column for column in found if column is not None]

    def expand(self, parts: Iterable[str], variable: str) -> list[str] | None:
        """Column names with every `a..b` unfolded as the columns stand in the file."""
        names: list[str] = []
        complete = True
        for part in self.singly(parts):
            first, dots, last = map(tidy, part.partition(".."))
            if not dots or part in self.places:
                names.append(part)
                continue
            ends = self.find_all((first, last), variable)
            if ends is None:
                complete = False
                continue
            low, high = self.places[ends[0].name][0], self.places[ends[1].name][0]
            if high < low:
                said = {"where": part, "what": f"{last} stands before {first} in the file"}
                self.findings.add("bad_entry", "study.yaml", variable, part, said=said)
                complete = False
            names += [column.name for column in self.table.columns[low : high + 1]]
        return names if complete else None

    def singly(self, parts: Iterable[str]) -> list[str]:
        """`a..b, c` as a..b and c, where no column bears the whole text as its name."""
        found: list[str] = []
        for part in parts:
            one = part in self.places or "," not in part
            found += [part] if one else [word.strip() for word in part.split(",") if word.strip()]
        return found

    def items_of(self, entry: AssessmentMap, codebook: Codebook) -> list[Column] | None:
        """The item columns of an assessment, as many as the instrument has."""
        names = self.expand(entry.items, entry.instrument)
        columns = self.find_all(names, entry.instrument) if names is not None else None
        if columns is None:
            return None
        scoring = measured(entry, codebook).scoring(entry.scoring)
        wanted = scoring.items
        mixed = self.out_of_order(entry)
        if len(columns) == wanted and mixed and order_matters(scoring):
            said = {"where": entry.place, "range": mixed[0], "list": ", ".join(mixed[1])}
            self.findings.add(
                "items_out_of_order", "study.yaml", entry.instrument, ", ".join(entry.items), said=said
            )
            return None
        if len(columns) != wanted:
            order = " (in the file these columns do not stand in number order)"
            said = {
                "where": entry.place,
                "found": str(len(columns)),
                "wanted": str(wanted),
                "instrument": entry.instrument,
                "hint": order if mixed else "",
            }
            self.findings.add("item_count", "study.yaml", entry.instrument, ", ".join(entry.items), said=said)
            return None
        return columns

    def out_of_order(self, entry: AssessmentMap) -> tuple[str, list[str]] | None:
        """The first range of items that does not stand in number order, with its names in that order."""
        for part in self.singly(entry.items):
            first, dots, last = (" ".join(word.split()) for word in part.partition(".."))
            if not dots or part in self.places or first not in self.places or last not in self.places:
                continue
            names = self.table.names[self.places[first][0] : self.places[last][0] + 1]
            if not is_ordered(names):
                return part, same_form(first, self.table.names)
        return None

    def unused(self, mentions: Iterable[str]) -> list[Column]:
        """Columns that no part of the mapping names, understood or not."""
        named = set(self.used) | self.mentioned(mentions)
        return [column for column in self.table.columns if column.name not in named]

    def wanted(self, mentions: Iterable[str]) -> set[str]:
        """The names that these mentions write out, of a range `a..b` both ends."""
        names: set[str] = set()
        for part in self.singly(mentions):
            ends = [part] if part in self.places else part.split("..")
            names |= {" ".join(word.split()) for word in ends if word.strip()}
        return names

    def mentioned(self, mentions: Iterable[str]) -> set[str]:
        """The names that these mentions stand for, with every `a..b` unfolded."""
        named: set[str] = set()
        for part in self.singly(mentions):
            first, dots, last = map(tidy, part.partition(".."))
            if dots and part not in self.places and first in self.places and last in self.places:
                named |= set(self.table.names[self.places[first][0] : self.places[last][0] + 1])
            else:
                named.add(tidy(part))
        return named
