"""The plan as a record, with what one analysis of it looks like when a sensitivity analysis changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from ipdma.codebook import load_codebook
from ipdma.errors import PlanError, ReadError, join_faults
from ipdma.harmless import for_terminal
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.plan.checks import check_names
from ipdma.plan.earlier import left_to_earlier_defaults
from ipdma.plan.models import changed_model, for_family, read_model, write_out
from ipdma.plan.schema import fill_defaults, find_faults
from ipdma.plan.words import harmful_texts
from ipdma.yaml_values import parse_yaml

PROGNOSIS = "prognosis"  # the contrast under which predictors of outcome inside arms are filed
NETWORK = "network"  # and the model over all arms
OUTCOME_KEYS = ("rating", "standardise", "crosswalk")
REBUILDING: tuple[str, ...] = (
    *OUTCOME_KEYS,
    "preference",
    "weeks_after_post",
)  # a sensitivity analysis with rows of its own
SELECTING = ("registry", "participants")  # one that keeps some of the rows
MEASURES = (
    "score",
    "response",
    "remission",
    "remission_by_diagnosis",
    "reliable_improvement",
    "reliable_deterioration",
    "dropout",
)
BAD_EVENTS = ("reliable_deterioration", "dropout")


class Plan(Mapping[str, Any]):
    """A complete plan, read as a mapping: `plan["contrasts"]["stpp_control"]["active"]`.

    Every key of the schema is there, since defaults are filled in. `outcomes[...]["family"]` and
    `outcomes[...]["measure"]` are decided; `instruments`, `rating` and `standardise` of an outcome may be
    None, which means the plan's own: `outcome(name)` gives them resolved. `from_mapping` and `read_plan`
    check a plan and fill it in; the constructor takes one that is complete.

    Attributes
    ----------
    models : dict of str to ModelSpec
        The plan's models for a Gaussian outcome; `model(name, family)` gives one for another family.
    pool : PoolSpec
        The second stage where a model names none.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = deepcopy(dict(values))
        self.models: dict[str, ModelSpec] = {
            name: read_model(keys, self, f"models.{name}") for name, keys in self._values["models"].items()
        }
        self.pool: PoolSpec = read_model({}, self, "pool").pool

    def narrowed(self, values: Mapping[str, Any]) -> Plan:
        """The same plan with these values alone, which the caller gives away: its models are read already."""
        part = object.__new__(Plan)
        part._values, part.models, part.pool = dict(values), self.models, self.pool
        return part

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def as_mapping(self) -> dict[str, Any]:
        """A copy of the plan as nested dicts and lists, ready for YAML or JSON."""
        return deepcopy(self._values)

    def as_yaml(self) -> str:
        """The text of `plan.yaml`: the plan as it ran."""
        return yaml.safe_dump(self._values, sort_keys=False, allow_unicode=True, width=110)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "the plan") -> Plan:
        """Check, fill in defaults and return the plan.

        Parameters
        ----------
        values : mapping
            Keys of the schema; absent ones have their default.
        where : str
            Begins the sentence of each fault.

        Raises
        ------
        PlanError
            Naming every fault at once.
        """
        faults = [*harmful_texts(values), *map(for_terminal, find_faults(values))]
        faults = faults or left_to_earlier_defaults(values)
        if faults:
            raise PlanError(join_faults(f"{where}: {fault}" for fault in faults))
        filled = decide(fill_defaults(values))
        faults = check_names(filled)
        if faults:
            raise PlanError(join_faults(f"{where}: {fault}" for fault in faults))
        return cls(filled)

    def outcome(self, name: str) -> dict[str, Any]:
        """One outcome with the plan's instruments, rating and standardiser where it names none.

        Its keys are those of the schema, and `crosswalk`: the instrument to which scores are converted, or
        None.
        """
        own = dict(self._values["outcomes"][name])
        if own["instruments"] is None:
            own["instruments"] = list(self._values["instruments"]["preference"])
        own["rating"] = own["rating"] or self._values["instruments"]["rating"]
        own["standardise"] = own["standardise"] or self._values["standardise"]
        own["hedges"] = self._values["hedges"] if own["hedges"] is None else own["hedges"]
        return {"crosswalk": None, **own}

    def variant(self, sensitivity: str) -> Plan:
        """The plan as one sensitivity analysis reads it when rows are built; models are as they were."""
        change = self._values["sensitivity"][sensitivity]
        values = self.as_mapping()
        for own in values["outcomes"].values():
            own.update({key: change[key] for key in OUTCOME_KEYS if key in change})
            if "preference" in change:
                own["instruments"] = list(change["preference"])
        for point in values["time_points"].values():
            if change.get("weeks_after_post") and point["timepoint"] != "post":
                point.update({"weeks_after_post": change["weeks_after_post"], "weeks": None})
        return Plan(values)

    @property
    def jobs(self) -> list[str]:
        """Contrasts, and what is filed as one: `prognosis` and `network`, where the plan asks for them."""
        asked = {PROGNOSIS: self["prognosis"]["conditions"], NETWORK: self["network"]["outcomes"]}
        return [*self["contrasts"], *(name for name, wanted in asked.items() if wanted)]

    @property
    def network_nodes(self) -> dict[str, str]:
        """The node of each condition; empty where every condition is one."""
        return {c: node for node, own in self["network"]["nodes"].items() for c in own}

    @property
    def network_contrasts(self) -> frozenset[tuple[str, str]]:
        """Pairs of nodes that a contrast compares, active first, but those that another turns round."""
        known = self.network_nodes
        pairs = {
            (known.get(a, a), known.get(b, b))
            for own in self["contrasts"].values()
            for a in own["active"]
            for b in own["reference"]
        }
        return frozenset((a, b) for a, b in pairs if a != b and (b, a) not in pairs)

    def row_variants(self) -> list[str]:
        """Sensitivity analyses that need rows of their own."""
        return [name for name in self._values["sensitivity"] if self.changes(name, REBUILDING)]

    def changes(self, sensitivity: str, keys: Iterable[str]) -> bool:
        """Whether a sensitivity analysis changes any of these keys."""
        return any(self._values["sensitivity"][sensitivity].get(key) for key in keys)

    def concerns(self, sensitivity: str, contrast: str, outcome: str, timepoint: str) -> bool:
        """Whether a sensitivity analysis is meant for a cell; without `outcomes` it is for the first one."""
        entry = self._values["sensitivity"][sensitivity]
        outcomes = entry.get("outcomes") or [self.first_outcome]
        return (
            outcome in outcomes
            and named(entry.get("contrasts"), contrast)
            and named(entry.get("time_points"), timepoint)
        )

    @property
    def first_outcome(self) -> str:
        """The outcome that the further analyses are about."""
        found: str = next(iter(self._values["outcomes"]))
        return found

    def model(self, name: str, family: str) -> ModelSpec:
        """One of the plan's models, for an outcome of a family."""
        return for_family(self.models[name], family)

    def primary(self, family: str) -> ModelSpec:
        """The primary model, for an outcome of a family."""
        return self.model(self._values["primary_model"], family)

    def model_under(self, sensitivity: str, family: str) -> ModelSpec:
        """The primary model as a sensitivity analysis changes it."""
        base = self._values["models"][self._values["primary_model"]]
        change = self._values["sensitivity"][sensitivity].get("model", {})
        where = f"sensitivity.{sensitivity}.model"
        return for_family(read_model(changed_model(base, change), self, where), family)

    def cells(self, contrast: str) -> list[tuple[str, str]]:
        """(outcome, time point) pairs that a contrast is analysed at, in the plan's order."""
        return [
            (outcome, timepoint)
            for outcome, own in self._values["outcomes"].items()
            for timepoint in self._values["time_points"]
            if named(own["contrasts"], contrast) and named(own["time_points"], timepoint)
        ]


