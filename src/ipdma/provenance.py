"""Versions, and digests of the code and the data behind a result."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ipdma import __version__

PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "statsmodels", "snakemake", "PyYAML")
SKIPPED = ("__pycache__",)
CHUNK = 1 << 20
FROM_ROOM = re.compile(r"^[ \t]*(?:from|import)[ \t]+ipdma\.(\w+)", re.MULTILINE)
FROM_PACKAGE = re.compile(r"^[ \t]*from[ \t]+ipdma[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)


def find_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions of this package, Python and the libraries, as text; `not installed` where one is absent."""
    found = {"ipdma": __version__, "Python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def digest_code(rooms: Iterable[str]) -> str:
    """SHA-256 of the files of some rooms and of every room that they import, directly or not.

    Parameters
    ----------
    rooms : iterable of str
        Folders or modules right under the package, as `model` or `io`.

    Returns
    -------
    str
        Changes with any byte of these rooms, comments too, and with nothing else.
    """
    return digest_named(pair for room in sorted(close_over_imports(rooms)) for pair in room_files(room))


def digest_modules(room: str, modules: Iterable[str]) -> str:
    """SHA-256 of some modules of a room, as `tables`, and of those of the same room that they import.

    What they import of other rooms is left to `digest_code`.
    """
    return digest_named(sorted(find_modules(room, modules).items()))


def find_modules(room: str, modules: Iterable[str]) -> dict[str, bytes]:
    """Some modules of a room and those of the same room that they import, by `room/module.py`."""
    held = dict(room_files(room))
    own = re.compile(rf"^[ \t]*from[ \t]+ipdma\.{room}\.(\w+)", re.MULTILINE)
    waiting, found = list(modules), set()
    while waiting:
        name = f"{room}/{waiting.pop()}.py"
        if name not in found:
            found.add(name)
            waiting.extend(own.findall(held[name].decode("utf-8")))
    return {name: held[name] for name in found}


def digest_named(files: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 of files with their names."""
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def close_over_imports(rooms: Iterable[str]) -> set[str]:
    """The rooms, with those that they import, and so on."""
    waiting, found = list(rooms), set()
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting.extend(imported_rooms(room))
    return found


@cache
def imported_rooms(room: str) -> tuple[str, ...]:
    """Rooms that a room's modules name in an import."""
    found: set[str] = set()
    for name, content in room_files(room):
        if name.endswith(".py"):
            found.update(rooms_named(content.decode("utf-8")))
    known = {entry.name.removesuffix(".py") for entry in files("ipdma").iterdir()}
    return tuple(sorted((found & known) - {room}))


def rooms_named(text: str) -> set[str]:
    """Rooms of this package that the import statements of a module name.

    By the statements' words: a parse of every module costs a second at the start of each run.
    """
    named = set(FROM_ROOM.findall(text))
    for names in FROM_PACKAGE.findall(text):
        named.update(re.findall(r"\w+", names))
    return named


@cache
def room_files(room: str) -> tuple[tuple[str, bytes], ...]:
    """Name and content of every file of a room, in a stable order."""
    package = files("ipdma")
    folder = package / room
    if folder.is_dir():
        return tuple(walk(folder, room))
    module = package / f"{room}.py"
    if not module.is_file():
        raise LookupError(f"the package has no room '{room}'")
    return ((f"{room}.py", module.read_bytes()),)


def walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    """Files below a folder, by name."""
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name in SKIPPED or entry.name.endswith(".pyc"):
            continue
        name = f"{prefix}/{entry.name}"
        found += walk(entry, name) if entry.is_dir() else [(name, entry.read_bytes())]
    return found


def digest_files(paths: Iterable[Path | str]) -> str:
    """SHA-256 over the contents of files, each preceded by its length, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{Path(path).stat().st_size}\n".encode())
        with open(path, "rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def digest_text(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
