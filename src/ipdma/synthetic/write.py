"""Writes the consortium: a folder per trial with its file and study.yaml, and the registry."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ipdma.synthetic.files import file_bytes
from ipdma.synthetic.harmonised import participant_variables, upload_texts
from ipdma.synthetic.present import present_trial
from ipdma.synthetic.registry import aggregate_table, registry_table, tsv_text
from ipdma.synthetic.study_yaml import study_yaml
from ipdma.synthetic.trial import Trial, draw_trial, trial_rng
from ipdma.synthetic.truth import StudyTruth, Truth
from ipdma.writing import write_file

README = """\
SYNTHETIC: {name}

{title}

Drawn by `python -m ipdma.synthetic` from `truth.yaml` in the folder above, as a site of this kind would
send it ({how}).
Nobody stands behind any row. Do not edit by hand: draw again.
"""


def folder_content(trial: Trial, truth: Truth) -> dict[str, bytes]:
    """File name to bytes of one trial's folder."""
    study = trial.study
    readme = README.format(name=study.name, title=study.title, how=describe(study))
    files = {"README.txt": readme.encode()}
    if study.file["format"] == "harmonised":
        return files | {name: text.encode() for name, text in upload_texts(trial).items()}
    shown = present_trial(trial, trial_rng(truth.seed, f"file {study.name}"))
    name = f"{study.name.lower().replace('-', '_')}_SYNTHETIC.{study.file['format']}"
    files[name] = file_bytes(shown.sheet, dict(study.file), "SYNTHETIC")
    uncollected = [v for v in participant_variables() if v not in shown.sheet.variables]
    files["study.yaml"] = study_yaml(trial, name, shown, uncollected).encode()
    return files


def describe(study: StudyTruth) -> str:
    """In words, how the trial's file is written."""
    how = study.file
    if how["format"] == "harmonised":
        return "already a harmonised upload"
    scores = f"items of {', '.join(how['items'])}" if how.get("items") else "totals"
    return f".{how['format']}, {how['layout']}, language {how['language']}, {scores}"


def write_consortium(truth: Truth, out: Path, progress: Callable[[str], None]) -> list[Trial]:
    """Draw every trial and write its folder under `out`; nothing is written before all are drawn.

    Returns the drawn trials. Folders that `truth` does not name are left alone.
    """
    trials, folders = [], {}
    for name, study in truth.studies.items():
        progress(name)
        trials.append(draw_trial(study, truth, truth.seed))
        folders[name] = folder_content(trials[-1], truth)
    out.mkdir(parents=True, exist_ok=True)
    for name, files in folders.items():
        write_folder(out / name, files)
    return trials


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files of a folder beside it, then put the new folder in the place of the old."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in files.items():
        write_file(fresh / name, content)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def write_registry(truth: Truth, folder: Path) -> None:
    """Write `studies.tsv` and `aggregate.tsv` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "studies.tsv", tsv_text(registry_table(truth)).encode())
    write_file(folder / "aggregate.tsv", tsv_text(aggregate_table(truth)).encode())
