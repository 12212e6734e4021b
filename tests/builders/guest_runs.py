"""Runs of a small plan in which some trials are bundles, some of their blocks taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ipdma.analysis.records import Records
from ipdma.analysis.run import analyse
from ipdma.bundle.guest import everyone, guest_of
from ipdma.bundle.records import Block, Bundle
from ipdma.codebook import load_codebook
from ipdma.cohort import Upload, stack
from ipdma.plan import Plan
from ipdma.release.gate import release, ungated
from ipdma.release.make import draft_trial
from ipdma.runs.files import with_contrast
from ipdma.runs.tables import build_tables
from tests.builders.uploads import upload_of

SMALL_PLAN = {
    "studies": "trials",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist"]}},
    "outcomes": {"depression": {"family": "gaussian"}},
    "models": {"primary": {"covariates": ["baseline"]}, "older": {"covariates": ["age"]}},
    "primary_model": "primary",
    "moderators": {"sex": {"column": "sex", "type": "categorical"}},
    "sensitivity": {},
    "multiverse": {"enabled": False},
    "minimum_cell": 1,
}


def five_trials() -> dict[str, Upload]:
    """Trials of 60 and 55 people; some lack the outcome or their age."""
    return {f"T{i}": upload_of(f"T{i}", seed=i, gone=3 * i, unaged=2 * i) for i in range(1, 6)}


def run_with(
    uploads: Mapping[str, Upload],
    as_bundles: Sequence[str],
    parts: Sequence[str],
    without: Callable[[Block], bool] = lambda block: False,
    contrast: str = "main",
    change: Callable[[Bundle], Bundle] = lambda bundle: bundle,
    **keys: Any,
) -> Records:
    """The records of the small plan, its keys changed; `without` says which blocks no bundle has."""
    plan, codebook = Plan.from_mapping({**SMALL_PLAN, **keys}), load_codebook()
    made = [change(bundle_of(uploads[name], plan)) for name in as_bundles]
    bundles = [replace(own, blocks=tuple(b for b in own.blocks if not without(b))) for own in made]
    kept = [upload for name, upload in uploads.items() if name not in as_bundles]
    cohort = stack(kept, codebook, None, [guest_of(bundle) for bundle in bundles])
    tables, variants = with_contrast(contrast, build_tables(cohort, plan, contrast))
    people = everyone(cohort, bundles)
    return analyse(
        tables, plan, variants=variants, participants=people, codebook=codebook, bundles=bundles, parts=parts
    )


def bundle_of(upload: Upload, plan: Plan) -> Bundle:
    """What leaves of a trial under a plan; everything where its gate is off."""
    minimum = plan["minimum_cell"]
    draft = draft_trial(upload, plan, load_codebook(), minimum)
    made = ungated(draft) if minimum == 1 else release(draft, plan, minimum).bundle
    assert made is not None
    return made


def told(records: Records) -> dict[str, str]:
    """What bundles do not tell, by analysis; sentences on one analysis together."""
    notes = records.notes[records.notes.kind == "not_in_bundle"]
    return {str(name): "; ".join(own.text) for name, own in notes.groupby("analysis_id")}
