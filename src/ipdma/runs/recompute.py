"""Computes the records of a finished run again from the rows that it kept under private/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.disclosure.mask import COARSE, MEANS
from ipdma.errors import ReadError
from ipdma.plan import Plan, read_plan
from ipdma.report.records import Records, Row
from ipdma.runs.bundles import kept_bundles
from ipdma.runs.files import TYPES_FILE, read_analysis_rows, read_registry, read_typed, with_contrast
from ipdma.runs.layout import find_aggregate
from ipdma.runs.read_run import TABLES


def can_recompute(folder: Path) -> str:
    """Why a run cannot be computed again, or an empty string."""
    cohort = folder / "private" / "cohort"
    if not cohort.is_dir():
        return f"{folder} has no private/ folder with the participants' rows"
    return lacking_tables(read_plan(folder / "plan.yaml"))


def lacking_tables(plan: Plan) -> str:
    """Why a plan's registry or aggregate results cannot be read from here, or an empty string."""
    missing = [str(path) for path in tables_of(plan) if path is not None and not path.is_file()]
    return f"the plan's {', '.join(missing)} cannot be found from here" if missing else ""


def tables_of(plan: Plan) -> tuple[Path | None, Path | None]:
    """The registry and the aggregate results of a plan."""
    registry = Path(plan["registry"]) if plan["registry"] else None
    return registry, find_aggregate(plan)


def codebooks_of(folder: Path, plan: Plan) -> list[Path]:
    """The plan's codebook, and those that the studies' uploads brought."""
    own = [Path(plan["codebook"])] if plan["codebook"] else []
    return own + sorted(p for p in (folder / "private" / "harmonised").glob("*/codebook") if p.is_dir())


def recompute(
    folder: Path, contrasts: Sequence[str] | None, say: Callable[[str], None]
) -> tuple[Records, set[str]]:
    """Run the analyses again, one contrast after the other, exactly as the workflow's fit job does.

    Parameters
    ----------
    folder : Path
        The run's results, with `private/`.
    contrasts : sequence of str or None
        None: all that the run has rows of.
    say : callable
        Told of progress.

    Returns
    -------
    tuple of Records and set of str
        The records, and the first parts of the analysis ids that they cover.

    Raises
    ------
    ReadError
        For a contrast that the run does not have.
    """
    plan = read_plan(folder / "plan.yaml")
    cohort = folder / "private" / "cohort"
    there = sorted(path.parent.name for path in cohort.glob(f"*/{TYPES_FILE}"))
    wanted = list(contrasts or there)
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise ReadError(f"{folder}: no contrast '{unknown[0]}'; there are {', '.join(there)}")
    registry, aggregate = (read_registry(path) for path in tables_of(plan))
    participants = read_typed(cohort / "participants")
    bundles = kept_bundles(sorted((folder / "private" / "harmonised").glob("*")))
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for contrast in wanted:
        say(f"computing {contrast} again")
        tables, variants = with_contrast(contrast, read_analysis_rows(cohort / contrast))
        records = analyse(
            tables,
            plan,
            registry=registry,
            aggregate=aggregate,
            variants=variants,
            participants=participants,
            codebook=load_codebook(codebooks_of(folder, plan)),
            bundles=bundles,
            say=say,
        )
        for name in TABLES:
            found[name].append(getattr(records, name))
    whole = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
    whole["counts"] = whole["counts"].drop_duplicates(ignore_index=True)
    covered = set(wanted) | (set() if contrasts else {"cohort"})
    return Records.from_tables(*(keep(whole[name], covered) for name in TABLES)), covered


def round_as_told(again: Records, told: Records) -> Records:
    """Records with the means rounded that a run tells rounded, as it withholds how many people they are of.

    Parameters
    ----------
    again : Records
        Computed again, whole.
    told : Records
        The record files that may leave, with what is withheld.
    """
    rounded = {
        (row.text("analysis_id"), row.key)
        for row in told.counts
        if row.text("what") in MEANS and row.withheld and row.number("n") is None
    }
    counts = [
        Row({**row, "value": round(value, COARSE)}, row.file, row.line)
        if (value := row.number("value")) is not None and (row.text("analysis_id"), row.key) in rounded
        else row
        for row in again.counts
    ]
    return Records(again.estimates, again.study_estimates, counts)


def keep(table: pd.DataFrame, covered: set[str]) -> pd.DataFrame:
    """Rows of the contrasts that were asked for."""
    return table[table["analysis_id"].astype(str).str.split(".").str[0].isin(covered)].reset_index(drop=True)
