"""What a job keeps of its results, for the next run into the same folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ipdma.analysis.found import Found, Shard
from ipdma.analysis.kept import Kept
from ipdma.analysis.records import Records
from ipdma.report.drawn import Drawn
from ipdma.runs.jobs import Desk

FOLDER = "private/found"
CODEBOOK = "codebook "  # of a recipe's inputs (`Run.files`); its tables are digested where they are read


def earlier_results(desk: Desk, recipe: Mapping[str, Any], beside: Sequence[str], turn: str = "") -> Found:
    """What a fitting job found in an earlier run, as far as the code and the codebooks are the same.

    Parameters
    ----------
    desk : Desk
    recipe : mapping
        The job's.
    beside : sequence of str
        Other jobs that keep results of the same kind.
    turn : str
        `2-of-3` of a job that makes a share of the results alone.
    """
    with_books = made_with_books(recipe)
    earlier = [earlier_text(desk, job) for job in (desk.job, *beside)]
    if not turn:
        return Found(with_books, *earlier)
    own, _, of = turn.partition("-of-")
    return Shard(with_books, *earlier, turn=int(own), of=int(of))


def earlier_files(desk: Desk, recipe: Mapping[str, Any]) -> Drawn:
    """The figures and tables that an earlier run made with the same code."""
    return Drawn(made_with(recipe), earlier_text(desk, desk.job), desk.results)


def earlier_solutions(desk: Desk, recipe: Mapping[str, Any]) -> Kept:
    """What was worked out of counts tied to each other when an earlier run masked its records."""
    return Kept(made_with(recipe), earlier_text(desk, desk.job))


def earlier_checks(desk: Desk, recipe: Mapping[str, Any]) -> Kept:
    """The checks of the trials' integrity that an earlier run made."""
    return Kept(made_with_books(recipe), earlier_text(desk, desk.job))


def made_with_books(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The code, the versions and the codebooks of a recipe."""
    books = {name: digest for name, digest in recipe["inputs"].items() if name.startswith(CODEBOOK)}
    return {**made_with(recipe), "codebooks": books}


def made_with(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The code and the versions of a recipe."""
    return {key: recipe[key] for key in ("code", "steps", "versions")}


def earlier_text(desk: Desk, job: str) -> str:
    """What a job kept in an earlier run; empty where there is nothing that can be read."""
    try:
        return (desk.results / FOLDER / f"{job}.json").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def tables_found(found: Found, records: Records) -> dict[str, Any]:
    """The tables that a fitting job writes; none of one that makes a share of them: what it finds is kept."""
    return {} if isinstance(found, Shard) else vars(records)


def keep(desk: Desk, kept: Kept) -> None:
    """Keep the results for the next run, and say how many were made.

    That is said on the screen alone, not in the log: how many depends on what the folder held before.
    """
    desk.put(f"{FOLDER}/{desk.job}.json", kept.text())
    print(f"{desk.name}: {kept.again} of {len(kept.used)} results made, the others found", file=sys.stderr)
