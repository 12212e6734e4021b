"""A finding as it may leave the site: without the name of the site's own file, of columns that are not used,
and of any that can be a person, a date or an identifier."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ipdma.privacy.wording import KEPT_BACK, points_at
from ipdma.site.findings import Finding

NAMES = ("word", "first", "second", "other")
UNUSED = ("column_unused", "identifying_unused")  # of columns that stay at the site, so do the names
GUESSED = ("unknown_column",)  # the column that may be meant is not used either
GUESS = re.compile(r"; did you mean '.*'\?", re.DOTALL)
OURS = ("participants.csv", "assessments.csv", "missing.csv", "account.json")  # of a harmonised upload


def for_sharing(finding: Finding, data_file: str = KEPT_BACK) -> Finding:
    """The finding with such names replaced; `data_file` stands for a file that the site named itself."""
    said = {key: shared(word) if key in NAMES else word for key, word in finding.said.items()}
    if finding.name in GUESSED or points_at(said.get("hint", "")):
        said["hint"] = ""
    if "file" in said:
        said["file"] = shared_file(said["file"], data_file)
    column = finding.column if finding.column is None else shared(finding.column)
    if finding.name in UNUSED:
        column = KEPT_BACK
    return replace(finding, file=shared_file(finding.file, data_file), column=column, said=said)


def shared_file(name: str, data_file: str) -> str:
    """The name of a file of ours, or what stands for one that the site named itself."""
    return shared(name if is_ours(name) else data_file)


def is_ours(name: str) -> bool:
    """Whether a file has its name from us."""
    return name in OURS or name.endswith(".yaml")


def shared_error(error: str | None, named: str, data_file: str) -> str | None:
    """Why an upload cannot be read, without the name of the site's file, which study.yaml has as `named`, and
    without that of another file or sheet that may be meant."""
    name = Path(named).name
    if not error or not name:
        return error
    if error.startswith(f"{name}: "):
        error = GUESS.sub("", error)
    for own in () if is_ours(name) else (named, name):
        error = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", lambda found: data_file, error)
    return error


def shared(name: str) -> str:
    """A name, or a word in its place."""
    return KEPT_BACK if points_at(name) else name
