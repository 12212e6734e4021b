"""Where results may not lie: in, around or in the place of what the run reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def place_faults(results: Path, read: Iterable[tuple[str, Path]]) -> Iterator[str]:
    """One sentence for each thing that a run reads and that its results would touch.

    Parameters
    ----------
    results : Path
    read : iterable of (str, Path)
        What it is, in the user's words, and where.
    """
    if set(str(results)) & set("{}"):
        yield f"results: '{results}' holds a brace, which Snakemake takes for a wildcard; choose another name"
    if results.exists() and not results.is_dir():
        yield f"results: '{results}' is a file; expected a folder"
        return
    own = Path(os.path.realpath(results))
    for what, path in read:
        place = Path(os.path.realpath(path))
        if is_below(place, own):
            how = "is" if same(place, own) else "holds"
        elif place.is_dir() and is_below(own, place):
            how = "lies in"
        else:
            continue
        yield (
            f"results: '{results}' {how} {what} ('{path}'); results need a folder of their own, "
            "apart from everything that the run reads"
        )


def is_below(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or lies in it; a disk that does not care for case is asked."""
    return any(same(step, folder) for step in (path, *path.parents))


def same(one: Path, other: Path) -> bool:
    """Whether two paths are one place."""
    if one == other:
        return True
    return one.exists() and other.exists() and os.path.samefile(one, other)
