"""What a standardised effect means: points on the plan's instrument, and the number needed to treat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.special import ndtr, ndtri

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.fitting import specify
from ipdma.analysis.record_words import STATED
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.records import Fit
from ipdma.model.standardised import Baselines, Standardised, baselines_of
from ipdma.plan import is_good_event

NO_DIFFERENCE = 1e-12  # rates nearer than this are the same, up to rounding

OF_TRIALS = "the trials' baselines"
STANDARDISED = "standardised"  # in the place of an event rate, where everyone has their own
NO_BASELINES = "no one-stage model to take the trials' baselines from"


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
    return float(ndtr(ndtri(rate) + benefit) - rate)


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


def nnt_from_difference(found: Standardised, favourable: bool) -> NeededToTreat:
    """Number needed to treat of a difference of risks; `favourable` says whether the event is good."""
    ends = (found.estimate, found.low, found.high)
    if not favourable:
        ends = (-found.estimate, -found.high, -found.low)
    return NeededToTreat(*(inverse(value) for value in ends))


def write_absolute(ledger: Ledger, cell: Cell, settings: Settings, fits: Mapping[str, Fit]) -> None:
    """Write the absolute effects of the headline in each stage."""
    binary = cell.family == "binomial"
    baselines = find_baselines(cell, settings, fits.get("one")) if binary else None
    measure = settings.plan.primary(cell.family).pool.measure
    for stage, fit in fits.items():
        if binary and stage == "two" and measure != "or":
            continue  # no log odds ratio to start from
        ident = cell.ident(settings.primary_model, stage)
        effect = fit.estimate("treatment")
        triple = (effect.estimate, effect.ci_low, effect.ci_high)
        if not all(math.isfinite(v) for v in triple):
            continue
        if binary:
            write_binary(ledger, ident, cell, settings, triple, baselines)
        elif settings.plan.outcome(cell.outcome)["standardise"] != "none":
            write_standardised(ledger, ident, cell, settings, triple)


def find_baselines(cell: Cell, settings: Settings, fit: Fit | None) -> Baselines | None:
    """The trials' baselines in the one-stage headline; None where it could not be fitted."""
    if fit is None:
        return None
    spec = specify(settings.primary(cell.family), "one")
    frame, covariates = design_frame(cell.with_columns(spec.covariates), spec.covariates)
    return baselines_of(frame, spec.replace(covariates=covariates), fit)


def write_standardised(
    ledger: Ledger, ident: Ident, cell: Cell, settings: Settings, effect: Sequence[float]
) -> None:
    """NNT over the plan's event rates, and points on its instrument; a negative effect is a benefit."""
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
    """The SD that turns standardised effects into points: the plan's, else the run's; its source, its n.

    The run's is the root of the mean of the squared constants of the instrument, weighted by their n. Where
    there is no SD, the source says why.
    """
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


def write_nnt(ledger: Ledger, ident: Ident, needed: NeededToTreat, rate: str, **columns: object) -> None:
    """Write a number needed to treat at one event rate, with its interval and its words."""
    ledger.count(ident, "nnt", variable=rate, level=needed.text(), value=needed.nnt, **columns)
    ledger.count(ident, "nnt_low", variable=rate, value=needed.low)
    ledger.count(ident, "nnt_high", variable=rate, value=needed.high)


def write_binary(
    ledger: Ledger,
    ident: Ident,
    cell: Cell,
    settings: Settings,
    effect: Sequence[float],
    baselines: Baselines | None,
) -> None:
    """Odds ratio, and standardised over the trials' baselines risk ratio, risk difference and NNT."""
    for what, value in zip(("odds_ratio", "odds_ratio_low", "odds_ratio_high"), effect, strict=True):
        ledger.count(ident, what, variable="treatment", value=math.exp(min(value, 700.0)))
    reference = cell.analysed.loc[cell.analysed["treat"] == 0, "outcome"].astype(float)
    events = int(reference.sum())
    ledger.count(ident, "event_rate", n=events, of=len(reference), value=float(reference.mean()))
    if baselines is None:
        ledger.count(ident, "not_run", variable="risk_difference", level=NO_BASELINES)
        return
    difference = baselines.difference(effect)
    write_contrast(ledger, ident, "risk_difference", difference)
    write_contrast(ledger, ident, "risk_ratio", baselines.ratio(effect))
    good = is_good_event(settings.plan["outcomes"][cell.outcome]["measure"])
    write_nnt(ledger, ident, nnt_from_difference(difference, good), STANDARDISED)
    write_risks(ledger, ident, cell.outcome, settings, effect, baselines)


def write_contrast(ledger: Ledger, ident: Ident, what: str, found: Standardised, **columns: object) -> None:
    """Write a contrast of risks with its interval."""
    for suffix, value in (("", found.estimate), ("_low", found.low), ("_high", found.high)):
        ledger.count(ident, f"{what}{suffix}", value=value, **columns)


def write_risks(
    ledger: Ledger,
    ident: Ident,
    outcome: str,
    settings: Settings,
    effect: Sequence[float],
    baselines: Baselines,
) -> None:
    """The risk under the active arms and its difference: for people with the trials' baselines, or with the
    risk that the plan states."""
    stated = settings.plan["absolute"]["control_risk"].get(outcome)
    source = OF_TRIALS if stated is None else STATED
    people = baselines if stated is None else baselines.starting_from(float(stated))
    risk, difference = people.risk(effect[0]), people.difference(effect)
    active = Standardised(
        *(min(max(risk + d, 0.0), 1.0) for d in (difference.estimate, difference.low, difference.high))
    )
    ledger.count(ident, "control_risk", level=source, value=risk)
    write_contrast(ledger, ident, "active_risk", active, level=source)
    write_contrast(ledger, ident, "absolute_effect", difference, level=source)
