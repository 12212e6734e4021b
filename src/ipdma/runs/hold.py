"""Holds every file of a results folder against its manifest: changed, missing, added, not of this run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ipdma.errors import IpdmaError
from ipdma.plan import read_plan
from ipdma.provenance import digest_code, digest_text
from ipdma.runs.layout import Run
from ipdma.runs.lock import LOCK
from ipdma.runs.manifest import as_text, gather_stamps
from ipdma.runs.recipes import CODE
from ipdma.runs.stamps import MANIFEST, STAMPS, UNBLINDING, UNFINISHED, digest_of, is_inside
from ipdma.runs.studies import find_studies

# What systems and Snakemake leave in folders of their own accord.
NOBODYS = {".DS_Store", "Thumbs.db", "desktop.ini", ".gitkeep", ".snakemake_timestamp"}
PRIVATE = "private/"
WORKING = (LOCK, f"{PRIVATE}to_fix/")  # of a run at work, or one that stopped


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """A manifest; None where there is none, or it is not as `seal` wrote it."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        held = dict(json.loads(text))
        digest = held.pop("digest")
        whole = as_text({**held, "digest": digest}) == text and digest == digest_text(as_text(held))
        named = all(is_inside(n) and isinstance(e["sha256"], str) for n, e in held["files"].items())
        return held if whole and named and isinstance(held["jobs"], dict) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def drawn_by_other_code(folder: Path) -> bool:
    """Whether today's code of tables and pages is not that which drew those of a run."""
    try:
        told = (read_manifest(folder) or {})["jobs"]["report"]["recipe"]["code"]
    except (KeyError, TypeError):
        return False
    return bool(told != digest_code(CODE["report"]))


def hold_files(folder: Path) -> Iterator[str]:
    """One sentence for each file that is not as the run left it.

    Without `private/` its files are not asked for; times, owners and where the folder lies do not matter.
    """
    if (folder / UNFINISHED).exists():
        yield (
            f"{UNFINISHED}: a run into this folder has begun and has not finished; its files are an earlier "
            "run's, or partly of each"
        )
    if not (folder / MANIFEST).is_file():
        yield f"{MANIFEST}: missing; the run has not finished, or the list of its files was removed"
        return
    manifest = read_manifest(folder)
    if manifest is None:
        yield f"{MANIFEST}: changed since the run; it is not as a run writes it"
        return
    if (folder / STAMPS).is_dir() and gather_stamps(folder) != (manifest["jobs"], manifest["files"]):
        yield f"{MANIFEST}: not what the jobs of the run say of their files (private/stamps)"
    yield from hold_named(folder, manifest["files"])
    yield from hold_plan(folder, manifest["jobs"])
    for name in added(folder, manifest["files"]):
        yield f"{name}: added; no job of the run made it"


def hold_named(folder: Path, files: Mapping[str, Any]) -> Iterator[str]:
    """Files of the manifest that are gone or hold something else."""
    public = not (folder / PRIVATE).is_dir()
    for name, entry in files.items():
        if public and name.startswith(PRIVATE):
            continue
        found = digest_of(folder / name)
        if found is None:
            yield f"{name}: missing; the run made it"
        elif found != entry["sha256"]:
            yield f"{name}: changed since the run"


def hold_plan(folder: Path, jobs: Mapping[str, Any]) -> Iterator[str]:
    """A sentence where the plan in the folder is not that with which the report was made."""
    report = jobs.get("report")
    recipe = report.get("recipe") if isinstance(report, dict) else None
    told = recipe.get("plan") if isinstance(recipe, dict) else None
    try:
        plan = digest_text((folder / "plan.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # missing or changed, which is said
    if told not in (None, plan):
        yield "plan.yaml: not the plan that the jobs of the run name"


def added(folder: Path, files: Mapping[str, object]) -> Iterator[str]:
    """Files that no manifest names, in the order of their names."""
    found = []
    for below, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(below) / name).is_symlink()]
        found += [(Path(below) / name).relative_to(folder).as_posix() for name in [*names, *links]]
    for name in sorted(found):
        known = name in files or name in (MANIFEST, UNFINISHED, UNBLINDING) or name.startswith(WORKING)
        if not known and name.rpartition("/")[2] not in NOBODYS:
            yield name


def hold_inputs(folder: Path) -> Iterator[str]:
    """What the run read and that has changed since, as far as it can be found from here."""
    manifest = read_manifest(folder)
    if manifest is None:
        return
    try:
        plan = read_plan(folder / "plan.yaml")
        run = Run(plan, folder, tuple(find_studies(plan["studies"])), "", [])
    except IpdmaError:
        yield "not looked at: the data of the plan cannot be found from here"
        return
    seen: set[str] = set()
    for job, made in manifest["jobs"].items():
        noted = made.get("recipe", {}).get("inputs", {}) if isinstance(made, dict) else {}
        try:
            files = run.files(job)
        except StopIteration:
            yield f"{job.partition('/')[2]}: a trial of the run that is not there any more"
            continue
        for label, digest in noted.items():
            path = files.get(label)
            if label not in seen and (path is None or digest_of(path) != digest):
                seen.add(label)
                why = "not there any more" if path is None else f"changed since the run ({path})"
                yield f"{label}: {why}"
