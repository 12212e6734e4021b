"""Finds the contributed studies that a plan names, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdma.bundle import Bundle, read_bundle
from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.errors import PlanError, ReadError, join_faults
from ipdma.harmless import for_terminal, why_harmful
from ipdma.io import read_text
from ipdma.runs.bundle_file import is_bundle
from ipdma.site.study_file import TWIN

STUDY_FILE = "study.yaml"
HARMONISED_FILES = ("participants.csv", "assessments.csv", "missing.csv", "account.json")
REQUIRED_TABLES = ("participants.csv", "assessments.csv")
UNSAFE = set('/\\:*?"<>|{}') | {chr(code) for code in range(32)}


@dataclass(frozen=True)
class StudyFolder:
    """One contributed trial: its id, its folder and the files that its upload is made from.

    `folder` is the file itself of a trial that came as a bundle, which `bundle` holds; `twin` says that the
    rows are nobody's.
    """

    study: str
    folder: Path
    files: tuple[Path, ...]
    bundle: Bundle | None = None
    twin: bool = False

    @property
    def labelled(self) -> dict[str, Path]:
        """The files by what they may be called outside; the name of a site's own data file is not told."""
        return {f"{self.study}/{label_file(self.folder, path)}": path for path in self.files}


def find_studies(where: str | Sequence[str]) -> list[StudyFolder]:
    """Find the study folders of a plan, ordered by study id.

    Parameters
    ----------
    where : str or list of str
        The plan's `studies`: a folder of study folders, or a list of study folders, of folders of them, and
        of bundles.

    Raises
    ------
    PlanError
        Naming every fault at once: a folder that is absent or holds no study, a study.yaml that cannot be
        read or names no id or an absent file, an id that two studies carry.
    """
    faults: list[str] = []
    found: list[StudyFolder] = []
    places = list(map(Path, [where] if isinstance(where, str) else where))
    for folder in study_folders([place for place in places if not is_bundle(place)], faults):
        study = read_folder(folder, faults)
        if study is not None:
            found.append(study)
    for path in dict.fromkeys(filter(is_bundle, places)):
        study = read_as_study(path, faults)
        if study is not None:
            found.append(study)
    faults.extend(repeated_ids(found))
    if faults:
        raise PlanError(join_faults(faults))
    return sorted(found, key=lambda study: study.study)


def study_folders(places: Sequence[Path], faults: list[str]) -> Iterator[Path]:
    """Folders with a study.yaml: the places themselves, or the folders in them."""
    seen: set[Path] = set()
    for place in places:
        if not place.is_dir():
            kind = "is a file" if place.exists() else "does not exist"
            faults.append(f"studies: '{place}' {kind}; expected a folder, seen from where snakemake runs")
            continue
        inside = sorted(p for p in place.iterdir() if (p / STUDY_FILE).is_file())
        folders = [place] if (place / STUDY_FILE).is_file() else inside
        if not folders:
            faults.append(
                f"studies: '{place}' holds no {STUDY_FILE}, nor does a folder in it; nothing to analyse"
            )
        for folder in folders:
            if Path(os.path.realpath(folder)) not in seen:
                seen.add(Path(os.path.realpath(folder)))
                yield folder


def read_folder(folder: Path, faults: list[str]) -> StudyFolder | None:
    """The id and the files of one study folder; None, with a fault said, where it has no usable id."""
    path = folder / STUDY_FILE
    try:
        content = read_mapping(path)
    except ReadError as error:
        faults.extend(str(error).splitlines())
        return None
    own = content.get("study")
    name = own.get("id") if isinstance(own, dict) else None
    if not isinstance(name, str) or not name.strip():
        faults.append(f"{path}: no study id; say `study: {{id: ...}}`")
        return None
    name = name.strip()
    if not is_usable(name, path, faults):
        return None
    files = tuple([path, *source_files(folder, content, faults)])
    return StudyFolder(name, folder, files, twin=is_twin(content))


def read_mapping(path: Path) -> dict[str, Any]:
    """A study.yaml as text, by libyaml where there is one; its complaints are not shown.

    Raises ReadError in the words that a site is told.
    """
    text = read_text(path)
    try:
        return read_text_mapping(text, str(path), fast=True)
    except ReadError:
        return read_text_mapping(text, str(path))


def is_twin(content: Mapping[str, object]) -> bool:
    """Whether a study.yaml says in the labels of its arms that its rows are a twin's."""
    arms = content.get("arms")
    labels = (
        [own.get("label") for own in arms.values() if isinstance(own, dict)] if isinstance(arms, dict) else []
    )
    return any(str(label or "").startswith(TWIN) for label in labels)


def read_as_study(path: Path, faults: list[str]) -> StudyFolder | None:
    """A bundle as a contributed trial; None, with its faults said, where it cannot be used."""
    try:
        bundle = read_bundle(path)
    except ReadError as error:
        faults.extend(str(error).splitlines())
        return None
    name = bundle.study_id
    return StudyFolder(name, path, (path,), bundle) if is_usable(name, path, faults) else None


def is_usable(name: str, path: Path, faults: list[str]) -> bool:
    """Whether a study id can name a file; if not, that is said."""
    if set(name) & UNSAFE or name.startswith(".") or why_harmful(name, formulas=True):
        faults.append(
            f"{path}: study id '{for_terminal(name)}' cannot name a file; use letters, digits, blanks, . _ -"
        )
        return False
    return True


def source_files(folder: Path, content: dict[str, object], faults: list[str]) -> list[Path]:
    """The files beside study.yaml that an upload is made from; a named one that is absent is a fault."""
    source = content.get("source")
    source = source if isinstance(source, dict) else {}
    codebook = sorted(p for p in (folder / "codebook").rglob("*.y*ml") if p.is_file())
    if source.get("layout") == "harmonised":
        absent = [name for name in REQUIRED_TABLES if not (folder / name).is_file()]
        faults.extend(f"{folder}: {name} is missing; a harmonised upload needs it" for name in absent)
        return [*codebook, *(folder / n for n in HARMONISED_FILES if (folder / n).is_file())]
    name = source.get("file")
    if not isinstance(name, str):
        faults.append(f"{folder / STUDY_FILE}: names no data file; say `source: {{file: ...}}`")
        return codebook
    path = folder / name
    if not path.is_file():
        faults.append(f"{folder / STUDY_FILE}: source.file '{name}' is not there (looked for {path})")
        return codebook
    return [*codebook, path]


def label_file(folder: Path, path: Path) -> str:
    """What one file of a study may be called where the site's own file names are not to be read."""
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""
    known = name in (STUDY_FILE, *HARMONISED_FILES) or name.startswith("codebook/")
    return name if known else "data"


def repeated_ids(found: Sequence[StudyFolder]) -> Iterator[str]:
    """One sentence per study id that more than one folder carries."""
    by_id: dict[str, list[StudyFolder]] = {}
    for study in found:
        by_id.setdefault(study.study.casefold(), []).append(study)
    for same in by_id.values():
        if len(same) > 1:
            kinds = sorted({"folders" if study.bundle is None else "bundles" for study in same}, reverse=True)
            yield (
                f"study id '{same[0].study}' is carried by {len(same)} {' and '.join(kinds)}: "
                f"{', '.join(str(study.folder) for study in same)}; "
                "each trial needs an id of its own, and takes part once"
            )
