"""What a standardised effect means: points on HAM-D17, and the number needed to treat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.stats import norm

from ipdma.analysis.cell import Cell
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.records import Fit
from ipdma.plan import is_good_event

NO_DIFFERENCE = 1e-12  # rates nearer than this are the same, up to rounding

STATED = "stated in the plan"  # where a control risk is from: then no event of the trials is in it


@dataclass(frozen=True)
class NeededToTreat:
    """A number needed to treat with its interval: positive is benefit (NNTB), negative harm (NNTH)."""

    nnt: float
    low: float
    high: float

    @property
    def through_infinity(self) -> bool:
        """Whether the interval holds `no difference`, so that it runs through infinity (Altman 1998)."""
        return (self.low > 0) != (self.high > 0) or math.isinf(self.low) or math.isinf(self.high)

    def text(self) -> str:
        """As printed: `NNTB 4.1 (2.8 to 7.9)` or `NNTB 10.4 (NNTB 4.2 to infinity to NNTH 20.1)`."""
        head = named(self.nnt)
        if self.through_infinity:
            return f"{head} ({named(self.high)} to infinity to {named(self.low)})"
        near, far = sorted((abs(self.low), abs(self.high)))
        return f"{head} ({near:.1f} to {far:.1f})"


def named(nnt: float) -> str:
    """`NNTB 4.1`, `NNTH 20.1` or `infinity`."""
    if math.isinf(nnt):
        return "infinity"
    return f"{'NNTB' if nnt > 0 else 'NNTH'} {abs(nnt):.1f}"


def inverse(difference: float) -> float:
    """One over a difference of rates, infinite where there is none."""
    return math.inf if abs(difference) < NO_DIFFERENCE else 1.0 / difference


def rate_difference(benefit: float, rate: float) -> float:
    """Rate under the active arm minus `rate` when its outcome is better by `benefit` SDs.

    Furukawa and Leucht (2011): Phi(Phi^-1(rate) + d) - rate, `rate` that of a favourable event in the
    reference arm.
    """
    return float(norm.cdf(norm.ppf(rate) + benefit) - rate)


def nnt_from_smd(benefit: float, low: float, high: float, rate: float) -> NeededToTreat:
    """Number needed to treat for a standardised benefit (positive = better under active) with limits `low`
    <= `high`.

    Raises
    ------
    ValueError
        When `rate` is not between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"an event rate lies between 0 and 1, got {rate}")
    return NeededToTreat(*(inverse(rate_difference(b, rate)) for b in (benefit, low, high)))


def rate_from_odds_ratio(log_odds_ratio: float, rate: float) -> float:
    """The event rate under the active arm: `rate` moved by a log odds ratio."""
    return float(1 / (1 + math.exp(-(math.log(rate / (1 - rate)) + log_odds_ratio))))


def nnt_from_odds_ratio(
    log_odds_ratio: float, low: float, high: float, rate: float, favourable: bool = True
) -> NeededToTreat:
    """Number needed to treat for an odds ratio at a reference rate.

    `favourable` says whether the event is good.
    """
    sign = 1.0 if favourable else -1.0
    limits = (low, high) if favourable else (high, low)
    return NeededToTreat(
        *(inverse(sign * (rate_from_odds_ratio(v, rate) - rate)) for v in (log_odds_ratio, *limits))
    )


def write_absolute(ledger: Ledger, cell: Cell, settings: Settings, fits: Mapping[str, Fit]) -> None:
    """Write the absolute effects of the headline in each stage."""
    for stage, fit in fits.items():
        ident = cell.ident(settings.primary_model, stage)
        effect = fit.estimate("treatment")
        triple = (effect.estimate, effect.ci_low, effect.ci_high)
        if not all(math.isfinite(v) for v in triple):
            continue
        if cell.family == "binomial":
            write_binary(ledger, ident, cell, settings, triple)
        elif settings.plan.outcome(cell.outcome)["standardise"] != "none":
            write_standardised(ledger, ident, cell, settings, triple)


