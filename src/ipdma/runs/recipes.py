"""What each job of a run is made from, by digest: the same recipe makes the same files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ipdma.errors import PlanError
from ipdma.plan.words import without_words
from ipdma.provenance import digest_code, digest_files, digest_text, find_versions

CODE = {  # rooms whose code a job uses
    "harmonise": ("site",),
    "cohort": ("cohort",),
    "fit": ("analysis",),
    "impute": ("analysis",),
    "integrity": ("integrity",),
    "records": ("disclosure",),
    "report": ("report", "disclosure"),
    "share": ("release",),
}
WITH_BUNDLES = ("harmonise", "cohort", "integrity")
PLACES = ("results", "studies", "registry", "aggregate", "codebook")  # told by what lies there
AFTERWARDS = ("share",)  # asked when all numbers are there


@cache
def versions() -> str:
    """One digest of the versions of Python, this package and its libraries."""
    return digest_text(json.dumps(find_versions(), sort_keys=True))


def digest_numbers(plan: Mapping[str, object]) -> str:
    """SHA-256 of all in a plan that a number can depend on: without its words and its paths."""
    values = {
        key: value for key, value in without_words(dict(plan)).items() if key not in (*PLACES, *AFTERWARDS)
    }
    return digest_text(json.dumps(values))


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

    `bundles`: a trial of it came as a bundle, whose rows are made with further code.
    """
    rooms = CODE.get(kind, ())
    if bundles and kind in WITH_BUNDLES:
        rooms = (*rooms, "bundle")
    code = {"code": digest_code(rooms)} if rooms else {}
    return {**code, "versions": versions(), "inputs": digest_inputs(files), **more}
