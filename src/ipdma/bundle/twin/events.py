"""Events that follow from scores: who responds and who remits is settled first, and the scores keep to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipdma.bundle.twin.columns import Attribute, Score
from ipdma.bundle.twin.intervals import Interval, Tie
from ipdma.bundle.twin.people import People

APART = 1e-6  # points between a score and the limit that it stays on its side of


@dataclass(frozen=True)
class Rule:
    """An event by arm, and the line that divides those who have it: outcome <= intercept + share * baseline.

    Attributes
    ----------
    measure : str
    outcome : Score
    turn : float
        1 where higher is worse, else -1: then the event lies above the line.
    intercept, share : float
        In points, and in points of outcome for each point of baseline.
    counts : dict of str to (int, int)
        By arm people and events.
    """

    measure: str
    outcome: Score
    turn: float
    intercept: float
    share: float
    counts: dict[str, tuple[int, int]]


def tie_events(
    arm: str,
    people: People,
    rules: Sequence[Rule],
    places: Mapping[Attribute, int],
    numbers: np.ndarray,
    intervals: Sequence[Interval],
) -> tuple[list[Interval], list[str]]:
    """Intervals in which every event has its count, and sentences for events that cannot have it.

    Who has an event is who comes nearest to it by the numbers so far.
    """
    found, lost = list(intervals), []
    for rule in rules:
        if arm not in rule.counts or rule.outcome not in places:
            continue
        n, events = rule.counts[arm]
        after, before = places[rule.outcome], places[rule.outcome.at_baseline()]
        both = people.has[rule.outcome] & (people.has[rule.outcome.at_baseline()] | (rule.share == 0))
        rows = np.flatnonzero(both)
        if len(rows) != n:
            told = f"{rule.measure} at {rule.outcome.timepoint}"
            lost.append(f"arm {arm}: {told} of {n} people, who are {len(rows)} here")
            continue
        excess = rule.turn * (numbers[rows, after] - rule.intercept - rule.share * numbers[rows, before])
        have = np.zeros(people.n, dtype=bool)
        have[rows[np.argsort(excess, kind="stable")[:events]]] = True
        found[after] = tied(found[after], rule, before, have, both & ~have)
        found[before] = with_room(found[before], found[after].ties)
    return found, lost


def with_room(baseline: Interval, ties: Sequence[Tie]) -> Interval:
    """The baseline's interval such that no limit from below passes one from above."""
    low, high = baseline.low.copy(), baseline.high.copy()
    for under in (tie for tie in ties if not tie.upper):
        for over in (tie for tie in ties if tie.upper):
            rows, slope = under.rows & over.rows, under.share - over.share
            if rows.any() and slope:
                at = (over.intercept - under.intercept) / slope
                if slope > 0:
                    high[rows] = np.minimum(high[rows], at - APART)
                else:
                    low[rows] = np.maximum(low[rows], at + APART)
    return replace(baseline, low=low, high=high)


def tied(interval: Interval, rule: Rule, before: int, have: np.ndarray, have_not: np.ndarray) -> Interval:
    """An interval that keeps those with an event on its side of the line, and the others on theirs."""
    below, above = (have, have_not) if rule.turn > 0 else (have_not, have)
    upper, lower = (0.0, APART) if rule.turn > 0 else (-APART, 0.0)  # who is on the line has the event
    ties = (
        Tie(True, before, rule.intercept + upper, rule.share, below),
        Tie(False, before, rule.intercept + lower, rule.share, above),
    )
    return replace(interval, ties=(*interval.ties, *ties))
