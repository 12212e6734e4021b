"""The plan's `missing`, as a record."""

from __future__ import annotations

from dataclasses import dataclass

from ipdma.analysis.settings import Settings

MODEL = "imputed"
NON_RESPONDER = "non_responder"


@dataclass(frozen=True)
class MissingPlan:
    """What the plan asks for where data are missing.

    Attributes
    ----------
    m, iterations, seed : int
    delta_grid : tuple of float
        Shifts of imputed outcomes in standard deviations; `delta_arms` says in which arms.
    reference_based : tuple of str
        `jump_to_reference`, `copy_increments`.
    binary : str
        `non_responder`: also count a missing response or remission as none.
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
        settings.plan["seed"],
    )
