"""A results folder holds one plan's results: another plan's are refused, or give way when asked for.

Only files that a run's own lists name are ever removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ipdma.errors import PlanError, ReadError
from ipdma.io import read_text
from ipdma.plan import Plan
from ipdma.plan.words import without_words
from ipdma.runs.stamps import MADE, all_made, jobs_made, names_made, remove_made, stamp_path, why_stale
from ipdma.yaml_values import parse_yaml

PLAN_FILE = "plan.yaml"
WRITTEN = (PLAN_FILE, "estimates.csv", "study_estimates.csv", "counts.csv", "report.html")
NOT_COMPARED = ("results",)  # where the folder itself lies
ABSENT = object()
SHOWN = 5  # files that a line names


def claim(results: Path, plan: Mapping[str, object], overwrite: bool) -> list[str]:
    """Make sure that a results folder is this plan's, or may become so.

    Parameters
    ----------
    results : Path
    plan : mapping
        With defaults filled in.
    overwrite : bool
        Take over the folder of another plan.

    Returns
    -------
    list of str
        Lines to tell.

    Raises
    ------
    PlanError
        When the folder holds another plan's results and `overwrite` is not asked for, naming the keys that
        differ; and when a file of the user's own stands where the run would write.
    """
    differ = foreign_keys(results, plan)
    if not differ:
        return []
    if not overwrite:
        raise PlanError(
            f"{results} holds the results of another plan; these keys differ: {', '.join(differ)}. "
            "Give this plan a `results` folder of its own, or add `--config overwrite=true` to put its "
            "results in their place"
        )
    made = all_made(results)
    strange = [name for name in WRITTEN if (results / name).exists() and name not in made]
    if strange:
        raise PlanError(
            f"{results} holds {', '.join(strange)}, which no run of this version made there; nothing is "
            "removed. Move the files away, or give this plan a `results` folder of its own"
        )
    return [f"{results}: another plan's results give way; these keys differ: {', '.join(differ)}"]


def foreign_keys(results: Path, plan: Mapping[str, object]) -> list[str]:
    """Keys in which a results folder's plan differs from this one; none where the folder is free."""
    path = results / PLAN_FILE
    if not path.is_file():
        made = all_made(results)
        orphaned = [name for name in WRITTEN if (results / name).exists() and name not in made]
        return [f"all ({results} has {orphaned[0]} but no {PLAN_FILE})"] if orphaned else []
    try:
        earlier = parse_yaml(read_text(path), str(path))
    except ReadError:
        earlier = None
    if not isinstance(earlier, Mapping):
        return [f"all ({path} is no plan)"]
    with suppress(PlanError):  # a default that came with a later version is no difference
        earlier = Plan.from_mapping(earlier).as_mapping()
    return list(compare_plans(without_words(earlier), without_words(dict(plan))))


def compare_plans(
    earlier: Mapping[str, object], later: Mapping[str, object], prefix: str = ""
) -> Iterator[str]:
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


def drop_stale(results: Path, recipes: Mapping[str, Any], works: bool) -> list[str]:
    """Take the stamp of every job that is no longer true, so that it is done again.

    Without `works` nothing is changed, and the lines are the same.

    Returns
    -------
    list of str
        At most one line, about files that somebody else changed or removed.
    """
    touched: list[str] = []
    for job, recipe in recipes.items():
        reasons = list(why_stale(results, job, recipe))
        touched += [why for why in reasons if why.endswith(("is missing", "was changed"))]
        if reasons and works:
            stamp_path(results, job).unlink(missing_ok=True)
    if not touched:
        return []
    more = f" and {len(touched) - SHOWN} more" if len(touched) > SHOWN else ""
    return [f"made again, since they are not as the run left them: {'; '.join(touched[:SHOWN])}{more}"]


def remove_other_jobs(results: Path, jobs: Sequence[str], works: bool) -> list[str]:
    """Remove the files of jobs that this run does not have, and nothing else.

    They are another plan's, which gives way, or a trial's that is not there any more. Without `works` nothing
    is removed. Returns at most one line to tell.
    """
    gone = [job for job in jobs_made(results) if job not in jobs and job != "manifest"]
    names = sorted({name for job in gone for name in names_made(results, job)})
    if works:
        for name in names:
            remove_made(results, name)
        for job in gone:
            stamp_path(results, job).unlink(missing_ok=True)
            remove_made(results, f"{MADE}/{job}.json")
            remove_made(results, f"logs/{job}.log")
    if not names:
        return []
    return [
        f"{results}: {len(names)} files that this run does not have {'are' if works else 'would be'} removed"
    ]
