"""The trials whose uploads are to be made, in one job: each with a log, files and a stamp of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

from ipdma.runs.admit import admit
from ipdma.runs.jobs import INTERRUPTED, job
from ipdma.workers import can_split, workers


def admit_trials(work: Any) -> int:
    """Admit every trial of a job, so that all that is to mend is said at once.

    Parameters
    ----------
    work : object
        Snakemake's: `log` and `output`, one for each trial; `params.trials` with those of `Due`, in
        the same order; `params.how`, what `admit` is told of all; `threads`.

    Returns
    -------
    int
        The highest exit status of a trial, 0 where all were ready; see `job`.
    """
    pieces = list(pieces_of(work))
    each = partial(admit_one, how=dict(work.params.how))
    if len(pieces) < 2 or not can_split(work.threads):
        return highest(map(each, pieces))
    try:
        with workers(work.threads) as pool:
            return highest(pool.map(each, pieces))
    except KeyboardInterrupt:  # which each process has told of its own trial
        return INTERRUPTED


def pieces_of(work: Any) -> Iterator[SimpleNamespace]:
    """What `job` is told of each trial."""
    trials = dict(work.params.trials)
    for (study, own), log, stamp in zip(trials.items(), work.log, work.output, strict=True):
        params = SimpleNamespace(recipe=own["recipe"], files=own["files"])
        named = SimpleNamespace(stamp=stamp)
        yield SimpleNamespace(
            study=study, folder=own["folder"], log=[log], output=named, input={}, params=params
        )


def admit_one(piece: SimpleNamespace, how: dict[str, Any]) -> int:
    """Admit one trial; returns the exit status of its job."""
    try:
        with job(piece, piece.study) as desk:
            desk.put_all(admit(piece.study, piece.folder, results=desk.results, say=desk.say, **how))
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def highest(statuses: Iterator[int]) -> int:
    """The highest exit status; after an interruption no further trial is begun."""
    worst = 0
    for status in statuses:
        worst = max(worst, status)
        if status == INTERRUPTED:
            break
    return worst
