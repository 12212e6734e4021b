"""Values of one participant that cannot, or hardly can, be true together. The rules are data."""

from __future__ import annotations

from collections.abc import Callable

from ipdma.site.facts import Facts, Person
from ipdma.site.findings import Findings

CHRONIC_MONTHS = 24.0
ROUNDING_MONTHS = 1.0


def number(person: Person, name: str) -> float | None:
    """A participant's number, or None where there is none or it is doubtful itself."""
    cell = person.cells.get(name)
    sound = cell is not None and isinstance(cell.value, float) and not cell.doubtful
    return cell.value if cell is not None and sound else None  # type: ignore[return-value]


def onset_after_age(person: Person) -> bool:
    """First episode at an age that the participant has not reached."""
    onset, age = number(person, "age_at_onset"), number(person, "age")
    return onset is not None and age is not None and onset >= age + 1


def episode_longer_than_life(person: Person) -> bool:
    """An episode that began before birth."""
    months, age = number(person, "episode_duration_months"), number(person, "age")
    return months is not None and age is not None and months / 12 > age + 1


def chronic_and_short(person: Person) -> bool:
    """`chronic` against an episode of two years or more, with a month's rounding."""
    months, cell = number(person, "episode_duration_months"), person.cells.get("chronic")
    if months is None or cell is None:
        return False
    short = cell.value == "yes" and months < CHRONIC_MONTHS - ROUNDING_MONTHS
    return short or (cell.value == "no" and months > CHRONIC_MONTHS + ROUNDING_MONTHS)


RULES: tuple[tuple[str, str, str, Callable[[Person], bool]], ...] = (
    ("impossible_combination", "age_at_onset", "age", onset_after_age),
    ("impossible_combination", "episode_duration_months", "age", episode_longer_than_life),
    ("unlikely_combination", "chronic", "episode_duration_months", chronic_and_short),
)


def check_combinations(facts: Facts, findings: Findings) -> None:
    """One finding per rule that somebody breaks."""
    for name, variable, other, broken in RULES:
        places = [
            (person.cells[variable].row or person.rows[0], person.cells[variable].text)
            for person in facts.persons
            if broken(person)
        ]
        if places:
            said = {"other": other}
            column = facts.columns.get(variable)
            findings.add(name, facts.persons_file, variable, column, places, of=len(facts.persons), said=said)
