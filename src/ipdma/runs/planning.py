"""From a registry and a plan to the power of what the plan asks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdma.analysis.planned_questions import PlannedTrial, Question
from ipdma.analysis.planning import Answer, Power, most_wanted, plan_power
from ipdma.analysis.settings import Moderator, Settings, read_settings
from ipdma.codebook import Codebook, load_codebook
from ipdma.errors import PlanError, join_faults
from ipdma.model.spec import ModelSpec
from ipdma.plan import Plan, read_plan
from ipdma.runs.begin import condition_faults
from ipdma.runs.layout import codebook_folders
from ipdma.runs.planned_sizes import planned_outcomes
from ipdma.runs.planned_spreads import Spreads, levels_of
from ipdma.runs.planned_trials import read_planned_trials
from ipdma.runs.studies import find_studies


@dataclass(frozen=True)
class PlannedPower:
    """The power of a plan on a registry, with what was assumed.

    Attributes
    ----------
    plan : Plan
    trials : tuple of PlannedTrial
    answers : tuple of Answer
        Of the questions that at least one trial can help to answer.
    notes : tuple of str
        What was assumed or left out, a line each.
    """

    plan: Plan
    trials: tuple[PlannedTrial, ...]
    answers: tuple[Answer, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The whole answer for a program."""
        return {
            "level": self.plan["level"],
            "assumed": self.plan["power"],
            "trials": [trial_json(trial) for trial in self.trials],
            "questions": [answer_json(own) for own in self.answers],
            "most_wanted": [{"study": study, "mean_gain": gain} for study, gain in most_wanted(self.answers)],
            "notes": list(self.notes),
        }


def find_power(registry: Path, plan_path: Path) -> PlannedPower:
    """Read both files and compute.

    Raises
    ------
    PlanError, ReadError, DataError
        Everything that is wrong with the plan, or with the registry, at once.
    """
    plan = read_plan(plan_path)
    codebook = known_codebook(plan)
    faults = list(condition_faults(plan, codebook))
    try:
        found = read_planned_trials(registry, plan, codebook)
    except PlanError as error:
        raise PlanError(join_faults([*faults, *str(error).splitlines()])) from None
    if faults:
        raise PlanError(join_faults(faults))
    notes = found.notes
    questions = list(questions_of(plan, codebook, found.spreads, notes))
    answers = plan_power(questions, found.trials, plan["level"], plan["seed"])
    asked = tuple(own for own in answers if own.everybody.k > 0)
    for name in plan["contrasts"]:
        if not any(own.question.contrast == name for own in asked):
            notes.append(f"{name}: no trial of the registry has both of its sides")
    return PlannedPower(plan, tuple(found.trials), asked, tuple(notes))


def known_codebook(plan: Plan) -> Codebook:
    """The plan's codebook with those of its trials, where their folders are there already."""
    where, studies = plan["studies"], []
    for place in [where] if isinstance(where, str) else where:
        with suppress(PlanError):
            studies += find_studies([place])
    return load_codebook(codebook_folders(plan, sorted(studies, key=lambda study: study.study)))


def questions_of(plan: Plan, codebook: Codebook, spreads: Spreads, notes: list[str]) -> Iterator[Question]:
    """The headline and every moderator of each planned outcome and contrast, in the plan's order."""
    settings = read_settings(plan)
    for outcome in planned_outcomes(plan):
        family = settings.family_of(outcome)
        for contrast in plan["contrasts"]:
            if outcome in {name for name, _ in plan.cells(contrast)}:
                yield headline(plan, contrast, outcome, family)
                for moderator in settings.moderators_of(outcome):
                    yield from interactions(
                        settings, codebook, spreads, (contrast, outcome, family), moderator, notes
                    )


