"""How much a moderator varies inside the trials of a registry, before their data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ipdma.analysis.planned_questions import Spread
from ipdma.analysis.records import as_number
from ipdma.codebook import Codebook
from ipdma.errors import nearest
from ipdma.plan import Plan

SPREAD = "spread_"
NOT_MEASURED = "none"


@dataclass(frozen=True)
class Spreads:
    """How much each moderator varies inside each trial: an SD in its own units, or the shares of its levels.

    Attributes
    ----------
    typical : mapping of str to Spread
        By moderator what the plan says; else, of a continuous one, the root mean square of the trials' SDs,
        None where no trial has one; of a categorical one, equal shares of its levels.
    own : mapping of (study, moderator) to Spread
        What the registry says of a trial; None where it did not measure the moderator.
    """

    typical: Mapping[str, Spread]
    own: Mapping[tuple[str, str], Spread]

    def of(self, study: str) -> dict[str, Spread]:
        """By moderator the spread in one trial; an SD that nobody knows is the unit itself."""
        return {
            name: self.own.get((study, name), 1.0 if typical is None else typical)
            for name, typical in self.typical.items()
        }


def read_spreads(
    table: pd.DataFrame, path: Path, plan: Plan, codebook: Codebook
) -> tuple[Spreads, list[str]]:
    """Read the columns `spread_MODERATOR`; returns what they say, and what is wrong with them."""
    known = [f"{SPREAD}{name}" for name in plan["moderators"]]
    faults = [
        f"{path}: column '{name}': no moderator of the plan is called "
        f"'{name.removeprefix(SPREAD)}'{nearest(name, known)}"
        for name in map(str, table.columns)
        if name.startswith(SPREAD) and name not in known
    ]
    own: dict[tuple[str, str], Spread] = {}
    typical: dict[str, Spread] = {}
    for name, moderator in plan["moderators"].items():
        count = len(levels_of(moderator, codebook))
        categorical = moderator["type"] == "categorical"
        column = f"{SPREAD}{name}"
        for study, cell in zip(table["study"], table[column], strict=True) if column in table else ():
            if not is_empty(cell):
                own[study, name] = parse_spread(str(cell), categorical, count)
                if own[study, name] is None and not is_not_measured(str(cell)):
                    form = f"{count} shares, as 0.6/0.4," if categorical else "an SD above 0"
                    faults.append(f"{path}: study '{study}': {column}: expected {form} or none, got '{cell}'")
        typical[name] = typical_spread(plan["power"]["spread"].get(name), categorical, count, name, own)
    return Spreads(typical, own), faults


def typical_spread(
    given: Any, categorical: bool, count: int, name: str, own: Mapping[tuple[str, str], Spread]
) -> Spread:
    """What stands for a trial that says nothing of its own."""
    if isinstance(given, list):
        return tuple(map(float, given))
    if given is not None:
        return float(given)
    if categorical:
        return (1 / count,) * count
    return root_mean_square([s for (_, m), s in own.items() if m == name and isinstance(s, float)])


def root_mean_square(values: Sequence[float]) -> float | None:
    """The typical SD of several trials; None of none."""
    return math.sqrt(sum(v * v for v in values) / len(values)) if values else None


def is_empty(value: object) -> bool:
    """Whether a cell says nothing."""
    return value is None or value != value or not str(value).strip()


def is_not_measured(cell: str) -> bool:
    """Whether a cell says that the trial does not have the moderator."""
    return cell.strip().lower() == NOT_MEASURED


def parse_spread(text: str, categorical: bool, count: int) -> Spread:
    """An SD above 0, or shares of `count` levels that add up to 1 (to 0.01); None where it is neither."""
    numbers = [as_number(part) for part in text.split("/")]
    values = tuple(n for n in numbers if n is not None and n >= 0)
    if len(values) != len(numbers):
        return None
    if categorical:
        return values if len(values) == count and abs(sum(values) - 1) <= 0.01 else None
    return values[0] if len(values) == 1 and values[0] > 0 else None


def levels_of(moderator: Mapping[str, Any], codebook: Codebook) -> list[str]:
    """Levels of a categorical moderator, the reference first; two where nothing names them."""
    if moderator["cuts"]:
        return list(moderator["labels"] or [f"level {n + 1}" for n in range(len(moderator["cuts"]) + 1)])
    if moderator["levels"]:
        return list(moderator["levels"])
    variable = codebook.variables.get(moderator["column"])
    return sorted(variable.levels) if variable and variable.levels else ["no", "yes"]
