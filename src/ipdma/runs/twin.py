"""Twins of trials as uploads: a study folder each, from bundles or from a finished run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ipdma.bundle import Bundle, read_bundle
from ipdma.bundle.rows import NoRows
from ipdma.bundle.twin.invent import Twin, invent_twin
from ipdma.codebook import Codebook, load_codebook
from ipdma.errors import DataError, ReadError, join_faults
from ipdma.io import UPLOAD_FILES, read_upload
from ipdma.plan import read_plan
from ipdma.release.gate import ungated
from ipdma.release.make import draft_trial
from ipdma.runs.bundle_file import KEPT, SUFFIX
from ipdma.runs.hold import hold_named, read_manifest
from ipdma.runs.read_run import find_run
from ipdma.runs.recompute import codebooks_of
from ipdma.runs.stamps import MANIFEST
from ipdma.site.study_file import TWIN
from ipdma.writing import files_in, replace_folder

SHARE = "share"
UPLOADS = "private/harmonised/"
KEYS = ("study", "participant", "arm", "condition")


def read_sources(sources: Sequence[Path]) -> tuple[list[Bundle], Codebook]:
    """The bundles behind each source: a bundle, a results folder, or what a run left to share.

    Raises
    ------
    ReadError
        Naming every fault at once: a source that is neither, two bundles of one trial.
    """
    bundles: list[Bundle] = []
    faults: list[str] = []
    books: list[Path] = []
    for source in sources:
        try:
            if source.is_dir():
                books += codebooks_of_run(source)
                bundles += bundles_of_folder(source)
            else:
                bundles.append(read_bundle(source))
        except (ReadError, DataError) as error:
            faults.extend(str(error).splitlines())
    ids = [bundle.study_id for bundle in bundles]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        faults.append(f"trial '{name}' has {ids.count(name)} bundles; give one of each trial")
    if faults:
        raise ReadError(join_faults(faults))
    return bundles, load_codebook(books)


def codebooks_of_run(folder: Path) -> list[Path]:
    """Codebooks that a run used, where it kept them."""
    if not (folder / "plan.yaml").is_file():
        return []
    return [path for path in codebooks_of(folder, read_plan(folder / "plan.yaml")) if path.is_dir()]


def bundles_of_folder(folder: Path) -> list[Bundle]:
    """The bundles that a folder holds, or those of a finished run's own rows, ungated."""
    places = (folder, folder / "bundles", folder / SHARE / "bundles")
    shared = sorted(path for place in places for path in place.glob(f"*{SUFFIX}"))
    if shared:
        return [read_bundle(path) for path in shared]
    run = find_run(folder)
    private = run / UPLOADS
    if not private.is_dir():
        raise ReadError(
            f"{folder}: holds neither bundles (NAME{SUFFIX}) nor private/harmonised with the trials of a run"
        )
    refuse_changed(run)
    plan = read_plan(run / "plan.yaml")
    codebook = load_codebook([path for path in codebooks_of(run, plan) if path.is_dir()])
    found = []
    for place in sorted(path for path in private.iterdir() if path.is_dir()):
        if (place / KEPT).is_file():
            found.append(read_bundle(place / KEPT))
        else:
            found.append(ungated(draft_trial(read_upload(place), plan, codebook)))
    return found


def refuse_changed(run: Path) -> None:
    """Refuse uploads that are not as the run left them: a twin is of what the run read, or of nothing.

    Raises
    ------
    ReadError
        Where the run has no manifest, and naming each upload's file that is not as the run left it.
    """
    manifest = read_manifest(run)
    if manifest is None:
        raise ReadError(f"{run / MANIFEST}: not there, or changed since the run; let the run finish first")
    held = {name: entry for name, entry in manifest["files"].items() if name.startswith(UPLOADS)}
    faults = [f"{run}/{line}" for line in hold_named(run, held)]
    if faults:
        raise ReadError(join_faults(faults))


def make_twins(sources: Sequence[Path], out: Path) -> list[Twin]:
    """Invent the twin of every trial and write a study folder for each; all are written or none.

    Raises
    ------
    ReadError
        For a source that cannot be used, or a folder that holds something else.
    NoRows
        Where the counts of a bundle fit nobody.
    """
    bundles, codebook = read_sources(sources)
    if out.is_dir() and any(not is_twin_folder(path) for path in out.iterdir()):
        raise ReadError(f"{out}: holds something else than twins; name an empty folder")
    twins, faults = [], []
    for bundle in sorted(bundles, key=lambda own: own.study_id):
        try:
            twins.append(invent_twin(bundle, codebook))
        except NoRows as error:
            faults.append(str(error))
    if faults:
        raise NoRows(join_faults(faults))
    files = {
        f"{twin.bundle.study_id}/{name}": text.encode()
        for twin in twins
        for name, text in upload_texts(twin, codebook).items()
    }
    held = {name: path.read_bytes() for name, path in files_in(out).items()}  # twins of other trials stay
    replace_folder(out, held | files, owned=lambda name: True, seal=f"{twins[0].bundle.study_id}/study.yaml")
    return twins


def is_twin_folder(path: Path) -> bool:
    """Whether a folder holds a twin that was written before, or what a death in writing one left of it."""
    text = path / "study.yaml"
    if text.is_file():
        return TWIN in text.read_text(encoding="utf-8", errors="replace")
    return path.is_dir() and all(file.name in UPLOAD_FILES for file in path.iterdir())


def upload_texts(twin: Twin, codebook: Codebook) -> dict[str, str]:
    """The files of a twin's harmonised upload, by name."""
    variables = [name for name, own in codebook.variables.items() if own.type not in ("identifier", "arm")]
    people = twin.participants.reindex(columns=[*KEYS, *variables])
    texts = {
        "participants.csv": table_text(people),
        "assessments.csv": table_text(twin.assessments),
        "missing.csv": table_text(missing_table(twin, people, variables)),
    }
    account = {
        "rows": {"read": len(people), "kept": len(people), "excluded": {}},
        "participants": len(people),
        "scores": len(twin.assessments),
        "pseudonymised": True,
        "digest": hashlib.sha256("".join(texts.values()).encode()).hexdigest(),
    }
    study = yaml.safe_dump(study_words(twin.bundle), sort_keys=False, allow_unicode=True, width=110)
    return texts | {"study.yaml": study, "account.json": json.dumps(account, indent=1) + "\n"}


def table_text(table: pd.DataFrame) -> str:
    """A table as CSV; numbers read back to the same bits, missing cells are empty."""
    return table.to_csv(index=False, lineterminator="\n")


def missing_table(twin: Twin, people: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """Which variables are missing: not collected where nobody has them."""
    study, rows = twin.bundle.study_id, []
    for name in variables:
        gone = people.loc[people[name].isna(), "participant"]
        if len(gone) == len(people):
            rows.append((study, "", name, "not_collected"))
        else:
            rows += [(study, person, name, "not_given") for person in gone]
    return pd.DataFrame(rows, columns=["study", "participant", "variable", "reason"])


def study_words(bundle: Bundle) -> Mapping[str, Any]:
    """The study.yaml of a twin: the trial's id, arms and conditions, and that its rows are nobody's."""
    own = {key: str(value) for key, value in bundle.study.items() if value not in (None, "")}
    arms = {
        name: {"condition": arm.condition, "label": f"{TWIN}: {arm.label or name}"}
        for name, arm in bundle.arms.items()
    }
    return {"ipdma_study": "1", "study": own, "source": {"layout": "harmonised"}, "arms": arms}
