"""Treatment effects of one drawn trial: which arm differs from the reference arm by how much, for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ipdma.synthetic.truth import Effect, StudyTruth, Truth

INTERIM_SHARE = 0.5  # an interim visit carries half of the effect at post


@dataclass(frozen=True)
class CaseMix:
    """Participants' modifiers as deviations from what their trial expects, each of shape (n,).

    Severity is in baseline SDs; the others are 0 or 1 less the expected share.
    """

    severity: np.ndarray
    one_to_two_years: np.ndarray
    two_years_or_more: np.ndarray
    antidepressant: np.ndarray


def draw_trial_effects(truth: Truth, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Draw each contrast's effect in this trial: contrast -> {interim, post, follow_up}, in baseline SDs.

    Post and follow-up are bivariate normal with the stated SDs and correlation.
    """
    drawn = {}
    for name, effect in truth.effects.items():
        u = rng.standard_normal(2)
        r = truth.effect_correlation
        post = effect.mean["post"] + effect.tau["post"] * u[0]
        later = effect.mean["follow_up"] + effect.tau["follow_up"] * (r * u[0] + np.sqrt(1 - r * r) * u[1])
        drawn[name] = {"interim": INTERIM_SHARE * post, "post": post, "follow_up": later}
    return drawn


def path_of(truth: Truth, condition: str, reference: str) -> dict[str, float]:
    """The sum of contrasts that separates `condition` from `reference`: contrast -> weight."""
    here, there = truth.conditions[condition], truth.conditions[reference]
    weights = {name: here.get(name, 0.0) - there.get(name, 0.0) for name in truth.effects}
    return {name: weight for name, weight in weights.items() if weight}


def level_of(truth: Truth, condition: str, time: str) -> float:
    """Mean change of an arm of `condition` at `time`, in baseline SDs: untreated course plus mean effects."""
    share, when = (INTERIM_SHARE, "post") if time == "interim" else (1.0, time)
    gain = sum(w * truth.effects[name].mean[when] for name, w in truth.conditions[condition].items())
    return truth.course[time]["change"] + share * gain


def effect_of_arm(
    truth: Truth,
    study: StudyTruth,
    arm: str,
    time: str,
    drawn: Mapping[str, Mapping[str, float]],
    mix: CaseMix,
) -> np.ndarray:
    """Effect of `arm` against the trial's reference arm at `time`, in baseline SDs, shape (n,)."""
    total = np.zeros_like(mix.severity)
    for name, weight in path_of(truth, arm, study.reference).items():
        total += weight * (drawn[name][time] + modification(truth.effects[name], time, mix))
    return total


def modification(effect: Effect, time: str, mix: CaseMix) -> np.ndarray:
    """What the moderators add to one contrast's effect, shape (n,); 0 at the trial's means."""
    share, when = (INTERIM_SHARE, "post") if time == "interim" else (1.0, time)
    middle, long = effect.chronicity[when]
    return share * (
        effect.severity[when] * mix.severity
        + middle * mix.one_to_two_years
        + long * mix.two_years_or_more
        + effect.antidepressant[when] * mix.antidepressant
    )
