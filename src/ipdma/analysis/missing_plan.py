"""The plan's `missing`, as a record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ipdma.analysis.settings import Moderator, Settings

MODEL = "imputed"
NON_RESPONDER = "non_responder"


@dataclass(frozen=True)
class MissingPlan:
    """What the plan asks for where data are missing.

    Attributes
    ----------
    method : str
        `multiple_imputation`, else nothing is imputed.
    m, iterations, seed : int
        Completed data sets at least, sweeps of each chain, and the plan's seed.
    outcomes, models : tuple of str
        Outcomes that are meant, all where it is empty; models refitted on completed data.
    auxiliary : tuple of str
        Columns that help to impute, beside those analysed.
    systematic : str
        `two_level`: also impute moderators in the trials that never measured them.
    delta_grid : tuple of float
        Shifts of imputed outcomes, in units of the outcome as it is analysed: standard deviations where it is
        standardised, else points.
    delta_arms : str
        `active`, `reference`, `both` (the same shift) or `grid` (every pair).
    reference_based : tuple of str
        `jump_to_reference`, `copy_increments`.
    binary : str
        `non_responder`: also count a missing response or remission as none.
    logged, levelled : tuple of str
        Columns of which some moderator takes the logarithm, and those whose values are its levels as they
        are: what is drawn for them stays among values that have a logarithm, or are a level.
    """

    method: str
    m: int
    iterations: int
    outcomes: tuple[str, ...]
    models: tuple[str, ...]
    auxiliary: tuple[str, ...]
    systematic: str
    delta_grid: tuple[float, ...]
    delta_arms: str
    reference_based: tuple[str, ...]
    binary: str
    logged: tuple[str, ...]
    levelled: tuple[str, ...]
    seed: int

    def imputes(self, outcome: str) -> bool:
        """Whether an outcome is analysed on imputed data."""
        return self.method == "multiple_imputation" and self.wants(outcome)

    def wants(self, outcome: str) -> bool:
        """Whether the plan means an outcome; without `outcomes` it means all."""
        return not self.outcomes or outcome in self.outcomes


def read_missing(settings: Settings) -> MissingPlan:
    """Read `missing` from the plan."""
    keys = settings.plan["missing"]
    return MissingPlan(
        keys["method"],
        keys["m"],
        keys["iterations"],
        tuple(keys["outcomes"]),
        tuple(keys["models"] or (settings.primary_model,)),
        tuple(keys["auxiliary"]),
        keys["systematic"],
        tuple(float(v) for v in keys["delta"]["grid"]),
        keys["delta"]["arms"],
        tuple(keys["reference_based"]),
        keys["binary"],
        columns_of(m for m in settings.moderators if m.transform == "log"),
        columns_of(m for m in settings.moderators if m.type == "categorical" and not m.cuts),
        settings.plan["seed"],
    )


def columns_of(moderators: Iterable[Moderator]) -> tuple[str, ...]:
    """The columns of some moderators."""
    return tuple(sorted({moderator.column for moderator in moderators}))