def headline(plan: Plan, contrast: str, outcome: str, family: str) -> Question:
    """The treatment's own effect."""
    assumed, random = plan["power"], plan.primary(family).treatment_effect == "random"
    effect = treatment_effect(assumed, family)
    words = f"odds ratio {assumed['odds_ratio']:g}" if family == "binomial" else f"{assumed['effect']:g}"
    tau = assumed["tau"] if random else 0.0
    own = test_of(plan.primary(family), random), len(plan.primary(family).covariates)
    return Question(contrast, outcome, family, "", "", 0, 1.0, effect, effect, tau, words, *own)


def test_of(spec: ModelSpec, varies: bool) -> str:
    """The test that a model does of an effect, which varies between trials or is common to them.

    Kenward and Roger's of an effect that varies has no closed form; t on K - 1 stands for it.
    """
    df = spec.resolved().df
    if df == "normal":
        return "normal"
    if varies:
        return "nst" if df == "nst" else "k_minus_1"
    if df == "hksj":
        return "k_minus_1"
    if spec.family == "binomial" or df == "k_minus_1":
        return "k_minus_1_common"
    return "kenward_roger" if spec.residual == "by_study" and df != "residual" else "residual"


def treatment_effect(assumed: Mapping[str, Any], family: str) -> float:
    """The assumed effect on the scale of the model: a log odds ratio, or a difference in units analysed."""
    return math.log(assumed["odds_ratio"]) if family == "binomial" else float(assumed["effect"])


def interactions(
    settings: Settings,
    codebook: Codebook,
    spreads: Spreads,
    where: tuple[str, str, str],
    moderator: Moderator,
    notes: list[str],
) -> Iterator[Question]:
    """The interaction with a moderator, one for each level but the first of a categorical one."""
    plan, name = settings.plan, moderator.name
    typical = spreads.typical[name]
    effect, tau = treatment_effect(plan["power"], where[2]), float(plan["power"]["tau_interaction"])
    spec = plan.primary(where[2])
    varies = tau > 0 or spec.interaction_effect == "random"
    own = test_of(spec, varies), len([c for c in spec.covariates if c != moderator.column])
    if moderator.type == "categorical":
        size = settings.power_interaction if moderator.power is None else moderator.power
        for position, level in enumerate(levels_of(plan["moderators"][name], codebook)):
            if position:
                words = f"{size:g} between levels"
                yield Question(*where, name, level, position, 1.0, size, effect, tau, words, *own)
    elif moderator.power is None:
        size = settings.power_interaction
        unit = typical if isinstance(typical, float) else 1.0
        yield Question(*where, name, "", 0, unit, size, effect, tau, f"{size:g} per SD inside trials", *own)
    elif typical is None:
        line = (
            f"{name}: its interaction is stated per {moderator.per:g} of {moderator.column}, and its SD is "
            f"not known; give power.spread.{name} in the plan, or a column spread_{name}; it is left out"
        )
        if line not in notes:
            notes.append(line)
    else:
        words = f"{moderator.power:g} per {moderator.per:g} of {moderator.column}"
        yield Question(*where, name, "", 0, moderator.per, moderator.power, effect, tau, words, *own)


def trial_json(trial: PlannedTrial) -> dict[str, Any]:
    """One trial as it was read."""
    arms = {
        name: {"n_active": active, "n_reference": reference}
        for name, (active, reference) in trial.arms.items()
        if min(active, reference) > 0
    }
    return {"study": trial.study, "chance": trial.chance, "analysed": arms}


def answer_json(own: Answer) -> dict[str, Any]:
    """One question and its power."""
    asked = own.question
    return {
        "contrast": asked.contrast,
        "outcome": asked.outcome,
        "moderator": asked.moderator or None,
        "level": asked.level or None,
        "assumed": asked.assumed,
        "words": asked.words,
        "tau": asked.tau,
        "test": asked.test,
        **power_json(own.expected),
        "with_every_trial": power_json(own.everybody),
        "gains": [{"study": study, "gain": gain} for study, gain in own.gains],
    }


def power_json(power: Power) -> dict[str, Any]:
    """Numbers of one state of the consortium."""
    return {
        "k": power.k,
        "power": power.power,
        "ci_width": power.width,
        "power_wald": power.power_wald,
        "ci_width_wald": power.width_wald,
    }
