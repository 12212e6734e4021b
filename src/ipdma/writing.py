"""Writes files so that a death at any moment leaves the old ones or the new ones, whole.

A file is written beside its place and renamed. A folder that is a set is written beside its place and
exchanged in one act of the system. What an earlier death left beside is removed by the next writer.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ipdma.errors import ReadError
from ipdma.exchange import exchange
from ipdma.processes import host_mark, is_alive

SCRATCH = re.compile(r"\.(?P<name>.+)\.(?P<host>[0-9a-f]{6})-(?P<pid>\d+)-[0-9a-f]{6}\.ipdma\Z")
STREAM = re.compile(r"/dev/(?:stdin|stdout|stderr)\Z|/(?:dev|proc/(?:self|\d+))/fd/(?P<number>\d+)\Z")
STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
NAME_LENGTH = 60  # of a scratch file's name; a name of 255 bytes leaves no room for the mark
FEW = 200  # other files that may move house with a set
DAY = 86400  # no write takes longer
OWN: set[str] = set()  # scratch files of this process that are in use


def write_file(path: Path | str, content: bytes | str, private: bool = False) -> None:
    """Write a whole file or nothing.

    Parameters
    ----------
    path : path
        Its folder is made when it is missing. A link is followed; a device, a pipe or a stream of this
        process is written to and never replaced.
    content : bytes or str
        Text is written as UTF-8 with line feeds as they stand.
    private : bool
        Readable by its owner alone (people's rows); otherwise as the umask says.

    Raises
    ------
    ReadError
        Where it cannot be written.
    """
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if not write_through(path, data):
            write_set(path.parent, {path.name: data}, private)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ReadError(f"{path}: cannot be written ({error.strerror})") from None


def write_files(folder: Path | str, content: Mapping[str, bytes], private: bool = False) -> None:
    """Write several files of a folder: all are written beside their places first, then renamed in order.

    Raises
    ------
    ReadError
        Where one cannot be written.
    """
    try:
        write_set(Path(folder), content, private)
    except OSError as error:
        raise ReadError(f"{folder}: cannot be written to ({error.strerror})") from None


def write_through(path: Path, data: bytes) -> bool:
    """Write to a device, a pipe or a stream of this process; False where the path is none of these."""
    found = STREAM.match(os.path.abspath(path))
    if found:
        number = STREAMS.get(found.group()) if found["number"] is None else int(found["number"])
        assert number is not None
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with os.fdopen(os.dup(number), "wb") as open_stream:
            open_stream.write(data)
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return False
    with path.open("wb") as device:
        device.write(data)
    return True


def write_set(
    folder: Path, content: Mapping[str, bytes], private: bool | Callable[[str], bool] = False
) -> None:
    """Write files beside their places, then rename all of them; none stays beside where one fails.

    Nor do folders that were made for them. `private` may judge each by its name. Raises OSError.
    """
    staged: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for name, data in content.items():
            place = Path(os.path.realpath(folder / name))
            if place.is_dir():
                raise IsADirectoryError(21, "is a folder", str(place))
            hidden = private(name) if callable(private) else private
            made += make_folder(place.parent, hidden)
            clear_scratch(place.parent, place.name)
            staged.append((scratch_beside(place), place))
            write_new(staged[-1][0], data, hidden)
        for scratch, place in staged:
            os.replace(scratch, place)
    finally:
        for scratch, _ in staged:
            scratch.unlink(missing_ok=True)
            OWN.discard(str(scratch))
        for empty in reversed(made):
            with contextlib.suppress(OSError):  # it holds what was written
                empty.rmdir()


def write_new(path: Path, data: bytes, private: bool = False) -> None:
    """Write a file that is not there yet; the umask holds, and private files are their owner's alone."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def make_folder(folder: Path, private: bool = False) -> list[Path]:
    """Make a folder and those above it, and return what was made; a private one is its owner's alone."""
    if folder.is_dir():
        return []
    made = make_folder(folder.parent)
    folder.mkdir(mode=0o700 if private else 0o777, exist_ok=True)
    return [*made, folder]


def scratch_beside(place: Path) -> Path:
    """A name beside a place that says who writes there, so that a later writer knows a dead one's."""
    mark = f"{host_mark()}-{os.getpid()}-{secrets.token_hex(3)}"
    scratch = place.with_name(f".{place.name[:NAME_LENGTH]}.{mark}.ipdma")
    OWN.add(str(scratch))
    return scratch


def clear_scratch(folder: Path, name: str) -> None:
    """Remove what dead writers left beside one place."""
    for path in left_behind(folder, lambda found: found == name[:NAME_LENGTH]):
        remove(path)


def clear_folder(folder: Path) -> None:
    """Remove what dead writers left anywhere below a folder."""
    for below, _, _ in os.walk(folder):
        for path in left_behind(Path(below), lambda found: True):
            remove(path)


def left_behind(folder: Path, wanted: Callable[[str], bool]) -> Iterator[Path]:
    """Scratch files and folders whose writer is dead."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        found = [(entry, SCRATCH.match(entry.name)) for entry in entries]
    for entry, mark in found:
        if mark and wanted(mark["name"]) and is_abandoned(entry, mark["host"], int(mark["pid"])):
            yield Path(entry.path)


def is_abandoned(entry: os.DirEntry[str], host: str, pid: int) -> bool:
    """Whether nobody writes to a scratch file any more."""
    if host == host_mark() and pid == os.getpid():
        return entry.path not in OWN
    if not is_alive(host, pid):
        return True
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > DAY
    except OSError:
        return False


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def replace_folder(
    folder: Path | str,
    content: Mapping[str, bytes],
    owned: Callable[[str], bool],
    seal: str,
    private: bool = False,
) -> None:
    """Put one set of files in the place of another.

    Parameters
    ----------
    folder : path
    content : mapping of str to bytes
        The new set, by name relative to the folder.
    owned : callable
        Whether a file of the folder, by such a name, belongs to the old set. Any other file stays.
    seal : str
        The file of the set without which no reader takes it. Where the system cannot exchange two folders,
        it is removed first and written last.

    Raises
    ------
    ReadError
        Where the folder cannot be written to, or is none; what was there is whole then.
    """
    place = Path(os.path.realpath(folder))
    if place.exists() and not place.is_dir():  # somebody's file, a device or a pipe is not put away
        raise ReadError(f"{folder}: expected a folder or nothing, got a file; name another place")
    try:
        clear_scratch(place.parent, place.name)
        if is_same(place, content, owned):
            return
        if not (may_move(place, owned) and exchange_set(place, content, owned, private)):
            rewrite_set(place, content, owned, seal, private)
    except OSError as error:
        raise ReadError(f"{folder}: cannot be written to ({error.strerror})") from None


def files_in(place: Path) -> dict[str, Path]:
    """Files below a folder by their relative name; scratch files are none."""
    if not place.is_dir():
        return {}
    paths = (Path(below) / name for below, _, names in os.walk(place) for name in names)
    return {p.relative_to(place).as_posix(): p for p in sorted(paths) if not SCRATCH.match(p.name)}


def is_same(place: Path, content: Mapping[str, bytes], owned: Callable[[str], bool]) -> bool:
    """Whether the folder holds this very set already."""
    held = {name: path for name, path in files_in(place).items() if owned(name)}
    return held.keys() == content.keys() and all(p.read_bytes() == content[n] for n, p in held.items())


def may_move(place: Path, owned: Callable[[str], bool]) -> bool:
    """Whether a folder is the set's own house: not somebody's home, working folder or disk."""
    if not place.exists():
        return True
    if os.path.ismount(place) or Path.cwd().is_relative_to(place):
        return False
    other = 0
    for _below, folders, names in os.walk(place):
        other += len(folders) + len(names)
        if other > FEW:
            return False
    return all(owned(name) or "/" not in name for name in files_in(place))


def exchange_set(
    place: Path, content: Mapping[str, bytes], owned: Callable[[str], bool], private: bool
) -> bool:
    """Write a folder beside and exchange the two; False where the system cannot."""
    beside = scratch_beside(place)
    try:
        make_folder(place.parent)
        beside.mkdir(mode=0o700 if private else 0o777)
    except OSError:
        return False
    try:
        for name, data in content.items():
            make_folder((beside / name).parent)
            write_new(beside / name, data, private)
        if not place.exists():
            os.rename(beside, place)
            return True
        for name, path in files_in(place).items():
            if not owned(name):
                take_along(path, beside / name)
        shutil.copymode(place, beside)
        return exchange(beside, place)
    finally:
        remove(beside)
        OWN.discard(str(beside))


def take_along(path: Path, target: Path) -> None:
    """The same file in another folder."""
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, target, follow_symlinks=False)


def rewrite_set(
    place: Path, content: Mapping[str, bytes], owned: Callable[[str], bool], seal: str, private: bool
) -> None:
    """Replace a set file by file: without its seal from the first act to the last."""
    make_folder(place)
    clear_folder(place)
    (place / seal).unlink(missing_ok=True)
    write_set(place, {n: d for n, d in content.items() if n != seal}, private)
    for name, path in files_in(place).items():
        if owned(name) and name not in content:
            path.unlink(missing_ok=True)
    write_set(place, {seal: content[seal]}, private)
