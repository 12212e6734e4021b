"""Which plan and dictionary a bundle was made for: digests by key, so that a difference names its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ipdma.bundle.records import Digests
from ipdma.codebook import Codebook
from ipdma.plan import Plan
from ipdma.plan.words import without_words
from ipdma.provenance import digest_text

DECIDING = (  # keys of a plan on which the moments of a trial depend
    "contrasts",
    "external",
    "hedges",
    "instruments",
    "longitudinal",
    "minimum_cell",
    "missing",
    "models",
    "moderator_analysis",
    "moderators",
    "multiverse",
    "outcomes",
    "primary_model",
    "prognosis",
    "reliable_change",
    "secondary",
    "seed",
    "sensitivity",
    "standardise",
    "time_points",
)


def plan_digests(plan: Plan) -> Digests:
    """Digests of the plan's keys that decide a trial's moments, their words (labels, why) left out."""
    values = without_words(plan.as_mapping())
    return digests_of({key: values[key] for key in DECIDING if key in values})


def dictionary_digests(plan: Plan, codebook: Codebook) -> Digests:
    """Digests of the instruments and variables that the plan can use, as the codebook defines them."""
    scales = {name for outcome in plan["outcomes"] for name in plan.outcome(outcome)["instruments"]}
    for entry in plan["sensitivity"].values():
        scales.update(entry.get("preference") or ())
        scales.update([entry["crosswalk"]] if entry.get("crosswalk") else ())
    found: dict[str, Any] = {f"instruments.{name}": codebook.instruments.get(name) for name in scales}
    found |= {f"variables.{name}": codebook.variables.get(name) for name in codebook.variables}
    return digests_of({name: meaning(asdict(own)) for name, own in found.items() if own is not None})


def meaning(values: Mapping[str, Any]) -> dict[str, Any]:
    """A definition without what is only printed, and without where it was read."""
    printed = (
        "label",
        "labels",
        "description",
        "note",
        "patterns",
        "builtin",
        "bands",
        "band_sets",
        "plausible",
    )
    return {key: value for key, value in values.items() if key not in printed}


def digests_of(values: Mapping[str, Any]) -> Digests:
    """A digest of each key's value, and one of all."""
    keys = {key: digest_text(json.dumps(values[key], sort_keys=True)) for key in sorted(values)}
    return Digests(digest_text(json.dumps(keys, sort_keys=True)), keys)


def differing_keys(ours: Digests, theirs: Digests) -> list[str]:
    """Keys whose digests differ, those that only one has among them."""
    if ours.digest == theirs.digest and ours.keys == theirs.keys:
        return []
    both = sorted({*ours.keys, *theirs.keys})
    return [key for key in both if ours.keys.get(key) != theirs.keys.get(key)] or ["digest"]
