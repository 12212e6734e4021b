"""Processes that take work end with the one that gave it, also where that is killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ipdma.processes import host_mark, is_alive
from ipdma.workers import beside, can_split, workers

SPLITS = pytest.mark.skipif(not can_split(2), reason="the system cannot fork")
BUSY_AND_IDLE = """
import os, time
from ipdma.workers import workers

def at_work(seconds):
    os.write(1, b"%d\\n" % os.getpid())  # whole, whoever else writes
    time.sleep(seconds)

with workers(2) as pool:
    pool.submit(at_work, 600)
    pool.submit(at_work, 0.2).result()
    os.write(1, b"idle\\n")
    time.sleep(600)
"""
SOON = 20.0  # seconds, on a machine that carries much else


@SPLITS
def test_workers_end_with_a_process_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", BUSY_AND_IDLE], stdout=subprocess.PIPE, text=True)
    said = [parent.stdout.readline().strip() for _ in range(3)]
    assert "idle" in said
    pids = {int(line) for line in said if line != "idle"}
    assert len(pids) == 2
    assert all(is_alive(host_mark(), pid) for pid in pids)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + SOON
    while any(is_alive(host_mark(), pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in pids if is_alive(host_mark(), pid)]


@SPLITS
def test_workers_hold_what_their_parent_holds():
    held = [os.getpid()]
    with workers(1, prepare=lambda: held.append(os.getpid())) as pool:
        parent, own = pool.submit(os.getppid).result(), pool.submit(os.getpid).result()
    assert parent == held[0] != own
    assert held == [os.getpid()]


def test_one_process_splits_nothing():
    assert not can_split(1)


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=SPLITS)])
def test_what_is_done_beside_gives_its_answer_or_what_it_raises(processes):
    here = os.getpid()
    with beside(lambda: (os.getpid(), here), processes) as answer:
        there, told = answer()
    assert told == here
    assert (there == here) == (processes == 1)
    with beside(lambda: {}["no"], processes) as answer, pytest.raises(KeyError):
        answer()
