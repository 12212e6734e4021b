"""What each job of a run says at its end: what it was made of, and every file that it made, by digest.

A stamp is the one output that Snakemake removes when its job starts, so a job without an end has none. All
else is judged by content: a job is done while its recipe is today's, the stamps that it read are as they
were, and its files are as it left them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdma.provenance import digest_files
from ipdma.writing import write_file

STAMPS = "private/stamps"
MADE = "private/made"
MANIFEST = "manifest.json"
UNFINISHED = "UNFINISHED.txt"
UNBLINDING = "unblinding.json"  # beside the results of a run that had a blinded rehearsal


@dataclass(frozen=True)
class Stamp:
    """One finished job.

    Attributes
    ----------
    job : str
        As `fit/main`.
    recipe : mapping
        Digests of the code, the versions, the plan and the inputs that it was made with.
    read : mapping of str to str
        Digest of each stamp that it built upon, by job.
    files : mapping of str to str
        Digest of each file that it made, by name in the results folder.
    """

    job: str
    recipe: Mapping[str, Any]
    read: Mapping[str, str]
    files: Mapping[str, str]

    def text(self) -> str:
        """The stamp as it is written."""
        return json.dumps(vars(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def stamp_path(results: Path, job: str) -> Path:
    """Where a job's stamp lies."""
    return results / STAMPS / f"{job}.json"


def split_stamp(path: str | Path) -> tuple[Path, str]:
    """The results folder and the job of a stamp's path."""
    folder, _, job = Path(path).as_posix().rpartition(f"/{STAMPS}/")
    return Path(folder), job.removesuffix(".json")


def read_stamp(path: Path) -> Stamp | None:
    """A stamp; None where there is none, or nothing that a job wrote."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Stamp(str(held["job"]), dict(held["recipe"]), dict(held["read"]), dict(held["files"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def read_names(path: Path) -> list[str]:
    """A list of names as `write_names` left it; empty where there is none."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [name for name in held if is_inside(name)] if isinstance(held, list) else []


def is_inside(name: object) -> bool:
    """Whether a name leads to a file of the results folder and not out of it."""
    return (
        isinstance(name, str)
        and bool(name)
        and not Path(name).is_absolute()
        and ".." not in Path(name).parts
        and "\0" not in name
    )


def write_names(results: Path, job: str, names: list[str]) -> None:
    """Remember the files that a job makes, before and after it makes them; it outlives the stamp."""
    write_file(results / MADE / f"{job}.json", json.dumps(sorted(names), indent=1) + "\n", private=True)


def names_made(results: Path, job: str) -> list[str]:
    """The files that a job made here, in this run or an earlier one."""
    return read_names(results / MADE / f"{job}.json")


def jobs_made(results: Path) -> list[str]:
    """Jobs that ever wrote into a results folder."""
    top = results / MADE
    return sorted(path.relative_to(top).as_posix().removesuffix(".json") for path in top.rglob("*.json"))


def all_made(results: Path) -> set[str]:
    """Every file that runs made in a results folder: what its jobs remember, and what its manifest names."""
    names = {name for job in jobs_made(results) for name in names_made(results, job)}
    return names | {name for name in manifest_files(results) if is_inside(name)}


def remove_made(results: Path, name: str) -> None:
    """Remove a file that a run made, and the folders that it leaves empty."""
    path = results / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == results or not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()


def manifest_files(results: Path) -> dict[str, object]:
    """The files that a manifest names; empty where there is no manifest, or none that can be read."""
    try:
        held = json.loads((results / MANIFEST).read_text(encoding="utf-8"))
        return dict(held["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def why_stale(results: Path, job: str, recipe: Mapping[str, object]) -> Iterator[str]:
    """Reasons for which a job that has a stamp is done again; none where it is up to date."""
    path = stamp_path(results, job)
    stamp = read_stamp(path)
    if stamp is None:
        if path.exists():
            yield "its stamp cannot be read"
        return
    if stamp.job != job or json.loads(json.dumps(recipe)) != stamp.recipe:
        yield "it was made from something else"
    for name, digest in stamp.read.items():
        if digest_of(stamp_path(results, name)) != digest:
            yield f"{name} was done again since"
    for name, digest in stamp.files.items():
        found = digest_of(results / name)
        if found != digest and not name.startswith("logs/"):
            yield f"{results / name} {'is missing' if found is None else 'was changed'}"


def digest_of(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None where it is no file that can be read."""
    try:
        return digest_files([path]) if path.is_file() else None
    except OSError:
        return None
