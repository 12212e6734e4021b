"""A trial's bundle from its folder and a plan, attacked beside what was released of it before."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ipdma.bundle import Bundle, bundle_text, parse_bundle, read_bundle
from ipdma.bundle.records import Withheld
from ipdma.codebook import load_codebook
from ipdma.errors import PlanError, ReadError, join_faults
from ipdma.io import upload_of_files
from ipdma.plan import Plan, read_plan
from ipdma.release.gate import release, ungated
from ipdma.release.make import draft_trial
from ipdma.runs.begin import knot_faults
from ipdma.runs.bundle_file import SUFFIX
from ipdma.site.check import CheckResult
from ipdma.site.harmonise import prepare_upload
from ipdma.writing import write_files

LEDGER = "releases"


@dataclass(frozen=True)
class Outcome:
    """What came of making a bundle.

    Attributes
    ----------
    result : CheckResult
        What the check says of the study; nothing else was done where it is not ready.
    bundle : Bundle or None
        None where nothing may leave.
    withheld : list of Withheld
    earlier : int
        Releases that the ledger holds.
    untried : int
        Searches for whole numbers that were not allowed to end.
    """

    result: CheckResult
    bundle: Bundle | None = None
    withheld: list[Withheld] = field(default_factory=list)
    earlier: int = 0
    untried: int = 0


def make_bundle(
    study_dir: Path, plan_path: Path, out: Path, minimum: int | None = None, ledger: Path | None = None
) -> Outcome:
    """Check, harmonise, work out the moments, attack them, write what may leave and note it in the ledger.

    Parameters
    ----------
    study_dir, plan_path, out : Path
        The study's folder, the plan and the bundle's file. No other study of the plan is opened.
    minimum : int, optional
        Fewest people that may be told of; the plan's `minimum_cell` or more. Where it is 1 the gate is off:
        nothing is attacked or withheld, the ledger is left alone, and the bundle says so.
    ledger : Path, optional
        Folder of earlier releases; default `releases` in the study's folder.

    Raises
    ------
    PlanError
        Where the plan cannot be read or gives knots of no number, or `minimum` is lower than the plan's.
    ReadError
        Where an earlier release cannot be read, or a file not be written.
    """
    plan = read_plan(plan_path)
    minimum = least_people(plan, minimum)
    own = [Path(plan["codebook"])] if plan["codebook"] else []
    result, content = prepare_upload(study_dir, codebooks=own)
    if not result.ready:
        return Outcome(result)
    books = [*own, *([study_dir / "codebook"] if (study_dir / "codebook").is_dir() else [])]
    codebook = load_codebook(books)
    if faults := list(knot_faults(plan["moderators"], codebook)):
        raise PlanError(join_faults(faults))
    draft = draft_trial(upload_of_files(content), plan, codebook, minimum)
    if minimum == 1:
        bundle = ungated(draft)
        write_bundles(out, {out: bundle})
        return Outcome(result, bundle)
    folder = ledger or study_dir / LEDGER
    earlier = read_ledger(folder)
    released = release(draft, plan, minimum, list(earlier.values()))
    if released.bundle is None:
        return Outcome(result, None, released.withheld, len(earlier), released.untried)
    before = next((own for own in earlier.values() if says_the_same(own, released.bundle)), None)
    leaving = before or released.bundle
    write_bundles(out, {out: leaving} if before else {next_place(folder, earlier): leaving, out: leaving})
    return Outcome(result, leaving, released.withheld, len(earlier), released.untried)


def least_people(plan: Plan, asked: int | None) -> int:
    """The plan's `minimum_cell`, or a higher number that the site asks for; PlanError for a lower one."""
    own = int(plan["minimum_cell"])
    if asked is not None and asked < own:
        raise PlanError(
            f"--minimum-cell {asked}: the plan says {own}, and a site may only raise it; leave it out, or "
            f"give {own} or more"
        )
    return asked or own


def read_ledger(folder: Path) -> dict[Path, Bundle]:
    """Earlier releases, the first one first."""
    if not folder.is_dir():
        return {}
    return {path: read_bundle(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}


def says_the_same(first: Bundle, second: Bundle) -> bool:
    """Whether two bundles differ in nothing but what was tried: the ledger grows, the trial does not."""
    texts = [bundle_text(replace(own, gate=replace(own.gate, attacks=()))) for own in (first, second)]
    return texts[0] == texts[1]


def next_place(folder: Path, earlier: Mapping[Path, Bundle]) -> Path:
    """The next file of the ledger."""
    names = [path.name.removesuffix(SUFFIX) for path in earlier]
    return folder / f"{max((int(name) for name in names if name.isdigit()), default=0) + 1:04d}{SUFFIX}"


def write_bundles(out: Path, bundles: Mapping[Path, Bundle]) -> None:
    """Write the bundle and its entry in the ledger, both or neither; a death between leaves the entry alone.

    Raises
    ------
    ReadError
        Where one cannot be written, or would not be read back (a level or label that may not be shown).
    """
    texts = {path.absolute(): bundle_text(own) for path, own in bundles.items()}
    for path, text in texts.items():
        parse_bundle(text, str(out))
        if not is_writable(path.parent):
            raise ReadError(f"{path.parent}: cannot be written to; name another place (--out, --ledger)")
    write_files(out, {str(path): text.encode() for path, text in texts.items()})


def is_writable(folder: Path) -> bool:
    """Whether a folder, or the nearest above it that is there, takes a file."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def way_outs(withheld: Sequence[Withheld]) -> list[str]:
    """What a site can do, each once, in the order of what is withheld."""
    return list(dict.fromkeys(own.way_out for own in withheld if own.way_out))
