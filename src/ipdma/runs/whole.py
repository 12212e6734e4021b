"""A fitting job that would read what it read before takes its files as they are, and loads nothing for it."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipdma.provenance import digest_text
from ipdma.runs.bundle_file import KEPT
from ipdma.runs.jobs import Desk
from ipdma.runs.stamps import digest_of

FOLDER = "private/whole"


def fit_or_take(desk: Desk, work: Any) -> None:
    """The files of a fitting job: an earlier run's where all that it reads is as it was, else made.

    Parameters
    ----------
    desk : Desk
    work : object
        See `digest_read` and `fit_contrast`.
    """
    read = digest_read(work)
    if not take_whole(desk, read):
        # here, since to load what models need takes longer than to see that nothing changed
        from ipdma.runs.fit_contrast import fit_contrast

        fit_contrast(desk, work)
        keep_whole(desk, read)


def digest_read(work: Any) -> str:
    """SHA-256 of all that a fitting job reads.

    Parameters
    ----------
    work : object
        Snakemake's: `wildcards.contrast`, and of `params` the `recipe`, whether it counts `everyone`, the
        `plan`, and where `rows`, `participants` and `uploads` lie.
    """
    params, contrast = work.params, work.wildcards.contrast
    rows = [digest_of(path) for path in sorted(Path(params.rows).iterdir())]
    bundles = [digest_of(Path(folder) / KEPT) for folder in params.uploads]
    held = [dict(params.recipe), rows, bundles]
    if params.participants is not None:
        cells = json.loads((Path(params.rows) / "types.json").read_text(encoding="utf-8"))["cells"]
        of_all = params.everyone or not cells  # a contrast without rows counts the people of all
        keys = None if of_all else params.plan["contrasts"].get(contrast, {})
        held.append([params.everyone, *people_read(Path(params.participants), keys)])
    return digest_text(json.dumps(held, sort_keys=True))


def people_read(path: Path, keys: Mapping[str, Sequence[str]] | None) -> Iterator[object]:
    """Of the table of all participants what is read for a contrast of these `keys`, or for all (None).

    Of a contrast those of its conditions, in trials that have both sides; and which trials there are.
    """
    yield Path(f"{path}.json").read_text(encoding="utf-8")
    if keys is None:
        yield digest_of(Path(f"{path}.csv"))
        return
    with Path(f"{path}.csv").open(encoding="utf-8", newline="") as stream:
        people = list(csv.DictReader(stream))
    sides = [set(keys.get(side, ())) for side in ("reference", "active")]
    both = set.intersection(*({p["study"] for p in people if p["condition"] in side} for side in sides))
    yield sorted({person["study"] for person in people})
    yield [p for p in people if p["study"] in both and p["condition"] in set.union(*sides)]


def take_whole(desk: Desk, read: str) -> bool:
    """Put the files of an earlier run, and say what it said; False where they are to be made.

    Parameters
    ----------
    desk : Desk
    read : str
        What the job reads, as `digest_read` has it.
    """
    own = f"{FOLDER}/{desk.job}.json"
    try:
        text = (desk.results / own).read_text(encoding="utf-8")
        held = json.loads(text)
        files = {name: (desk.results / name).read_bytes() for name in held["files"]} | {own: text.encode()}
        if held["read"] != read or digests(files, but=own) != held["files"]:
            return False
        said = list(held["said"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    desk.put_all(files)
    for line in said:
        desk.say(line)
    print(f"{desk.name}: what it reads is as it was, and so are its files", file=sys.stderr)
    return True


def keep_whole(desk: Desk, read: str) -> None:
    """Keep what a job made and said, for `take_whole`."""
    held = {"read": read, "files": digests(desk.files), "said": desk.said}
    desk.put(f"{FOLDER}/{desk.job}.json", json.dumps(held, indent=1, sort_keys=True) + "\n")


def digests(files: Mapping[str, bytes], but: str = "") -> dict[str, str]:
    """SHA-256 of files, by name, without one of them."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != but}
