"""One run at a time in a results folder; the lock of a run that is gone is lifted by the next."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import psutil

from ipdma.errors import PlanError
from ipdma.writing import clear_folder, write_new

LOCK = "private/running.json"
SNAKEMAKE = Path(".snakemake")
CLOCK = 2.0  # seconds by which two readings of one process's start may differ
BEING_WRITTEN = 10.0  # seconds after which an unreadable lock is nobody's


def take_lock(results: Path) -> list[str]:
    """Take a results folder for this process until it ends.

    Returns
    -------
    list of str
        A line to tell where the lock of a run that is gone was lifted.

    Raises
    ------
    PlanError
        Where another run is at work there; it is named.
    """
    path = results / LOCK
    lifted: list[str] = []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    while True:
        mine = describe_process()
        try:
            write_new(path, json.dumps(mine).encode(), private=True)
            break
        except FileExistsError:
            owner = read_owner(path)
            if owner is not None and may_live(owner):
                raise PlanError(refusal(results, path, owner)) from None
            if lift(path, owner):
                lifted = [f"{results}: an earlier run {named(owner)} is gone; its lock is lifted"]
    atexit.register(release, path.absolute(), mine)  # snakemake --directory goes back to where it began
    release_snakemake(results)
    return lifted


def describe_process() -> dict[str, object]:
    """This process: its machine, number and start."""
    return {"host": socket.gethostname(), "process": os.getpid(), "started": psutil.Process().create_time()}


def read_owner(path: Path) -> dict[str, object] | None:
    """Who holds a lock; None where nobody can be told."""
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return {
            "host": str(owner["host"]),
            "process": int(owner["process"]),
            "started": float(owner["started"]),
        }
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        if time.time() - path.stat().st_mtime < BEING_WRITTEN:
            time.sleep(0.2)
            return read_owner(path)
        return None


def may_live(owner: dict[str, object]) -> bool:
    """Whether a run may still be at work; one on another machine may."""
    if owner["host"] != socket.gethostname():
        return True
    try:
        process = psutil.Process(owner["process"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        found: bool = abs(process.create_time() - owner["started"]) < CLOCK
        return found
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError, OverflowError):
        return False


def named(owner: dict[str, Any] | None) -> str:
    """A run in words."""
    if owner is None:
        return "(its lock cannot be read)"
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(owner["started"]))
    return f"(process {owner['process']} on {owner['host']}, begun {began})"


def refusal(results: Path, path: Path, owner: dict[str, Any]) -> str:
    """Why a second run does not start."""
    text = f"another run {named(owner)} is at work in {results}; wait until it has ended, then start again"
    if owner["host"] != socket.gethostname():
        text += f". It is on another machine, which cannot be asked: if it is gone, delete {path}"
    return text


def lift(path: Path, owner: dict[str, object] | None) -> bool:
    """Take a dead run's lock away; of two that try, one does."""
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return False
    taken = read_owner(aside)
    if taken is not None and taken != owner:  # another run took the folder in between
        os.rename(aside, path)
        return False
    aside.unlink()
    return True


def release(path: Path, mine: dict[str, object]) -> None:
    """Give the folder back at the end of the process that took it (and not of one that it forked)."""
    if mine["process"] == os.getpid() and read_owner(path) == mine:
        path.unlink(missing_ok=True)


def release_snakemake(results: Path) -> None:
    """Lift Snakemake's own locks and spare copies of a results folder whose lock we hold."""
    prefix = f"{results.as_posix()}/"
    for path in (SNAKEMAKE / "locks").glob("*.lock"):
        if names_below(path, prefix):
            path.unlink(missing_ok=True)
    below = results.relative_to(results.anchor) if results.is_absolute() else results
    shutil.rmtree(SNAKEMAKE / "backups" / below, ignore_errors=True)
    clear_folder(results)


def names_below(path: Path, prefix: str) -> bool:
    """Whether a lock of Snakemake names a file below a folder."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return any(line.startswith(prefix) for line in lines)
