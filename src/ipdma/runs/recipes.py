"""What each job of a run is made from, by digest: the same recipe makes the same files."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ipdma.analysis.reads import keys_read
from ipdma.errors import PlanError
from ipdma.plan import Plan
from ipdma.plan.record import REBUILDING
from ipdma.plan.words import without_words
from ipdma.provenance import digest_code, digest_files, digest_modules, digest_text, find_versions
from ipdma.runs.parts import analyses_of

CODE = {  # rooms whose code a job uses
    "harmonise": ("site", "io"),
    "cohort": ("cohort", "io"),
    "fit": ("analysis", "io"),
    "impute": ("analysis", "io"),
    "integrity": ("integrity", "report", "io"),
    "records": ("disclosure", "io"),
    "report": ("report", "disclosure", "io"),
    "share": ("release", "report", "disclosure", "io"),
}
STEPS = {  # modules of this room that its script calls
    "plan": (),
    "harmonise": ("trials",),
    "cohort": ("bundles", "files", "tables"),
    "fit": ("whole",),
    "impute": ("whole",),
    "integrity": ("bundles", "examine", "files", "found", "integrity_pages"),
    "records": ("explain", "files", "found", "record_files"),
    "report": ("attack_printed", "files", "found"),
    "share": ("share",),
}
BESIDE = {  # modules of rooms that bring the models as well, which make no row
    "cohort": (("plan", ("record",)), ("bundle", ("published",))),
}
OF_ROWS = (  # keys of the plan by which the rows of the contrasts are made
    *("instruments", "standardise", "external", "hedges", "time_points", "contrasts", "outcomes"),
    *("secondary", "reliable_change", "prognosis", "network"),
)
WITH_ROWS = (*REBUILDING, "aggregate")  # and of a sensitivity analysis
WITH_BUNDLES = {"harmonise": ("bundle", "report"), "cohort": ("bundle",), "integrity": ("bundle",)}
PLACES = ("results", "studies", "registry", "aggregate", "codebook")  # told by what lies there
AFTERWARDS = ("share",)  # asked when all numbers are there


@cache
def versions() -> str:
    """One digest of the versions of Python, this package and its libraries."""
    return digest_text(json.dumps(find_versions(), sort_keys=True))


def digest_numbers(plan: Mapping[str, Any], keys: Collection[str] | None = None) -> str:
    """SHA-256 of all in a plan that a number can depend on: without its words and its paths.

    `keys` are those that a job reads; default all.
    """
    return digest_text(json.dumps(numbers_of(plan, [k for k in plan if keys is None or k in keys])))


def numbers_of(plan: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """Some keys of a plan without its words and its paths."""
    values: dict[str, Any] = without_words({k: plan[k] for k in keys if k not in (*PLACES, *AFTERWARDS)})
    return values


def digest_fit(plan: Plan, kind: str, name: str) -> str:
    """SHA-256 of what a fitting job reads of a plan."""
    own = analyses_of("imputation" if kind == "impute" else kind)
    parts = own if name in plan["contrasts"] else [name]
    return digest_numbers(plan, keys_read(parts) | {"contrasts"})


def rows_plan(plan: Plan) -> dict[str, Any]:
    """All that the rows of the contrasts are chosen and scaled by, as a plan without models.

    Of its sensitivity analyses it has those with rows of their own.
    """
    own = {name: keys for name, keys in plan["sensitivity"].items() if plan.changes(name, WITH_ROWS)}
    meant = (*WITH_ROWS, "outcomes", "contrasts", "time_points")
    kept = {name: {k: v for k, v in keys.items() if k in meant} for name, keys in own.items()}
    values = numbers_of(plan, [*OF_ROWS, "level", "interval"])
    return {**values, "sensitivity": kept, "models": {}, "pool": {}}


def digest_inputs(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of each file, by what it is called where people outside may read it.

    Raises
    ------
    PlanError
        Where one cannot be read.
    """
    found = {}
    for label, path in files.items():
        try:
            found[label] = digest_files([path])
        except OSError as error:
            raise PlanError(f"{path}: cannot be read ({error.strerror})") from None
    return found


def codebook_files(folders: Mapping[str, Path]) -> dict[str, Path]:
    """The files of codebooks beside the built-in one, by `LABEL/NAME`."""
    return {
        f"{label}/{path.relative_to(folder).as_posix()}": path
        for label, folder in folders.items()
        for path in sorted(folder.rglob("*.y*ml"))
        if path.is_file()
    }


def make_recipe(
    kind: str, files: Mapping[str, Path], bundles: bool = False, **more: object
) -> dict[str, object]:
    """The recipe of one job: code, versions, inputs, and what of the plan it uses.

    `bundles`: a trial of it came as a bundle, for which further code is used.
    """
    rooms = (*CODE.get(kind, ()), *(WITH_BUNDLES.get(kind, ()) if bundles else ()))
    code = {"code": digest_code(rooms)} if rooms else {}
    named = (("runs", ("jobs", *STEPS[kind])), *BESIDE.get(kind, ()))
    steps = digest_text(" ".join(digest_modules(room, modules) for room, modules in named))
    return {**code, "steps": steps, "versions": versions(), "inputs": digest_inputs(files), **more}
