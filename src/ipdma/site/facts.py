"""What a study's files say once they are read: participants, scores, and the account of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Cell:
    """A participant's value of one variable, with the place it came from."""

    value: str | float | None
    kind: str | None = None
    row: int = 0
    text: str = ""
    doubtful: bool = False


@dataclass
class Person:
    """A participant; `rows` are all spreadsheet rows that carry it."""

    id: str
    rows: list[int]
    arm: str | None = None
    cells: dict[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """One observed score."""

    person: int
    instrument: str
    rating: str
    timepoint: str
    weeks: float | None
    value: float
    scoring: str
    row: int
    column: str | None
    text: str = ""


@dataclass
class Facts:
    """Everything that the checks and the harmonised upload need.

    Attributes
    ----------
    persons_file, scores_file : str
        The files that rows of participants and of scores count in.
    columns : dict
        Source column of each variable, for findings.
    not_collected : list of str
        Variables that the study did not collect, in codebook order.
    planned : list of (instrument, timepoint, weeks, column)
        Assessments that the mapping or the tables name.
    excluded : dict of str to int
        Rows left out, by reason.
    blank : dict
        (person, instrument, timepoint, weeks) to the row where a score could have stood.
    faulty : set
        Those of them that hold a fault rather than nothing.
    unread : set of str
        Instruments of which an assessment names columns that the file does not have.
    faulty_values : Counter
        Faulty cells of each variable.
    orphans : int
        Rows of participants.csv with an empty or repeated identifier: so many participants of the other
        tables may
        seem unknown because of them.
    complete : bool
        Whether all tables of a harmonised upload had the columns to be read.
    unresolved : int
        Participants at most that stand behind faulty identifiers and arms.
    """

    persons_file: str
    scores_file: str
    persons: list[Person] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    columns: dict[str, str | None] = field(default_factory=dict)
    not_collected: list[str] = field(default_factory=list)
    planned: list[tuple[str, str, float | None, str | None]] = field(default_factory=list)
    read: int = 0
    kept: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    blank: dict[tuple[int, str, str | None, float | None], int] = field(default_factory=dict)
    faulty: set[tuple[int, str, str | None, float | None]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    faulty_values: Counter[str] = field(default_factory=Counter)
    unresolved: int = 0
    orphans: int = 0
    complete: bool = True
    pseudonymised: bool = False
    account: dict[str, Any] | None = None
