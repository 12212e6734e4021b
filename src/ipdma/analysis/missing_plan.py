"""The plan's `missing`, with its defaults."""

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
    keys = settings.plan.get("missing") or {}
    delta = keys.get("delta") or {}
    return MissingPlan(
        str(keys.get("method") or "none"),
        int(keys.get("m") or 20),
        int(keys.get("iterations") or 10),
        tuple(keys.get("outcomes") or ()),
        tuple(keys.get("models") or (settings.primary_model,)),
        tuple(keys.get("auxiliary") or ()),
        str(keys.get("systematic") or "none"),
        tuple(float(v) for v in delta.get("grid") or ()),
        str(delta.get("arms") or "active"),
        tuple(keys.get("reference_based") or ()),
        str(keys.get("binary") or "observed"),
        int(settings.plan.get("seed") or 0),
    )
