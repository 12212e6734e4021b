"""The registry as it is known before any data: who is in which arm, and how likely the data are to come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipdma.analysis.planned_questions import PlannedTrial
from ipdma.analysis.records import as_number
from ipdma.codebook import Codebook
from ipdma.errors import PlanError, join_faults, nearest
from ipdma.io import read_rows_csv
from ipdma.plan import Plan
from ipdma.runs.planned_sizes import Sizes, published_arms
from ipdma.runs.planned_spreads import Spreads, is_empty, read_spreads
from ipdma.runs.registry import REGISTRY_COLUMNS, registry_faults

ARM = re.compile(r"(\S+)\s+(\d+)")
BOUNDS = {  # what a trial may have of its own in place of the plan's number: above, below, in words
    "chance": (0.0, 1.0, "a number from 0 to 1"),
    "sd": (1e-12, float("inf"), "a number above 0"),
    "correlation": (-0.999999, 0.999999, "a number between -1 and 1"),
    "risk": (1e-9, 1 - 1e-9, "a number between 0 and 1"),
}


@dataclass
class Registry:
    """The trials of a registry, with what is wrong in it and what had to be assumed.

    Attributes
    ----------
    trials : list of PlannedTrial
    spreads : Spreads
    faults, notes : list of str
    """

    spreads: Spreads
    trials: list[PlannedTrial] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_planned_trials(path: Path, plan: Plan, codebook: Codebook) -> Registry:
    """Read a registry for planning.

    Parameters
    ----------
    path : Path
        `study`, `status`, and any of `arms` (`stpp 78; tau 40`), `randomised`, `chance` (that the data come),
        `sd` (of the outcome inside an arm), `correlation` (of baseline and outcome), `risk` (of an event in
        the reference arm), `spread_MODERATOR` (an SD, shares as `0.6/0.4`, or `none`).
    plan : Plan
    codebook : Codebook

    Raises
    ------
    PlanError
        Everything that is wrong at once.
    """
    faults = list(registry_faults(path, []))
    if faults:
        raise PlanError(join_faults(faults))
    text = [*REGISTRY_COLUMNS, "arms"]
    table = read_rows_csv(path, text=text, names=["study"])
    spreads, wrong = read_spreads(table, path, plan, codebook)
    found = Registry(spreads, faults=wrong)
    rows = table.to_dict("records")
    published: Sizes = {}
    if any(is_empty(row.get("arms")) for row in rows):
        published, silent = published_arms(path, plan)
        found.faults += silent
    for row in rows:
        read_trial({str(k): v for k, v in row.items()}, path, plan, codebook, published, found)
    if found.faults:
        raise PlanError(join_faults(found.faults))
    if not any(any(min(pair) > 0 for pair in trial.arms.values()) for trial in found.trials):
        raise PlanError(
            f"{path}: no trial has people in both sides of a contrast of the plan; give `arms` "
            "(condition and number, as `stpp 78; tau 40`) or `randomised`"
        )
    return found


def read_trial(
    row: Mapping[str, Any],
    path: Path,
    plan: Plan,
    codebook: Codebook,
    published: Sizes,
    found: Registry,
) -> None:
    """Add one trial, or what is wrong with it."""
    where = f"{path}: study '{row['study']}'"
    assumed = plan["power"]
    own = {name: number_of(row, name, where, found) for name in BOUNDS}
    chance = own["chance"] if own["chance"] is not None else assumed["chance"][str(row["status"])]
    found.trials.append(
        PlannedTrial(
            study=str(row["study"]),
            chance=float(chance),
            arms=arms_of(row, where, plan, codebook, published, found),
            sd=assumed["sd"] if own["sd"] is None else own["sd"],
            correlation=correlation_of(plan, own["correlation"]),
            risk=assumed["risk"] if own["risk"] is None else own["risk"],
            spreads=found.spreads.of(str(row["study"])),
        )
    )


def correlation_of(plan: Plan, own: float | None) -> float:
    """Correlation of baseline and outcome; 0 where the primary model does not adjust for baseline."""
    if "baseline" not in plan.primary("gaussian").covariates:
        return 0.0
    return float(plan["power"]["correlation"]) if own is None else own


def number_of(row: Mapping[str, Any], name: str, where: str, found: Registry) -> float | None:
    """A trial's own number, None where it has none."""
    value = row.get(name)
    if is_empty(value):
        return None
    low, high, words = BOUNDS[name]
    number = as_number(value)
    if number is None or not low <= number <= high:
        found.faults.append(f"{where}: {name}: expected {words}, got '{value}'")
        return None
    return number


def arms_of(
    row: Mapping[str, Any],
    where: str,
    plan: Plan,
    codebook: Codebook,
    published: Sizes,
    found: Registry,
) -> dict[str, tuple[float, float]]:
    """By contrast the people whose outcome will be analysed, in the active and the reference arms.

    As `arms` says; else as the aggregate results say; else half of those randomised on each side, which a
    note tells. Of these the plan's share `power.analysed` has an outcome.
    """
    study, share = str(row["study"]), float(plan["power"]["analysed"])
    if not is_empty(row.get("arms")):
        sizes = parse_arms(str(row["arms"]), where, codebook, found)
        return {
            name: (
                share * sum(sizes.get(c, 0) for c in contrast["active"]),
                share * sum(sizes.get(c, 0) for c in contrast["reference"]),
            )
            for name, contrast in plan["contrasts"].items()
        }
    told = {name: published[study, name] for name in plan["contrasts"] if (study, name) in published}
    if told:
        return {name: (share * a, share * r) for name, (a, r) in told.items()}
    randomised = as_number(row.get("randomised"))
    if randomised is None or randomised <= 0:
        found.notes.append(f"{study}: neither arms nor the number randomised are known; it is left out")
        return {}
    several = " in each contrast, which it may not belong to" if len(plan["contrasts"]) > 1 else ""
    found.notes.append(
        f"{study}: arms are not given; half of its {randomised:g} are taken as active{several}"
    )
    return dict.fromkeys(plan["contrasts"], (share * randomised / 2, share * randomised / 2))


def parse_arms(text: str, where: str, codebook: Codebook, found: Registry) -> dict[str, int]:
    """`stpp 78; tau 40` as condition to number; arms of one condition are added up."""
    sizes: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = ARM.fullmatch(part)
        if match is None:
            found.faults.append(
                f"{where}: arms: expected condition and number, as `stpp 78; tau 40`, got '{part}'"
            )
        elif match[1] not in codebook.conditions:
            hint = nearest(match[1], codebook.conditions) or f"; there are {', '.join(codebook.conditions)}"
            found.faults.append(f"{where}: arms: the codebook has no condition '{match[1]}'{hint}")
        else:
            sizes[match[1]] = sizes.get(match[1], 0) + int(match[2])
    return sizes
