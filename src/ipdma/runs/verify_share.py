"""Holds a shared folder against its description, and its records against what its bundles give."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ipdma.analysis.records import Records
from ipdma.analysis.run import analyse
from ipdma.bundle import Bundle, read_bundle
from ipdma.bundle.guest import everyone, guest_of
from ipdma.codebook import Codebook, load_codebook
from ipdma.cohort import stack
from ipdma.cohort.standardise import Constant
from ipdma.errors import ReadError, join_faults
from ipdma.plan import Plan, read_plan
from ipdma.release.attacks.standardisers import STANDARDISERS
from ipdma.runs.bundle_file import SUFFIX
from ipdma.runs.bundles import bundle_faults
from ipdma.runs.crate import METADATA, crate_digests
from ipdma.runs.files import read_record, read_registry, with_contrast
from ipdma.runs.hold import NOBODYS
from ipdma.runs.parts import analyses_of
from ipdma.runs.tables import build_tables

KEYS = ["analysis_id", "term", "level"]
NUMBERS = ("estimate", "std_error", "df", "ci_low", "ci_high", "p_value", "tau2")
TOLERANCE = 1e-6  # relative, as `verify` has it for rows
Say = Callable[[str], None]


@dataclass(frozen=True)
class Recomputed:
    """Estimates of a shared folder beside those that its bundles give.

    Attributes
    ----------
    held, differing, lacking : tuple of str
        Estimates that came out the same; those that did not; those that the bundles do not carry.
    """

    held: tuple[str, ...]
    differing: tuple[str, ...]
    lacking: tuple[str, ...]


def is_shared(folder: Path) -> bool:
    """Whether a folder is what a run shared."""
    return (folder / METADATA).is_file() and (folder / "bundles").is_dir()


def hold_share(folder: Path) -> Iterator[str]:
    """One sentence for each file that is not as the description says.

    Raises
    ------
    ReadError
        Where the description cannot be read.
    """
    try:
        named = crate_digests((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ReadError(
            f"{folder / METADATA}: no description of a shared folder as a run writes it"
        ) from None
    for name, digest in named.items():
        path = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute() or not path.is_file():
            yield f"{name}: missing; the description names it"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{name}: changed since it was shared"
    for below, _, names in sorted(os.walk(folder)):
        for found in sorted(names):
            place = (Path(below) / found).relative_to(folder).as_posix()
            if place not in named and place != METADATA and found not in NOBODYS:
                yield f"{place}: added; the description does not name it"


def read_shared(folder: Path) -> tuple[Plan, Codebook, list[Bundle]]:
    """The plan, the codebook and the bundles of a shared folder.

    Raises
    ------
    ReadError
        Naming every bundle that cannot be read, stands twice, or was made for another plan or dictionary.
    """
    plan = read_plan(folder / "plan.yaml")
    codebook = load_codebook([folder / "codebook"] if (folder / "codebook").is_dir() else [])
    bundles, faults = [], []
    for path in sorted((folder / "bundles").glob(f"*{SUFFIX}")):
        try:
            bundle = read_bundle(path)
        except ReadError as error:
            faults += str(error).splitlines()
            continue
        faults += bundle_faults(path, bundle, plan, codebook)
        bundles.append(bundle)
    names = [bundle.study_id for bundle in bundles]
    faults += [f"two bundles are of trial '{name}'" for name in sorted(set(names)) if names.count(name) > 1]
    if faults or not bundles:
        raise ReadError(join_faults(faults or [f"{folder / 'bundles'}: no bundle"]))
    return plan, codebook, bundles


def recompute_share(folder: Path, say: Say) -> Recomputed:
    """Compute the estimates again from the bundles and hold them against the shared records.

    Raises ReadError as `read_shared` does.
    """
    plan, codebook, bundles = read_shared(folder)
    shared = with_choices(*(read_record(folder / f"{name}.csv") for name in ("estimates", "counts")))
    found = records_again(folder, plan, codebook, bundles, say)
    again = pd.concat([with_choices(own.estimates, own.counts) for own in found], ignore_index=True)
    return compare_estimates(shared, again, inexact_models(plan, bundles))


def with_choices(estimates: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Estimates with `choices`: what an analysis of the multiverse chose, whose number depends on the others.

    Empty for every other analysis.
    """
    chosen: dict[str, list[str]] = {}
    for row in counts[counts["what"] == "choice"].to_dict("records"):
        chosen.setdefault(str(row["analysis_id"]), []).append(f"{row['variable']}={row['level']}")
    texts = ["; ".join(sorted(chosen.get(str(name), ()))) for name in estimates["analysis_id"]]
    return estimates.assign(choices=texts)


