"""The list of every file of a finished run, with digests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ipdma.provenance import digest_text, find_versions
from ipdma.runs.stamps import (
    MADE,
    STAMPS,
    UNFINISHED,
    digest_of,
    read_stamp,
    stamp_path,
)
from ipdma.writing import write_file

KEYED = ("pseudonyms", "blind")  # of a recipe: digests of keys, which stay in private stamps


def finish(manifest: str | Path, log: str | Path) -> None:
    """Write the manifest from the stamps of all jobs, and take the mark away."""
    path = Path(manifest)
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    Path(log).write_text("done\n", encoding="utf-8")
    write_file(path, build_manifest(path.parent))
    (path.parent / UNFINISHED).unlink(missing_ok=True)


def build_manifest(results: Path) -> str:
    """The manifest of a results folder as text.

    `jobs` has each job's recipe (digests of code, plan and inputs), `files` the digest of every file and the
    job that made it, `digest` that of all the rest.
    """
    jobs, files = gather_stamps(results)
    return seal({"versions": find_versions(), "jobs": jobs, "files": files})


def gather_stamps(results: Path) -> tuple[dict[str, object], dict[str, object]]:
    """The jobs and the files of a manifest, as the jobs' stamps have them."""
    jobs: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for path in sorted((results / STAMPS).rglob("*.json")):
        stamp = read_stamp(path)
        if stamp is None or stamp_path(results, stamp.job) != path:
            continue
        recipe = {key: value for key, value in stamp.recipe.items() if key not in KEYED}
        jobs[stamp.job] = {"recipe": recipe, "read": sorted(stamp.read)}
        own = dict(stamp.files)
        for kind in (STAMPS, MADE):
            own[f"{kind}/{stamp.job}.json"] = digest_of(results / kind / f"{stamp.job}.json") or ""
        files |= {name: {"sha256": digest, "job": stamp.job} for name, digest in own.items()}
    log = digest_of(results / "logs" / "manifest.log") or ""
    files["logs/manifest.log"] = {"sha256": log, "job": "manifest"}
    return jobs, files


def seal(held: dict[str, object]) -> str:
    """The text of a manifest, with the digest of its content."""
    return as_text({**held, "digest": digest_text(as_text(held))})


def as_text(held: dict[str, object]) -> str:
    """The one way in which a manifest is written."""
    return json.dumps(held, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
