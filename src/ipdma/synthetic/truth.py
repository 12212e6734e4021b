"""The truth from which synthetic trials are drawn, read from `truth.yaml` and checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from ipdma.errors import DataError, ReadError, join_faults, unknown_key

REPEATED = ("synthetic_truth", "expected", "expected_log_odds")  # say what follows from the rest
TIMES = ("interim", "post", "follow_up")


@dataclass(frozen=True)
class Effect:
    """One contrast, in baseline SDs; below 0 the active side is better.

    Attributes
    ----------
    active, reference : tuple of str
        Conditions.
    mean, tau : mapping of str to float
        By visit (post, follow_up) the mean effect and its SD between trials.
    severity : mapping of str to float
        By visit the change of the effect per baseline SD above the trial's mean.
    chronicity : mapping of str to (float, float)
        By visit the change in an episode of 1 to under 2 years, and of 2 years or more, against under 1 year.
    antidepressant : mapping of str to float
        By visit the change in participants on an antidepressant at baseline.
    """

    active: tuple[str, ...]
    reference: tuple[str, ...]
    mean: Mapping[str, float]
    tau: Mapping[str, float]
    severity: Mapping[str, float]
    chronicity: Mapping[str, tuple[float, float]]
    antidepressant: Mapping[str, float]


@dataclass(frozen=True)
class Scale:
    """Baseline mean, within-arm SD and range of an instrument, in its own points.

    Scores are multiples of `step`; `scoring` names a variant, empty for the instrument's default.
    """

    mean: float
    sd: float
    range: tuple[float, float]
    step: float = 1.0
    scoring: str = ""


@dataclass(frozen=True)
class StudyTruth:
    """One trial to draw.

    Attributes
    ----------
    name, title, country : str
    year : int
    arms : mapping of str to int
        Condition to participants in the data.
    reference : str
        The arm from which the others' effects are counted.
    instruments : tuple of str
        The first decides who is lost.
    weeks : mapping of str to float
        Visits after baseline (interim, post, follow_up) to their week.
    severity_shift : float
        By how many baseline SDs the trial's mean baseline differs from the instruments'.
    residual_sd : float
        SD of an outcome given its baseline, in baseline SDs.
    attrition : mapping of str to float
        Visit to the share of scores that is lost.
    age : (float, float)
        Mean and SD in years.
    female, antidepressant, personality_disorder, childhood_trauma : float
        Shares of participants.
    duration : (float, float, float)
        Shares with an episode of under 1 year, 1 to under 2 years, 2 years or more; they add up to 1.
    collects : tuple of str
        Codebook variables that the trial recorded.
    file : mapping
        How its data arrive: format, layout, language and more.
    comorbid_anxiety : float or None
        Share of participants; None: it follows severity.
    follow_up_arms : tuple of str
        Conditions that are followed up; empty: all.
    randomised : mapping of str to int
        Condition to number randomised, where that is not the number in the data.
    """

    name: str
    title: str
    country: str
    year: int
    arms: Mapping[str, int]
    reference: str
    instruments: tuple[str, ...]
    weeks: Mapping[str, float]
    severity_shift: float
    residual_sd: float
    attrition: Mapping[str, float]
    age: tuple[float, float]
    female: float
    duration: tuple[float, float, float]
    antidepressant: float
    personality_disorder: float
    collects: tuple[str, ...]
    file: Mapping[str, Any]
    childhood_trauma: float = 0.3
    comorbid_anxiety: float | None = None
    follow_up_arms: tuple[str, ...] = ()
    randomised: Mapping[str, int] = field(default_factory=dict)

    @property
    def times(self) -> tuple[str, ...]:
        """Visits after baseline, in order."""
        return tuple(time for time in TIMES if time in self.weeks)


@dataclass(frozen=True)
class Truth:
    """Everything in `truth.yaml`, as typed records.

    Attributes
    ----------
    seed : int
    effects : mapping of str to Effect
        By contrast.
    effect_correlation : float
        Of a trial's effects at post and at follow-up.
    conditions : mapping of str to mapping
        Condition to the contrasts, with weights, that separate it from an untreated arm.
    course : mapping of str to mapping
        Visit to `change` (of an untreated arm, in baseline SDs) and `slope` (of the outcome on baseline).
    noise : mapping of str to float
        Correlations: `over_time`, `between_instruments`, `baseline_between_instruments`.
    prognosis : mapping of str to float
        Baseline SDs added in every arm: `age_10` (per 10 years), `chronic`, `personality_disorder`.
    attrition : mapping of str to float
        `on_last_score` (log odds of a loss per SD of the last score), `returns` (a chance).
    missing_values : float
        Share of each collected characteristic that is not given (age, sex and a few others always are).
    instruments : mapping of str to Scale
    studies : mapping of str to StudyTruth
    without_data : mapping of str to mapping
        Trials of the registry that sent aggregate results or nothing.
    """

    seed: int
    effects: Mapping[str, Effect]
    effect_correlation: float
    conditions: Mapping[str, Mapping[str, float]]
    course: Mapping[str, Mapping[str, float]]
    noise: Mapping[str, float]
    prognosis: Mapping[str, float]
    attrition: Mapping[str, float]
    missing_values: float
    instruments: Mapping[str, Scale]
    studies: Mapping[str, StudyTruth]
    without_data: Mapping[str, Mapping[str, Any]]

    def trials_of(self, contrast: str) -> list[str]:
        """Names of the trials that hold both sides of `contrast`."""
        effect = self.effects[contrast]
        return [
            name
            for name, study in self.studies.items()
            if set(effect.active) & set(study.arms) and set(effect.reference) & set(study.arms)
        ]


def read_truth(path: Path) -> Truth:
    """Read and check `truth.yaml`.

    Raises
    ------
    ReadError
        When the file is absent, is no UTF-8 text, or is no YAML.
    DataError
        Naming the faults: unknown or missing keys; where there are none, an instrument or condition without
        truth, a reference that is no arm, no post visit, shares of `duration` that do not add up to 1.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror}); name the truth with --truth") from error
    except UnicodeDecodeError:
        raise ReadError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise ReadError(f"{path}: not valid YAML; {error}") from error
    return parse_truth(raw, str(path))