def records_again(
    folder: Path, plan: Plan, codebook: Codebook, bundles: Sequence[Bundle], say: Say
) -> Iterator[Records]:
    """The records of each contrast from the bundles alone."""
    registry, aggregate = (
        read_registry(folder / name) if (folder / name).is_file() else None
        for name in ("registry.tsv", "aggregate.tsv")
    )
    cohort = stack([], codebook, registry, [guest_of(bundle) for bundle in bundles])
    cohort.constants.update(printed_constants(plan, read_record(folder / "counts.csv")))
    for contrast in plan["contrasts"]:
        say(f"computing {contrast} from the bundles")
        tables, variants = with_contrast(contrast, build_tables(cohort, plan, contrast, aggregate))
        records = analyse(
            tables,
            plan,
            registry=registry,
            aggregate=aggregate,
            variants=variants,
            participants=everyone(cohort, bundles),
            codebook=codebook,
            bundles=bundles,
            parts=analyses_of("fit"),
            say=say,
        )
        yield records


def printed_constants(plan: Plan, counts: pd.DataFrame) -> dict[object, Constant]:
    """The constants over all trials that the run printed, as the cohort keeps them.

    Where a site withheld its sum of squares the bundles alone give nearly, and not quite, the same.
    """
    found: dict[object, Constant] = {}
    for row in counts[counts["what"] == "standardiser"].to_dict("records"):
        contrast, outcome, timepoint = str(row["analysis_id"]).split(".")[:3]
        if contrast not in plan["contrasts"] or pd.isna(row["value"]) or not pd.isna(row["study"]):
            continue
        own = plan.outcome(outcome)
        rating, _, scoring = str(row["level"]).partition("/")
        scale = (str(row["variable"]), rating, scoring)
        n = 0 if pd.isna(row["n"]) else int(row["n"])
        key = (own["standardise"], scale, "", repr(plan["time_points"][timepoint]), own["hedges"])
        found[key] = Constant(float(row["value"]), n, n, "", own["standardise"])
    return found


def inexact_models(plan: Plan, bundles: Sequence[Bundle]) -> set[str]:
    """Sensitivity analyses with constants of their own, where a site withheld a sum of squares."""
    if not any(own.attack == STANDARDISERS for bundle in bundles for own in bundle.gate.withheld):
        return set()
    return {
        name for name, own in plan["sensitivity"].items() if own.get("standardise") or own.get("crosswalk")
    }


def compare_estimates(shared: pd.DataFrame, again: pd.DataFrame, inexact: set[str]) -> Recomputed:
    """Sort the shared estimates by what the bundles say of them.

    An estimate is carried where the bundles give one on the same trials and people; else the run had trials
    for it whose bundles say nothing of it.
    """
    ours = {question(row): row for row in again.to_dict("records")}
    held, differing, lacking = [], [], []
    for row in shared.to_dict("records"):
        name = " ".join(part for part in key(row) if part)
        other = ours.get(question(row))
        if other is None or row["model"] in inexact or not same_people(row, other):
            lacking.append(name)
        elif all(is_close(row[number], other[number]) for number in NUMBERS):
            held.append(name)
        else:
            differing.append(
                f"{name}: {row['estimate']} in the records, {other['estimate']} from the bundles"
            )
    return Recomputed(tuple(held), tuple(differing), tuple(lacking))


def key(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """What names an estimate."""
    return tuple("" if pd.isna(row[name]) else str(row[name]) for name in KEYS)


def question(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """What an estimate answers: its name, or the choices that a number of the multiverse stands for."""
    name, *rest = key(row)
    return (name.partition(":")[0] if row["choices"] else name, str(row["choices"]), *rest)


def same_people(row: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Whether two estimates are of as many trials and people, as far as both are told."""
    return all(is_close(row[name], other[name]) for name in ("k", "n") if not is_empty(row[name]))


def is_empty(value: Any) -> bool:
    """Whether a cell is missing."""
    return value is None or bool(pd.isna(value))


def is_close(a: Any, b: Any) -> bool:
    """Whether two cells are both missing or the same number to the tolerance."""
    if is_empty(a) or is_empty(b):
        return is_empty(a) and is_empty(b)
    x, y = float(a), float(b)
    return x == y or abs(x - y) <= TOLERANCE * max(1.0, abs(x), abs(y))