def write_standardised(
    ledger: Ledger, ident: Ident, cell: Cell, settings: Settings, effect: Sequence[float]
) -> None:
    """NNT over the plan's event rates, and points on HAM-D17; a negative effect is a benefit."""
    benefit, low, high = -effect[0], -effect[2], -effect[1]
    keys = settings.plan["absolute"]
    for rate in keys["event_rates"]:
        write_nnt(ledger, ident, nnt_from_smd(benefit, low, high, float(rate)), f"{float(rate):g}")
    instrument = keys["instrument"]
    sd, source, n = reference_sd(cell.scales, instrument, keys["sd"])
    if sd is None:
        ledger.count(ident, "not_run", variable="hamd_effect", level=source)
        return
    ledger.count(ident, "hamd_sd", variable=instrument, level=source, n=n, value=sd)
    for what, value in zip(("hamd_effect", "hamd_low", "hamd_high"), effect, strict=True):
        ledger.count(ident, what, variable=instrument, level=source, n=n, value=value * sd)


def reference_sd(
    scales: pd.DataFrame | None, instrument: str, given: float | None
) -> tuple[float | None, str, int | None]:
    """The SD that turns standardised effects into points: the plan's, else the run's; its source, its n."""
    if given is not None:
        return float(given), "the plan", None
    if scales is not None and len(scales):
        found = scales[(scales["instrument"] == instrument) & scales["constant"].notna()]
        found = found[found["scoring"].fillna("").astype(str) == ""] if "scoring" in found else found
        if len(found):
            weights = found["n"].astype(float)
            square = float((weights * found["constant"].astype(float) ** 2).sum() / weights.sum())
            return math.sqrt(square), str(found["what"].iloc[0]), int(weights.sum())
    return None, f"no standardising constant of {instrument} in this run; give absolute.sd in the plan", None


def write_nnt(ledger: Ledger, ident: Ident, needed: NeededToTreat, rate: str, **columns: Any) -> None:
    """Write a number needed to treat at one event rate, with its interval and its words."""
    ledger.count(ident, "nnt", variable=rate, level=needed.text(), value=needed.nnt, **columns)
    ledger.count(ident, "nnt_low", variable=rate, value=needed.low)
    ledger.count(ident, "nnt_high", variable=rate, value=needed.high)


def write_binary(
    ledger: Ledger, ident: Ident, cell: Cell, settings: Settings, effect: Sequence[float]
) -> None:
    """Odds ratio, and at the observed rate of the reference arms risk ratio, risk difference and NNT."""
    for what, value in zip(("odds_ratio", "odds_ratio_low", "odds_ratio_high"), effect, strict=True):
        ledger.count(ident, what, variable="treatment", value=math.exp(min(value, 700.0)))
    reference = cell.analysed.loc[cell.analysed["treat"] == 0, "outcome"].astype(float)
    rate = float(reference.mean())
    ledger.count(ident, "event_rate", n=int(reference.sum()), of=len(reference), value=rate)
    if not 0 < rate < 1:
        return
    for suffix, value in zip(("", "_low", "_high"), effect, strict=True):
        active = rate_from_odds_ratio(max(min(value, 700.0), -700.0), rate)
        ledger.count(ident, f"risk_ratio{suffix}", value=active / rate)
        ledger.count(ident, f"risk_difference{suffix}", value=active - rate)
    write_risks(ledger, ident, cell.outcome, settings, effect, rate)
    limits = [max(min(v, 700.0), -700.0) for v in effect]
    needed = nnt_from_odds_ratio(
        limits[0],
        limits[1],
        limits[2],
        rate,
        is_good_event(settings.plan["outcomes"][cell.outcome]["measure"]),
    )
    write_nnt(ledger, ident, needed, f"{rate:.6g}")


def write_risks(
    ledger: Ledger, ident: Ident, outcome: str, settings: Settings, effect: Sequence[float], observed: float
) -> None:
    """The risk under the active arms and its difference, at the risk that the plan states or the observed
    one of the reference arms."""
    stated = settings.plan["absolute"]["control_risk"].get(outcome)
    rate = observed if stated is None else float(stated)
    source = "the trials' reference arms" if stated is None else STATED
    ledger.count(ident, "control_risk", level=source, value=rate)
    for suffix, value in zip(("", "_low", "_high"), effect, strict=True):
        active = rate_from_odds_ratio(max(min(value, 700.0), -700.0), rate)
        ledger.count(ident, f"active_risk{suffix}", level=source, value=active)
        ledger.count(ident, f"absolute_effect{suffix}", level=source, value=active - rate)
