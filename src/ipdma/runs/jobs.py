"""One job of a run: a log of its own, and one clear sentence instead of a traceback when it stops."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ipdma.cli import tool_fault
from ipdma.errors import IpdmaError

STOPPED = "STOPPED: "


@contextmanager
def job(log: str | Path, name: str) -> Iterator[Callable[[str], None]]:
    """Run the body of a job with its log.

    Parameters
    ----------
    log : path
        Gets every line that is said, and why the job stopped.
    name : str
        What the job is called when it speaks.

    Yields
    ------
    callable
        `say(line)` writes to the log and to standard error.

    Raises
    ------
    SystemExit
        1 when the user can mend the cause, 3 for a fault of the tool. No message of another library is shown
        or logged, since those quote values.
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:

        def say(line: str) -> None:
            print(line, file=stream, flush=True)
            print(f"{name}: {line}", file=sys.stderr, flush=True)

        try:
            yield say
        except IpdmaError as error:
            say(STOPPED + str(error))
            raise SystemExit(1) from None
        except Exception as error:
            say(STOPPED + tool_fault(name, error))
            raise SystemExit(3) from None
        print("done", file=stream)


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
                said.append(f"{path.stem}: {why.strip()}")
    if not said:
        return "The run stopped; Snakemake's lines above say where."
    head = "The run stopped. Earlier results are untouched. What to mend:"
    return "\n".join(["", head, *(f"  {line}" for text in said for line in text.splitlines()), ""])
