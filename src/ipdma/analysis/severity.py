"""The benefit at mild, moderate and severe depression, in points of the instrument that the plan names."""

from __future__ import annotations

import math
from dataclasses import replace

from ipdma.analysis.absolute import reference_sd
from ipdma.analysis.cell import Cell
from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.moderator_values import to_model_unit
from ipdma.analysis.ranges import is_inside
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.records import Fit

OUTSIDE = 0.02  # share of the participants that lies beyond a severity, on either side, for it to be told


def severity_values(
    cell: Cell, settings: Settings, moderator: Moderator, data: ModeratorFrame
) -> dict[str, float]:
    """Each of the plan's severities that the participants reach, as a standardised baseline score.

    Empty unless the moderator is the baseline itself and scores were divided by one constant of each
    instrument: only then does a number of points mean the same standardised score in every trial.
    """
    plain = (
        moderator.column == "baseline" and moderator.type == "continuous" and moderator.transform == "none"
    )
    own = settings.plan.outcome(cell.outcome)
    if not plain or cell.family != "gaussian" or own["standardise"] != "instrument_baseline_sd":
        return {}
    keys = settings.plan["absolute"]
    sd, _, _ = reference_sd(cell.scales, keys["instrument"], keys["sd"])
    if sd is None or data.complete.empty:
        return {}
    scores = data.spread[data.name].to_numpy(float) * moderator.per
    fewest = max(settings.plan["minimum_cell"], math.ceil(OUTSIDE * len(scores)))
    values = {name: float(points) / sd for name, points in keys["severity"].items()}
    return {name: value for name, value in values.items() if is_inside(scores, value, fewest)}


def with_severities(moderator: Moderator, values: dict[str, float]) -> Moderator:
    """The moderator whose effects are shown at these values too."""
    return replace(moderator, at=(*moderator.at, *values.values())) if values else moderator


def write_severities(
    ledger: Ledger,
    ident: Ident,
    fit: Fit,
    cell: Cell,
    settings: Settings,
    moderator: Moderator,
    values: dict[str, float],
) -> None:
    """Write the effect at each severity in points, from the contrast of the fit at that value.

    Parameters
    ----------
    ident : Ident
        The moderator's fit; the counts stand under its variant `at`.
    values : mapping of str to float
        As `severity_values` gives them.
    """
    if not values:
        return
    keys = settings.plan["absolute"]
    sd, _, _ = reference_sd(cell.scales, keys["instrument"], keys["sd"])
    at = ident.but(variant="at")
    found = {str(c.term): c for c in fit.contrasts}
    for name, value in values.items():
        effect = found.get(f"at:{to_model_unit(value, moderator)!r}")
        if sd is None or effect is None:
            continue
        ledger.count(at, "severity", variable=name, level=keys["instrument"], value=keys["severity"][name])
        for end, number in (("", effect.estimate), ("_low", effect.ci_low), ("_high", effect.ci_high)):
            ledger.count(at, f"severity_effect{end}", variable=name, value=number * sd)
