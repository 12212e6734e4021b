"""Puts files that come by bare name where a study's folder has them; a codebook file is told by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.errors import IpdmaError, ReadError
from ipdma.site.formats import FORMATS
from ipdma.site.harmonised import ACCOUNT, TABLES

MAPPING = "study.yaml"
MAPPING_KEYS = {"ipdma_study", "study", "source", "arms", "assessments", "published", "confirmed"}
KINDS = {"instrument": "instruments", "crosswalk": "crosswalks"}
BELOW = 8  # folders above the study that `source.file` may climb


def is_yaml(name: str) -> bool:
    """Whether a file's name says that it is YAML."""
    return name.lower().endswith((".yaml", ".yml"))


def place_of(name: str, data: bytes) -> str:
    """Where a YAML file belongs in a study's folder, by its content: the mapping, or a part of a codebook."""
    if name == MAPPING:
        return MAPPING
    try:
        content = read_text_mapping(data.decode("utf-8-sig"), name)
    except (UnicodeDecodeError, IpdmaError):
        return MAPPING if "study" in name.lower() else f"codebook/instruments/{name}"
    if MAPPING_KEYS & set(content):
        return MAPPING
    for key, folder in KINDS.items():
        if key in content:
            return f"codebook/{folder}/{name}"
    return "codebook/variables.yaml"


def arrange(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a drop by their place in a study's folder.

    Raises
    ------
    ReadError
        Two files for one place.
    """
    placed: dict[str, bytes] = {}
    came: dict[str, str] = {}
    for name, data in files.items():
        place = place_of(name, data) if is_yaml(name) else name
        if place in placed:
            raise ReadError(f"{came[place]} and {name}: both are {place}; choose one of them")
        placed[place], came[place] = data, name
    return placed


def data_files(names: Iterable[str]) -> list[str]:
    """Names of trial files: no part of a harmonised upload or a codebook, of a known kind where one is."""
    own = {*TABLES, ACCOUNT, MAPPING}
    others = [name for name in names if name not in own and not is_yaml(name)]
    return [name for name in others if PurePosixPath(name).suffix.lower() in FORMATS] or others


def is_whole(placed: Mapping[str, bytes]) -> bool:
    """Whether a drop brings data, and so replaces what was there."""
    return any(not is_yaml(name) for name in placed)


def named_file(mapping: bytes) -> str | None:
    """What `source.file` of a mapping names, None where it names nothing."""
    try:
        content: dict[str, Any] = read_text_mapping(mapping.decode("utf-8-sig"), MAPPING)
    except (UnicodeDecodeError, IpdmaError):
        return None
    source = content.get("source")
    named = source.get("file") if isinstance(source, dict) else None
    return named if isinstance(named, str) else None


def write_study(folder: Path, placed: Mapping[str, bytes]) -> None:
    """Write the files into an empty folder; the one that the mapping names, where it names it."""
    named = named_file(placed.get(MAPPING, b""))
    for place, data in placed.items():
        target = folder / place
        if named and PurePosixPath(named.replace("\\", "/")).name == place:
            wished = (folder / named).resolve()
            if wished.is_relative_to(folder.parents[BELOW - 1].resolve()):
                target = wished
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