def named(names: list[str] | None, name: str) -> bool:
    """Whether a list of names, or null for all, holds a name."""
    return names is None or name in names


def is_good_event(measure: str) -> bool:
    """Whether an event of a binary measure is a good one, as response is."""
    return measure not in BAD_EVENTS


def decide(values: dict[str, Any]) -> dict[str, Any]:
    """Decide, in place, what depends on other keys.

    These are measures, families, types of moderators, the primary model and methods.
    """
    secondary = values["secondary"]
    for scale in secondary_scales(values):
        own = {
            "instruments": [scale],
            "standardise": secondary["standardise"],
            "minimum_studies": secondary["minimum_studies"],
            "moderators": [],
        }
        values["outcomes"].setdefault(scale, fill_outcome(own))
    if values["primary_model"] is None:
        values["primary_model"] = "primary" if "primary" in values["models"] else next(iter(values["models"]))
    for own in values["moderators"].values():
        listed = own["cuts"] or own["levels"]
        own["type"] = own["type"] or ("categorical" if listed else "continuous")
    for name, own in values["outcomes"].items():
        if own["measure"] is None:
            own["measure"] = name if name in MEASURES else "score"
        own["family"] = own["family"] or ("gaussian" if own["measure"] == "score" else "binomial")
    write_out(values)
    return values


def secondary_scales(values: Mapping[str, Any]) -> list[str]:
    """Instruments that are outcomes of their own: those listed, or every one that the codebook has."""
    wanted = values["secondary"]["instruments"]
    if wanted != "all":
        return list(wanted)
    folders = [values["codebook"]] if values["codebook"] else []
    return list(load_codebook(folders).instruments)


def fill_outcome(own: dict[str, object]) -> dict[str, object]:
    """An outcome's keys with their defaults."""
    found: dict[str, Any] = fill_defaults(own, {"$ref": "#/$defs/outcome"})
    return found


def read_plan(path: str | Path, overrides: Mapping[str, object] | None = None) -> Plan:
    """Read a plan, replacing whole top-level keys by `overrides`.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : mapping, optional
        Top-level keys that win over the file's, as Snakemake's `--config` gives them.

    Raises
    ------
    PlanError
        When the file is absent, cannot be read, is not YAML in UTF-8, holds a key twice, has any fault
        against the schema, or names what it does not declare (all faults of a kind are named at once).
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PlanError(
            f"{path}: there is no such file; give the path of a plan, as config/config.yaml"
        ) from None
    except IsADirectoryError:
        raise PlanError(f"{path}: this is a folder; give the path of a plan, as config/config.yaml") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path}: not a text file in UTF-8; save the plan as UTF-8") from None
    except OSError as error:
        raise PlanError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    return Plan.from_mapping({**parse_plan(text, str(path)), **(overrides or {})}, str(path))


def parse_plan(text: str, where: str) -> dict[str, object]:
    """The keys and values of a plan's text, unchecked. Raises PlanError where it has none."""
    try:
        values = parse_yaml(text, where)
    except ReadError as error:
        raise PlanError(str(error)) from None
    if values is None:
        raise PlanError(f"{where}: the file is empty; a plan needs at least `studies` and `contrasts`")
    if not isinstance(values, dict):
        raise PlanError(f"{where}: expected keys and values, got a {type(values).__name__}")
    return values
