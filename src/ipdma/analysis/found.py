"""What was found before: the rows that an analysis left in the records, by all that it was made from.

An analysis is a function of its rows, of what it reads of the plan and beside it (`reads.py`), and of the
code. Where all of these are as they were, its rows of the records are taken as they were written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.digest_table import digest_table
from ipdma.analysis.kept import Kept
from ipdma.analysis.reads import READS, UNREAD, Unit
from ipdma.analysis.records import Ledger
from ipdma.bundle import bundle_digest
from ipdma.provenance import digest_text

T = TypeVar("T")


class Found(Kept):
    """Ledgers by all that they were made from."""

    def __init__(self, made_with: Mapping[str, Any], *earlier: str) -> None:
        super().__init__(made_with, *earlier)
        self._digests: dict[int, tuple[object, str]] = {}

    def ledger(self, unit: Unit, cell: Cell, context: Context, make: Callable[[], Ledger]) -> Ledger:
        """The ledger of a unit, made where it was not found before."""
        held = self.get_whole(self.key(unit, cell, context), lambda: vars(make()))
        return Ledger(**{name: [dict(row) for row in rows] for name, rows in held.items()})

    def key(self, unit: Unit, cell: Cell, context: Context) -> str:
        """SHA-256 of all that a unit is made from but the code."""
        beside = {
            name: self.digest(getattr(context, name))
            for name in READS[unit.part].beside
            if name != "exclusions"
        }
        own = [*cell.key, cell.family, self.digest_cell(cell)]
        return digest_text(json.dumps([unit.part, unit.values, own, beside]))

    def digest(self, value: Any) -> str:
        """A digest of anything that a context holds; empty for nothing."""
        if isinstance(value, Mapping):
            return digest_text(json.dumps([[key, self.digest(value[key])] for key in value]))
        if isinstance(value, Cell):
            return self.digest_cell(value)
        if isinstance(value, pd.DataFrame):
            return self.once(value, digest_table)
        if isinstance(value, tuple):
            return digest_text("".join(self.once(bundle, bundle_digest) for bundle in value))
        if hasattr(value, "rows"):  # AnalysisRows
            return self.digest_tables(value)
        return ""  # nothing; or the codebook, which is in `made_with`

    def digest_cell(self, cell: Cell) -> str:
        """A digest of a cell's tables and guests."""
        guests = [self.once(guest.bundle, bundle_digest) + repr(guest.serves) for guest in cell.guests]
        return digest_text("".join([self.digest_tables(cell), *guests]))

    def digest_tables(self, value: Any) -> str:
        """A digest of rows, of who is not among them where that is read, and of constants."""
        tables = [value.rows, None if value.exclusions is UNREAD else value.exclusions, value.scales]
        return digest_text("".join(map(self.digest, tables)))

    def once(self, value: T, digest: Callable[[T], str]) -> str:
        """The digest of a table or a bundle, computed once."""
        if id(value) not in self._digests:
            self._digests[id(value)] = (value, digest(value))  # kept, so that its id stays its own
        return self._digests[id(value)][1]


class Shard(Found):
    """What one of several jobs makes of a contrast: the units whose turn it is, and of the others nothing.

    The units of each analysis go round by themselves, so that what takes long is spread.

    Parameters
    ----------
    made_with, *earlier
        See Kept.
    turn, of : int
        Which of how many jobs, from 1.
    """

    def __init__(self, made_with: Mapping[str, Any], *earlier: str, turn: int, of: int) -> None:
        super().__init__(made_with, *earlier)
        self.turn, self.of = turn, of
        self.dealt: Counter[str] = Counter()

    def ledger(self, unit: Unit, cell: Cell, context: Context, make: Callable[[], Ledger]) -> Ledger:
        """The ledger of a unit whose turn it is; of another an empty one."""
        at = self.dealt[unit.part]
        self.dealt[unit.part] += 1
        first = list(self.dealt).index(unit.part)  # each analysis begins with another job
        if (first + at) % self.of != self.turn - 1:
            return Ledger()
        return super().ledger(unit, cell, context, make)
