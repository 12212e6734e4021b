"""Certainty of evidence (GRADE): each domain judged by the authors, else suggested from the records.

A suggestion compares numbers of the records with the plan's smallest worthwhile difference (Guyatt et al.
2011, J Clin Epidemiol 64; Zeng et al. 2021, J Clin Epidemiol 137). Indirectness and publication bias need
a person: there the records give what is known, as a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipdma.report import wording
from ipdma.report.ledger import Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.style import light_of
from ipdma.report.wording import plural
from ipdma.report.words import condition, in_sentence

DOMAINS = {
    "risk_of_bias": "Risk of bias",
    "inconsistency": "Inconsistency",
    "indirectness": "Indirectness",
    "imprecision": "Imprecision",
    "publication_bias": "Publication bias",
}
LEVELS = ("very low", "low", "moderate", "high")
STEPS = {"none": 0, "serious": 1, "very serious": 2, "open": 0}
SMALL = 400  # participants below which an estimate is imprecise whatever its interval (Guyatt 2011)
SUBSTANTIAL = 50.0  # percent of I2 from which trials disagree (Cochrane Handbook 10.10.2)


@dataclass(frozen=True)
class Domain:
    """One domain of one result; `concern` is a key of STEPS, `by` who judged it, empty for a suggestion."""

    name: str
    concern: str
    reason: str
    by: str = ""


@dataclass(frozen=True)
class Certainty:
    """The certainty of one result; `by` is empty where nobody signed it."""

    level: str
    domains: tuple[Domain, ...]
    by: str = ""

    @property
    def circles(self) -> str:
        """Filled for what remains, of four."""
        filled = LEVELS.index(self.level) + 1
        return "\u2295" * filled + "\u25ef" * (4 - filled)

    @property
    def words(self) -> str:
        """`moderate (suggested, not signed)` or `moderate (A. Author)`."""
        return f"{self.level} ({self.by or 'suggested, not signed'})"

    @property
    def concerns(self) -> list[Domain]:
        """The domains that take something away."""
        return [d for d in self.domains if STEPS[d.concern]]


def certainty_of(material: Material, analysis: Analysis, pen: Pen) -> Certainty | None:
    """The certainty of a headline, or None where there is no estimate to be certain of.

    It begins at high, since the trials are randomised, and loses a step for each serious concern and two for
    each very serious one; a level that the authors signed in the plan stands instead.
    """
    row = material.headline(analysis, "one") or material.headline(analysis, "two")
    if row is None or row.number("estimate") is None:
        return None
    own = judgement_of(material, analysis)
    suggested = {
        "risk_of_bias": suggest_bias(material, row, pen),
        "inconsistency": suggest_inconsistency(material, analysis, row, pen),
        "indirectness": ("open", indirectness_question(material, analysis)),
        "imprecision": suggest_imprecision(material, analysis, row, pen),
        "publication_bias": ("open", small_study_question(material, analysis, pen)),
    }
    by = str(own.get("by") or "")
    domains = tuple(
        Domain(name, held["concern"], held["why"], by)
        if (held := own.get(name))
        else Domain(name, *suggested[name])
        for name in DOMAINS
    )
    left = max(0, 3 - sum(STEPS[d.concern] for d in domains))
    return Certainty(str(own.get("certainty") or LEVELS[left]), domains, by)


def judgement_of(material: Material, analysis: Analysis) -> Mapping[str, Any]:
    """What the plan's authors judged of a result, or nothing."""
    wanted = {"contrast": analysis.contrast, "outcome": analysis.outcome, "time_point": analysis.timepoint}
    listed = (material.plan.get("certainty") or {}).get("judgements") or []
    return next((own for own in listed if all(own.get(k) == v for k, v in wanted.items())), {})


def worthwhile(material: Material, analysis: Analysis) -> float:
    """The plan's smallest worthwhile difference on the scale of an outcome: a difference in risk for events,
    in points or in standard deviations for scores."""
    held = (material.plan.get("certainty") or {}).get("worthwhile") or {}
    if material.is_binary(analysis.outcome):
        return float(held.get("risk", 0.05))
    raw = material.standardise(analysis.outcome) == "none"
    return float(held.get("points", 3.0) if raw else held.get("standardised", 0.24))


