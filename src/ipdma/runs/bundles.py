"""Trials of a run that came as bundles: admitted, read back, and held against the plan and the dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ipdma.bundle import Bundle, bundle_text, read_bundle
from ipdma.bundle.digests import dictionary_digests, differing_keys, plan_digests
from ipdma.bundle.records import Digests
from ipdma.codebook import Codebook
from ipdma.cohort import Upload
from ipdma.io import read_upload
from ipdma.plan import Plan
from ipdma.report.bundle_page import bundle_page
from ipdma.runs.bundle_file import KEPT


def read_contributed(folders: Sequence[Path | str]) -> tuple[list[Upload], list[Bundle]]:
    """The uploads and the bundles among the private folders of a run's trials."""
    uploads = [Path(folder) for folder in folders if not (Path(folder) / KEPT).is_file()]
    return [read_upload(folder) for folder in uploads], kept_bundles(folders)


def kept_bundles(folders: Sequence[Path | str]) -> list[Bundle]:
    """The bundles alone."""
    paths = [Path(folder) / KEPT for folder in folders]
    return [read_bundle(path) for path in paths if path.is_file()]


def bundle_faults(path: Path, bundle: Bundle, plan: Plan, codebook: Codebook) -> Iterator[str]:
    """A sentence where a bundle was made for another plan or by another dictionary, naming the keys."""
    pairs = (
        ("plan", "keys of the plan", bundle.plan, plan_digests(plan)),
        ("dictionary", "entries of the dictionary", bundle.dictionary, dictionary_digests(plan, codebook)),
    )
    for what, words, theirs, ours in pairs:
        keys = differing_keys(ours, theirs) if what == "plan" else differing_in_both(ours, theirs)
        if keys:
            yield (
                f"{path}: this bundle was made for another {what}; its {words} {', '.join(keys)} differ from "
                f"this run's; ask the site to make it again with this plan"
            )


def differing_in_both(ours: Digests, theirs: Digests) -> list[str]:
    """Names that two dictionaries define differently; what only one has is no contradiction."""
    both = sorted({*ours.keys} & {*theirs.keys})
    return [name for name in both if ours.keys[name] != theirs.keys[name]]


def admit_bundle(study: str, path: str, say: Callable[[str], None]) -> dict[str, bytes]:
    """The files of a trial that came as a bundle, by name in the results folder."""
    bundle = read_bundle(path)
    sharing = "" if bundle.gate.for_sharing else ", made with the gate off: not for sharing"
    say(f"a bundle of {len(bundle.blocks)} blocks{sharing}")
    return {
        f"private/harmonised/{study}/{KEPT}": bundle_text(bundle).encode(),
        f"validation/{study}.html": bundle_page(bundle).encode(),
    }
