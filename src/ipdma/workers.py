"""Processes that take work off this one, and end with it, whatever ends it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, TypeVar

ENDED = 1  # exit status
HELD: list[Callable[[], Any]] = []  # what this process is to do beside its parent
Answer = TypeVar("Answer")


def can_split(count: int) -> bool:
    """Whether work may be dealt out to so many processes: elsewhere a start takes longer than it saves."""
    return count > 1 and "fork" in get_all_start_methods()


def workers(count: int, prepare: Callable[[], object] = gc.freeze) -> ProcessPoolExecutor:
    """A pool of processes, which hold all that this one holds when the first work is given to them.

    Threads are not held: where this process has solved by HiGHS, none of these may (`disclosure.solve`).

    Parameters
    ----------
    count : int
    prepare : callable
        What each does first, told before it waits for work.

    Raises
    ------
    ValueError
        Where the system cannot fork (`can_split`).
    """
    return ProcessPoolExecutor(count, get_context("fork"), initializer=begin, initargs=(prepare,))


@contextmanager
def beside(work: Callable[[], Answer], processes: int) -> Iterator[Callable[[], Answer]]:
    """Begin something in a process of its own; nothing is sent to it, since it holds what this one holds.

    Parameters
    ----------
    work : callable
        Its answer is sent back, or what it raises.
    processes : int
        With one, or where the system cannot fork, it is done when it is asked for.

    Yields
    ------
    callable
        Waits for the answer and gives it; to be called once.
    """
    if not can_split(processes):
        yield work
        return
    with workers(1, prepare=partial(hold, work)) as pool:
        yield pool.submit(do_held).result


def hold(work: Callable[[], Any]) -> None:
    """Hold what is to be done, and leave all that is there to the parent's memory."""
    gc.freeze()
    HELD.append(work)


def do_held() -> Any:
    """Do what is held."""
    return HELD.pop()()


def begin(prepare: Callable[[], object]) -> None:
    """Watch over the process that a worker works for, and prepare.

    A pool tells its workers to end when it is left; a process that is killed tells nothing, and its workers
    would wait for ever, or work on at files that the next run writes.
    """
    Thread(target=end_with_parent, daemon=True).start()
    prepare()


def end_with_parent() -> None:
    """End this process as soon as the one that forked it is gone."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(ENDED)
