"""A blinded plan on the true arms, and the record of what changed between the rehearsal and the run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ipdma.errors import PlanError
from ipdma.plan import Plan, read_plan
from ipdma.provenance import digest_code, digest_text
from ipdma.runs.blinding import BLIND_KEY, blind_key
from ipdma.runs.hold import hold_files, read_manifest
from ipdma.runs.layout import digest_key
from ipdma.runs.manifest import as_text, seal
from ipdma.runs.stamps import STAMPS, UNBLINDING, read_stamp
from ipdma.writing import write_file

SUFFIX = "-unblinded"
MEANT = ("blind", "results")  # keys of the plan that an unblinding changes
SNAKEFILES = ("Snakefile", "workflow/Snakefile")


def unblind(path: Path) -> tuple[Path, dict[str, Any]]:
    """Run a plan that was rehearsed blinded on the true arms.

    Parameters
    ----------
    path : Path
        The plan, with `blind: true`. The results go beside those of the rehearsal, into `RESULTS-unblinded`.

    Returns
    -------
    Path, dict
        The folder, and the record that is written there as `unblinding.json`.

    Raises
    ------
    PlanError
        Where there is nothing to unblind, the rehearsal was changed, the key is another one, or the run did
        not end.
    """
    plan = read_plan(path)
    rehearsal = Path(plan["results"])
    before = check_rehearsal(path, plan, rehearsal)
    target = Path(f"{plan['results']}{SUFFIX}")
    run_workflow(path, target)
    after = read_manifest(target)
    if after is None:
        raise PlanError(f"{target}: the run left no manifest; run the command again")
    record = record_of(before, after, read_plan(rehearsal / "plan.yaml"), read_plan(target / "plan.yaml"))
    write_file(target / UNBLINDING, seal(record))
    return target, record


def check_rehearsal(path: Path, plan: Plan, rehearsal: Path) -> dict[str, Any]:
    """The manifest of the blinded run.

    Raises
    ------
    PlanError
        Where the plan is not blinded, its run has not finished or was changed, or the key is not its key.
    """
    if not plan["blind"]:
        raise PlanError(f"{path}: the plan has no `blind: true`, so that there is nothing to unblind")
    if not any(Path(name).is_file() for name in SNAKEFILES):
        raise PlanError("there is no Snakefile here; run the command where `snakemake` runs the plan")
    key = digest_key(blind_key())
    manifest = read_manifest(rehearsal)
    if manifest is None or not read_plan(rehearsal / "plan.yaml")["blind"]:
        raise PlanError(
            f"{rehearsal}: no finished blinded run lies here; run "
            f"`snakemake --cores all --configfile {path}` first"
        )
    held = [read_stamp(stamp) for stamp in sorted((rehearsal / STAMPS / "harmonise").glob("*.json"))]
    keys = {stamp.recipe.get("blind") for stamp in held if stamp is not None}
    if keys != {key}:
        raise PlanError(
            f"{BLIND_KEY}: this is not the key that the run in {rehearsal} was blinded with; "
            "unblind with that one"
        )
    faults = list(hold_files(rehearsal))
    if faults:
        raise PlanError(f"{rehearsal}: the blinded results are not as the run left them: {faults[0]}")
    return manifest


def run_workflow(path: Path, target: Path) -> None:
    """The same workflow with the true arms; its lines go where this command's go.

    Raises PlanError where it stops.
    """
    changed = ["blind=False", f"results={target.as_posix()}"]
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--configfile", str(path)]
    environment = {name: value for name, value in os.environ.items() if name != BLIND_KEY}
    ended = subprocess.run([*command, "--config", *changed], check=False, env=environment)
    if ended.returncode:
        raise PlanError(f"{path}: the unblinded run stopped (see above); nothing was recorded")


def record_of(
    before: Mapping[str, Any], after: Mapping[str, Any], blinded: Plan, plain: Plan
) -> dict[str, Any]:
    """What was the same between rehearsal and run, and what was not."""
    keys = [key for key in plain if key not in MEANT and plain[key] != blinded[key]]
    changed = {
        "plan": keys,
        "code": sorted({*differing(before, after, "code"), *other_package(before)}),
        "inputs": sorted(differing_inputs(before, after)),
        "versions": sorted(
            name for name in after["versions"] if after["versions"][name] != before["versions"].get(name)
        ),
    }
    return {
        "unblinded": True,
        "changed": changed,
        "unchanged": not any(changed.values()),
        "blinded_manifest": digest_text(as_text(dict(before))),
        "manifest": digest_text(as_text(dict(after))),
        "code": {
            job: made["recipe"]["code"] for job, made in after["jobs"].items() if "code" in made["recipe"]
        },
    }


def other_package(before: Mapping[str, Any]) -> Iterator[str]:
    """`package` where any code of this package is not what the rehearsal ran with."""
    known = {made["recipe"].get("package") for made in before["jobs"].values()} - {None}
    if known != {digest_code(["runs"])}:
        yield "package"


def differing(before: Mapping[str, Any], after: Mapping[str, Any], what: str) -> Iterator[str]:
    """Jobs of both runs whose recipes differ in one thing."""
    for job, made in after["jobs"].items():
        earlier = before["jobs"].get(job)
        if earlier is not None and earlier["recipe"].get(what) != made["recipe"].get(what):
            yield job


def differing_inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Files that both runs read and that differ between them."""
    one, other = (gathered(manifest) for manifest in (before, after))
    return {label for label in one.keys() & other.keys() if one[label] != other[label]}


def gathered(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The digests of all inputs of a run."""
    return {
        label: digest
        for made in manifest["jobs"].values()
        for label, digest in made["recipe"].get("inputs", {}).items()
    }
