"""One job of a run: a log of its own, files written all at once at its end, and one clear sentence instead
of a traceback when it stops."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ipdma.cli import tool_fault
from ipdma.errors import DataError, IpdmaError
from ipdma.harmless import for_terminal
from ipdma.runs.stamps import (
    Stamp,
    digest_of,
    names_made,
    remove_made,
    split_stamp,
    write_names,
)
from ipdma.writing import write_file, write_set

STOPPED = "STOPPED: "
INTERRUPTED = 130  # exit status
STOPPED_OTHERWISE = """
The run stopped, from outside or where the lines above say.
Until it is finished the folder holds files of an earlier run, or partly of each.
Start it again with the same words: what is finished is not done again.
"""
# when garbage is looked for: rows of records are many, and stay until the end of a job
SELDOM = (50_000, 20, 20)
Files = Mapping[str, Any] | Iterator[tuple[str, Any]]  # name to bytes or text


class Desk:
    """What a job has made so far; nothing of it is in the results folder before the job's end.

    Attributes
    ----------
    results : Path
    job : str
        As `fit/main`.
    files : dict of str to bytes
        By name in the results folder.
    said : list of str
        Lines of progress.
    """

    def __init__(self, stamp: str | Path, name: str, stream: TextIO) -> None:
        self.results, self.job = split_stamp(stamp)
        self.name = name
        self.stream = stream
        self.files: dict[str, bytes] = {}
        self.folders: list[str] = []
        self.said: list[str] = []

    def say(self, line: str) -> None:
        """A line of progress, to the log and to standard error."""
        shown = for_terminal(line)
        self.said.append(shown)
        print(shown, file=self.stream, flush=True)
        print(f"{self.name}: {shown}", file=sys.stderr, flush=True)

    def put(self, name: str, content: bytes | str) -> None:
        """A file of the results folder."""
        self.files[name] = content.encode("utf-8") if isinstance(content, str) else content

    def put_all(
        self, files: Mapping[str, bytes | str] | Iterator[tuple[str, bytes | str]], folder: str = ""
    ) -> None:
        """Several files, in a folder of the results folder."""
        for name, content in dict(files).items():
            self.put(f"{folder}/{name}" if folder else name, content)

    def put_tables(self, tables: Mapping[str, Any], folder: str = "") -> None:
        """Tables (data frames) as `NAME.csv`."""
        from ipdma.runs.files import csv_text  # with pandas, which a job without tables does not load

        self.put_all({f"{name}.csv": csv_text(table) for name, table in tables.items()}, folder)

    def keep_folders(self, *names: str) -> None:
        """Folders that are there also where nothing is in them."""
        self.folders += names

    def commit(self) -> None:
        """Write every file, the new beside the old first; then remove what it made only before."""
        earlier = set(names_made(self.results, self.job))
        write_names(self.results, self.job, [*earlier, *self.files])
        write_set(self.results, self.files, private=is_private)
        for name in sorted(earlier - set(self.files)):
            remove_made(self.results, name)
        write_names(self.results, self.job, list(self.files))
        for folder in self.folders:
            (self.results / folder).mkdir(parents=True, exist_ok=True)


def is_private(name: str) -> bool:
    """Whether a file of the results folder is its owner's alone."""
    return name.split("/")[0] == "private"


@contextmanager
def job(work: Any, name: str) -> Iterator[Desk]:
    """Run the body of a job with its log; its files and its stamp are written when the body has ended.

    Parameters
    ----------
    work : object
        Snakemake's: `log`, `output.stamp`, `input.stamps`, `params.recipe`, and `params.files`, the files
        whose digests are the recipe's `inputs`.
    name : str
        What the job is called when it speaks.

    Yields
    ------
    Desk

    Raises
    ------
    SystemExit
        1 when the user can mend the cause, 130 where it was interrupted, 3 for a fault of the tool. No
        message of another library is shown or logged, since those quote values.
    """
    path = Path(work.log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream, garbage_seldom():
        desk = Desk(work.output.stamp, name, stream)
        read = stamps_read(work)
        try:
            yield desk
            require_unchanged(work)
            desk.commit()
        except IpdmaError as error:
            desk.say(STOPPED + str(error))
            raise SystemExit(1) from None
        except OSError as error:
            desk.say(f"{STOPPED}a file cannot be read or written ({error.strerror})")
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            desk.say("interrupted")
            raise SystemExit(INTERRUPTED) from None
        except Exception as error:
            desk.say(STOPPED + tool_fault(name, error))
            raise SystemExit(3) from None
        print("done", file=stream)
    files = {made: digest_of(desk.results / made) or "" for made in desk.files}
    files[path.relative_to(desk.results).as_posix()] = digest_of(path) or ""
    write_file(work.output.stamp, Stamp(desk.job, work.params.recipe, read, files).text(), private=True)


@contextmanager
def garbage_seldom() -> Iterator[None]:
    """Look for garbage seldom, and then as often as before: the process may live on after the job."""
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def stamps_read(work: Any) -> dict[str, str]:
    """Digest of each stamp that a job builds upon, as it begins."""
    named = work.input.get("stamps", [])
    paths = [Path(path) for path in ([named] if isinstance(named, str) else named)]
    return {split_stamp(path)[1]: digest_of(path) or "" for path in paths}


def require_unchanged(work: Any) -> None:
    """Raises DataError where a file was changed after the run had begun: the job may have read either."""
    named = dict(getattr(work.params, "files", None) or {})
    changed = [
        label for label, path in named.items() if digest_of(Path(path)) != work.params.recipe["inputs"][label]
    ]
    if changed:
        raise DataError(f"{', '.join(changed)}: changed while the run was at work; start the run again")


def why_stopped(logs: str | Path, since: float) -> str:
    """What the jobs that stopped said, gathered at the end of a run.

    Parameters
    ----------
    logs : path
        Folder of the jobs' logs.
    since : float
        Logs older than this (seconds since the epoch) belong to an earlier run.
    """
    said = []
    for path in sorted(Path(logs).rglob("*.log")):
        if path.stat().st_mtime >= since:
            _, found, why = path.read_text(encoding="utf-8").partition(STOPPED)
            if found:
                own = path.relative_to(logs).with_suffix("")
                of_share = len(own.parts) == 3  # in the folder of its contrast, `fit/main/1-of-2`
                said.append(f"{own.as_posix() if of_share else own.name}: {why.strip()}")
    if not said:
        return STOPPED_OTHERWISE
    head = "The run stopped. A job that stopped changed no result; what had ended stands. What to mend:"
    return "\n".join(["", head, *(f"  {line}" for text in said for line in text.splitlines()), ""])
