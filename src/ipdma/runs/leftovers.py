"""A results folder holds one plan's results: another plan's are refused, or removed when asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ipdma.errors import PlanError
from ipdma.io import read_text
from ipdma.yaml_values import parse_yaml

PLAN_FILE = "plan.yaml"
FOLDERS = ("private", "parts", "tables", "figures", "validation", "integrity", "logs")
FILES = (
    PLAN_FILE,
    "estimates.csv",
    "study_estimates.csv",
    "counts.csv",
    "report.html",
    "claims.csv",
    "claims.json",
    "captions.json",
    "prisma_ipd.html",
    "prisma_ipd.docx",
    "prisma_ipd.json",
    "provenance.json",
)
NOT_COMPARED = ("results",)  # where the folder itself lies
ABSENT = object()


def claim(results: Path, plan: Mapping[str, Any], overwrite: bool, dry_run: bool) -> str | None:
    """Make sure that a results folder is this plan's.

    Parameters
    ----------
    results : Path
    plan : mapping
        With defaults filled in.
    overwrite : bool
        Remove an earlier plan's files instead of refusing them.
    dry_run : bool
        Remove nothing.

    Returns
    -------
    str or None
        A line to tell, where files were (or would be) removed.

    Raises
    ------
    PlanError
        When the folder holds another plan's results and `overwrite` is not asked for, naming the keys that
        differ.
    """
    differ = foreign_keys(results, plan)
    if not differ:
        return None
    if not overwrite:
        raise PlanError(
            f"{results} holds the results of another plan; these keys differ: {', '.join(differ)}. "
            "Give this plan a `results` folder of its own, or add `--config overwrite=true` to remove the "
            "earlier results"
        )
    if dry_run:
        return f"{results}: the earlier plan's files would be removed first"
    remove_run(results)
    return f"{results}: the earlier plan's files are removed"


def foreign_keys(results: Path, plan: Mapping[str, Any]) -> list[str]:
    """Keys in which a results folder's plan differs from this one; none where the folder is free."""
    path = results / PLAN_FILE
    if not path.is_file():
        orphaned = [name for name in FILES if (results / name).exists()]
        return [f"all ({results} has {orphaned[0]} but no {PLAN_FILE})"] if orphaned else []
    earlier = parse_yaml(read_text(path), str(path))
    if not isinstance(earlier, Mapping):
        return [f"all ({path} is no plan)"]
    return list(compare_plans(earlier, plan))


def compare_plans(earlier: Mapping[str, Any], later: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted keys in which two plans differ, in the order of their names."""
    for key in sorted({*earlier, *later}, key=str):
        name = f"{prefix}{key}"
        a, b = earlier.get(key, ABSENT), later.get(key, ABSENT)
        if name in NOT_COMPARED or a == b:
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from compare_plans(a, b, f"{name}.")
        else:
            yield name


def remove_run(results: Path) -> None:
    """Remove what runs write from a results folder, and nothing else."""
    for name in FILES:
        (results / name).unlink(missing_ok=True)
    for name in FOLDERS:
        folder = results / name
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir():
            shutil.rmtree(folder)
