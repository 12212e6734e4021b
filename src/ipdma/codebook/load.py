"""The codebook: the built-in files, with a plan's and a study's own beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.read_crosswalk import Crosswalk, read_crosswalk
from ipdma.codebook.read_instrument import read_instrument
from ipdma.codebook.read_variable import read_terms, read_variables
from ipdma.codebook.records import Instrument, Term, Variable
from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.errors import ReadError, join_faults


@dataclass(frozen=True)
class Codebook:
    """Everything that names mean.

    Attributes
    ----------
    variables, instruments, conditions, timepoints, crosswalks : dict by name
    digest : str
        SHA-256 of the files that were read, in order.
    replaced : tuple of str
        Built-in names that a folder defines anew.
    """

    variables: dict[str, Variable]
    instruments: dict[str, Instrument]
    conditions: dict[str, Term]
    timepoints: dict[str, Term]
    crosswalks: dict[str, Crosswalk]
    digest: str
    replaced: tuple[str, ...] = ()


@dataclass
class Parts:
    """What has been read so far."""

    faults: Faults = field(default_factory=Faults)
    variables: dict[str, Variable] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    crosswalks: dict[str, Crosswalk] = field(default_factory=dict)
    terms: dict[str, dict[str, Term]] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    def copy(self) -> Parts:
        """Parts that can be added to without a trace in these."""
        faults = Faults()
        faults.lines = list(self.faults.lines)
        return Parts(
            faults,
            dict(self.variables),
            dict(self.instruments),
            dict(self.crosswalks),
            dict(self.terms),
            list(self.replaced),
            self.digest.copy(),
        )


def load_codebook(folders: Sequence[Path | str] = ()) -> Codebook:
    """Load the built-in codebook and what the folders add.

    Parameters
    ----------
    folders : sequence of paths
        Each may hold `instruments/*.yaml`, `crosswalks/*.yaml` and `variables.yaml`. A definition of a
        built-in name takes its place and is listed in `replaced`; two folders may repeat a definition but
        not differ in it.

    Raises
    ------
    ReadError
        With every fault of every file, a line each.
    """
    if not folders:
        return load_builtin()
    parts = read_builtin().copy()
    for folder in map(Path, folders):
        if not folder.is_dir():
            parts.faults.note(
                str(folder), "no such folder; a codebook folder holds instruments/*.yaml and variables.yaml"
            )
        else:
            read_folder(folder, str(folder), parts, builtin=False)
    return finish(parts)


@lru_cache(maxsize=1)
def load_builtin() -> Codebook:
    """The built-in codebook."""
    return finish(read_builtin().copy())


@lru_cache(maxsize=1)
def read_builtin() -> Parts:
    """The built-in files, read once; to be copied, never changed."""
    parts = Parts()
    read_folder(files(__package__), "codebook", parts, builtin=True)
    return parts


def finish(parts: Parts) -> Codebook:
    """The codebook, or every fault in one error."""
    for crosswalk in parts.crosswalks.values():
        crosswalk.check(parts.instruments, parts.faults)
    if parts.faults.lines:
        raise ReadError(join_faults(parts.faults.lines))
    return Codebook(
        variables=parts.variables,
        instruments=parts.instruments,
        conditions=parts.terms.get("conditions", {}),
        timepoints=parts.terms.get("timepoints", {}),
        crosswalks=parts.crosswalks,
        digest=parts.digest.hexdigest(),
        replaced=tuple(parts.replaced),
    )


def read_folder(folder: Traversable, where: str, parts: Parts, builtin: bool) -> None:
    """Read one codebook folder into `parts`."""
    variables = read_file(folder / "variables.yaml", f"{where}/variables.yaml", parts, builtin)
    found = read_variables(variables, f"{where}/variables.yaml", parts.faults, builtin)
    add_all(parts.variables, found, where, parts)
    for path in yaml_files(folder / "instruments"):
        place = f"{where}/instruments/{path.name}"
        instrument = read_instrument(read_file(path, place, parts, builtin), place, parts.faults, builtin)
        add_all(parts.instruments, {instrument.name: instrument} if instrument else {}, place, parts)
    for path in yaml_files(folder / "crosswalks"):
        place = f"{where}/crosswalks/{path.name}"
        crosswalk = read_crosswalk(read_file(path, place, parts, builtin), place, parts.faults)
        add_all(parts.crosswalks, {crosswalk.name: crosswalk} if crosswalk else {}, place, parts)
    for kind in ("conditions", "timepoints") if builtin else ():
        place = f"{where}/{kind}.yaml"
        parts.terms[kind] = read_terms(
            read_file(folder / f"{kind}.yaml", place, parts, builtin), place, parts.faults
        )


def yaml_files(folder: Traversable) -> list[Traversable]:
    """The YAML files of a folder by name; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if p.name.endswith((".yaml", ".yml"))), key=lambda p: p.name)


def read_file(path: Traversable, where: str, parts: Parts, builtin: bool) -> dict[str, Any]:
    """The content of one file, noted in the digest; nothing where there is no such file."""
    if not path.is_file():
        return {}
    raw = path.read_bytes()
    parts.digest.update(f"{path.name}\n{len(raw)}\n".encode())
    parts.digest.update(raw)
    try:
        return read_text_mapping(raw.decode("utf-8-sig"), where, fast=builtin)
    except UnicodeDecodeError:
        parts.faults.note(where, "not UTF-8; save it as UTF-8 text")
    except ReadError as error:
        parts.faults.lines.append(str(error))
    return {}


def add_all(target: dict[str, Any], found: Mapping[str, Any], where: str, parts: Parts) -> None:
    """Add definitions; one that differs from another folder's of the same name is a fault."""
    for name, made in found.items():
        old = target.get(name)
        if old is None or old == made:
            target[name] = made
        elif getattr(old, "builtin", False) and not getattr(made, "builtin", False):
            target[name] = made
            parts.replaced.append(name)
        else:
            parts.faults.note(
                where, f"'{name}' is defined a second time, and differently; rename one of them"
            )