def parse_truth(raw: Any, where: str) -> Truth:
    """Turn the mapping of `truth.yaml` into a Truth; see `read_truth` for what it raises."""
    if not isinstance(raw, dict):
        raise DataError(f"{where}: expected a mapping of keys; see data/synthetic/truth.yaml for an example")
    faults: list[str] = []
    body = {key: value for key, value in raw.items() if key not in REPEATED}
    _check_keys(Truth, body, where, faults)
    if faults:
        raise DataError(join_faults(faults))
    body["effects"] = {
        k: _record(Effect, v, f"{where}: effects.{k}", faults) for k, v in raw["effects"].items()
    }
    body["instruments"] = {
        k: _record(Scale, v, f"{where}: instruments.{k}", faults) for k, v in raw["instruments"].items()
    }
    body["studies"] = {
        k: _record(StudyTruth, {"name": k, **v}, f"{where}: studies.{k}", faults)
        for k, v in raw["studies"].items()
    }
    if faults:
        raise DataError(join_faults(faults))
    truth = Truth(**body)
    _check_studies(truth, where, faults)
    if faults:
        raise DataError(join_faults(faults))
    return truth


def _record(kind: Any, mapping: Any, where: str, faults: list[str]) -> Any:
    """Build one record with lists as tuples; faults are collected, and None stands for a faulty one."""
    if not isinstance(mapping, dict):
        faults.append(f"{where}: expected a mapping")
        return None
    before = len(faults)
    _check_keys(kind, mapping, where, faults)
    if len(faults) > before:
        return None
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in mapping.items()})


def _check_keys(kind: Any, mapping: Mapping[str, Any], where: str, faults: list[str]) -> None:
    """Name unknown keys, and absent ones that have no default."""
    known = {f.name: f for f in fields(kind)}
    faults += [unknown_key(where, str(key), known) for key in mapping if key not in known]
    required = {name for name, f in known.items() if _is_required(f)}
    faults += [f"{where}: key '{key}' is missing" for key in sorted(required - set(mapping))]


def _is_required(f: Any) -> bool:
    return f.default is MISSING and f.default_factory is MISSING


def _check_studies(truth: Truth, where: str, faults: list[str]) -> None:
    """Every study's conditions, instruments and reference arm must have a truth."""
    for name, study in truth.studies.items():
        here = f"{where}: studies.{name}"
        faults += [
            unknown_key(here, arm, truth.conditions) for arm in study.arms if arm not in truth.conditions
        ]
        faults += [
            unknown_key(here, word, truth.instruments)
            for word in study.instruments
            if word not in truth.instruments
        ]
        if study.reference not in study.arms:
            faults.append(f"{here}: reference '{study.reference}' is not one of its arms")
        if "post" not in study.weeks:
            faults.append(f"{here}: weeks has no 'post'")
        if abs(sum(study.duration) - 1) > 1e-9:
            faults.append(f"{here}: the shares of duration add up to {sum(study.duration):g}, not 1")
