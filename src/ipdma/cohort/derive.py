"""Outcomes derived from raw scores and variables: response, remission, reliable change, yes/no variables.

Only observed outcomes count: where a score is missing, so is what would be derived from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ipdma.codebook import Instrument, Scoring

SLACK = 1e-9  # scores are decimal numbers; 10.5 / 2 must not miss 5.25 by a rounding
VARIABLES = {"dropout": "dropout", "remission_by_diagnosis": "remitted_by_diagnosis"}
YES_NO = {"yes": 1.0, "no": 0.0}


def scoring_of(instrument: Instrument, name: str) -> Scoring:
    """The scoring variant of an upload's scores; one that is not known counts as the default."""
    return instrument.scorings.get(name) or instrument.default


def symptoms(scores: pd.Series, instrument: Instrument, scoring: Scoring) -> pd.Series:
    """Scores counted from the healthy end of the scale: 0 is the floor, more is worse."""
    low, high = scoring.range.bounds
    return scores - low if instrument.higher_is_worse else high - scores


def derive_response(
    baseline: pd.Series, outcome: pd.Series, instrument: Instrument, scoring: Scoring
) -> pd.Series:
    """1 where at least the rule's share of baseline is lost, else 0; missing at a baseline on the floor.

    Scores are in points. The instrument must have a rule (see `rule_missing`); so for `derive_remission`.
    """
    rule = own_rule(scoring, instrument, "response")
    before, after = (symptoms(s, instrument, scoring) for s in (baseline, outcome))
    lost = after <= (1 - rule.value) * before + SLACK
    return lost.astype(float).where((before > SLACK) & after.notna(), np.nan)


def derive_remission(outcome: pd.Series, instrument: Instrument, scoring: Scoring) -> pd.Series:
    """1 at the rule's number or on its healthy side, else 0."""
    rule = own_rule(scoring, instrument, "remission")
    inside = outcome <= rule.value + SLACK if instrument.higher_is_worse else outcome >= rule.value - SLACK
    return inside.astype(float).where(outcome.notna(), np.nan)


def derive_reliable_change(
    baseline: pd.Series,
    outcome: pd.Series,
    instrument: Instrument,
    sd: float,
    reliability: float,
    threshold: float,
) -> tuple[pd.Series, pd.Series]:
    """Reliable improvement and deterioration (Jacobson and Truax 1991, J Consult Clin Psychol 59:12).

    RC = (x2 - x1) / S_diff with S_diff = sqrt(2) SD sqrt(1 - r); reliable beyond the threshold, strictly.

    Parameters
    ----------
    baseline, outcome : Series
        Scores in points.
    instrument : Instrument
        Says which way is worse.
    sd : float
        Standard deviation, in points.
    reliability : float
        r, below 1 (see `reliability_of`).
    threshold : float
        Of |RC|; 1.96 by default of the plan.

    Returns
    -------
    improvement, deterioration : Series
        1 or 0; NaN where either score is missing.
    """
    s_diff = math.sqrt(2) * sd * math.sqrt(1 - reliability)
    turn = 1.0 if instrument.higher_is_worse else -1.0
    change = turn * (outcome - baseline) / s_diff
    known = change.notna()
    return (
        (change < -threshold).astype(float).where(known, np.nan),
        (change > threshold).astype(float).where(known, np.nan),
    )


def rule_missing(measure: str, instrument: Instrument, scoring: Scoring) -> str | None:
    """Why a response or remission cannot be derived on an instrument, or None."""
    name = instrument.name
    if measure == "response" and not (own_rule(scoring, instrument, "response")):
        return f"{name} names no response rule"
    if measure == "remission" and not (own_rule(scoring, instrument, "remission")):
        return f"{name} names no remission rule"
    return None


def own_rule(scoring: Scoring, instrument: Instrument, kind: str) -> Any:
    """The rule of a scoring variant; None where it has none.

    The instrument's own number is on its default scoring's scale, and holds for that alone.
    """
    rule = getattr(scoring, kind)
    return rule or (getattr(instrument, kind) if scoring.name == instrument.default_scoring else None)


def reliability_of(instrument: Instrument, plan: Mapping[str, Any]) -> float | None:
    """The plan's reliability of an instrument, else the codebook's; None where neither has one."""
    own = plan["reliable_change"]["reliability"].get(instrument.name)
    if own is not None:
        return float(own)
    return None if instrument.reliability is None else float(instrument.reliability)