def suggest_bias(material: Material, row: Row, pen: Pen) -> tuple[str, str]:
    """Serious where trials at low risk carry less than half of the weight, very serious where those at high
    risk carry more than half."""
    rows = material.counts_of(row.text("analysis_id"), "bias_trials")
    if not rows:
        return "open", "no trial has a judgement of its risk of bias"
    by_light = {light_of(r.text("level")): r for r in rows}
    low, high = by_light.get("low"), by_light.get("high")
    share = {
        k: (r.number("value") or 0.0) if r is not None else 0.0 for k, r in (("low", low), ("high", high))
    }
    few, many = (pen.count(r) if r is not None else "none" for r in (low, high))
    reason = f"{few} of {pen.count(rows[0], 'of')} trials at low overall risk, {many} at high"
    return "very serious" if share["high"] > 0.5 else "serious" if share["low"] < 0.5 else "none", reason


def suggest_inconsistency(material: Material, analysis: Analysis, row: Row, pen: Pen) -> tuple[str, str]:
    """Serious where a new trial's effect may lie on either side of none and the trials disagree: the
    prediction interval reaches past a worthwhile difference on both sides (scores alone), or I2 is 50% or
    more. Open without such an interval."""
    low, high, tau2 = row.number("pi_low"), row.number("pi_high"), row.number("tau2")
    two = material.headline(analysis, "two")
    i2 = two.number("i2") if two is not None else None
    share = f"I\u00b2 {pen.number(two, 'i2', 0)}%" if i2 is not None else "I\u00b2 not known"
    if low is None or high is None or tau2 is None:
        return "open", f"no prediction interval from {pen.count(row, 'k')} {plural(row.number('k'), 'trial')}"
    if tau2 == 0 or not low < 0 < high:
        return "none", f"the trials agree as far as they can tell ({share})"
    limit = worthwhile(material, analysis)
    apart = not material.is_binary(analysis.outcome) and low < -limit and high > limit
    if apart or (i2 or 0.0) >= SUBSTANTIAL:
        return "serious", f"a new trial could find a benefit or a harm ({share})"
    return "none", f"trials differ little ({share})"


def suggest_imprecision(material: Material, analysis: Analysis, row: Row, pen: Pen) -> tuple[str, str]:
    """One step for each worthwhile difference, for better or worse, that the interval crosses; one where it
    crosses none but comes from fewer than 400 participants."""
    low, high = interval_of(material, analysis, row)
    n = f"N = {pen.count(row, 'n')}"
    if low is None or high is None:
        return "open", "its interval is missing or withheld"
    limit = worthwhile(material, analysis)
    crossed = sum(low < at < high for at in (-limit, limit))
    if crossed:
        what = "one worthwhile difference" if crossed == 1 else "worthwhile benefit and worthwhile harm alike"
        return ("serious", "very serious")[crossed - 1], f"the interval crosses {what} ({n})"
    if (row.number("n") or 0.0) < SMALL:
        return "serious", f"fewer than {SMALL} participants ({n})"
    return "none", f"the interval crosses no worthwhile difference ({n})"


def interval_of(material: Material, analysis: Analysis, row: Row) -> tuple[float | None, float | None]:
    """The interval of the difference in risk for events, of the effect itself otherwise."""
    if not material.is_binary(analysis.outcome):
        return row.number("ci_low"), row.number("ci_high")
    found = [material.count(row.text("analysis_id"), f"absolute_effect_{end}") for end in ("low", "high")]
    low, high = (None if r is None else r.number("value") for r in found)
    return low, high


def indirectness_question(material: Material, analysis: Analysis) -> str:
    """What a person needs to judge whether these are the people and comparators meant."""
    kinds = distinct(material.counts_of(analysis.id, "comparator"), "level")
    named = wording.several([in_sentence(condition(kind)) for kind in kinds]) or "the comparator"
    return f"are these the people you mean, and is {named} the comparison?"


def small_study_question(material: Material, analysis: Analysis, pen: Pen) -> str:
    """What is known of small trials and of those not obtained."""
    egger = first(material.records.of("estimates", analysis.ident("egger", "two")), term="egger:slope")
    known = f"Egger's test {pen.p_phrase(egger)}" if egger is not None else "too few trials for a test"
    lacking = first(select(material.records.of("counts", "cohort"), what="registry"), variable="not_obtained")
    more = f"; {pen.count(lacking)} trials not obtained" if lacking is not None else ""
    return f"{known}{more}: could results be missing?"
