"""What any file may cost, measured in a child: a minute and 1.5 GB, or a sentence within five seconds."""

import importlib
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders.greedy import READ, REFUSED

DOCS = Path(__file__).parents[2] / "docs" / "check.md"
MEMORY = 1_500_000_000
SECONDS = 60
SOON = 5  # seconds of processor time until a sentence
ROW = re.compile(r"\| (?P<what>[^|]*) \| (?P<number>[^|]*) \| `(?P<name>[\w.]+)` \|")
CHILD = """\
import re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
from ipdma.cli import main
status = main(sys.argv[3:])
used = resource.getrusage(resource.RUSAGE_SELF)
below = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime + below.ru_utime + below.ru_stime
with open("/proc/self/status") as own:  # ru_maxrss would count the parent's pages that a fork shares
    peak = int(re.search(r"VmHWM:\\s*(\\d+)", own.read())[1])
print("\\nUSED", status, seconds, max(peak, below.ru_maxrss))
"""


def measured(*words):
    """Status, seconds of processor time and kB of a command in a child with the stated limits."""
    command = [sys.executable, "-c", CHILD, str(MEMORY), str(SECONDS), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    last = done.stdout.splitlines()[-1].split()
    return int(last[1]), float(last[2]), int(last[3]), done.stdout + done.stderr


FAST = (
    "csv of a million columns",
    "csv of 3 GB",
    "dta that claims columns",
    "study.yaml of 30,000 variables",
)


@pytest.mark.parametrize(
    "kind", [kind if kind in FAST else pytest.param(kind, marks=pytest.mark.slow) for kind in REFUSED]
)
def test_a_greedy_file_is_a_sentence_soon(tmp_path, kind):
    REFUSED[kind](tmp_path / "S")
    for words in (("check", tmp_path / "S"), ("template", tmp_path / "S", "--out", tmp_path / "b.xlsx")):
        status, seconds, memory, said = measured(*words)
        assert status in ((0, 1, 2) if words[0] == "template" else (1, 2)), said
        assert "fault of the tool" not in said
        assert seconds < SOON, said
        assert memory * 1024 < MEMORY
    assert "study.yaml" not in kind or measured("check", tmp_path / "S")[1] < 2


@pytest.mark.parametrize("kind", READ)
def test_a_file_that_only_looks_greedy_is_read(tmp_path, kind):
    READ[kind](tmp_path / "S")
    status, seconds, memory, said = measured("check", tmp_path / "S")
    assert status in (1, 2), said
    assert seconds < SOON
    assert memory * 1024 < MEMORY


def test_the_limits_of_the_docs_are_those_of_the_code():
    rows = [
        match.groupdict() for match in map(ROW.match, DOCS.read_text(encoding="utf-8").splitlines()) if match
    ]
    assert len(rows) >= 12
    for row in rows:
        module, _, name = row["name"].rpartition(".")
        value = getattr(importlib.import_module(f"ipdma.{module}"), name)
        number = float(re.sub(r"[^\d.]", "", row["number"]))
        assert number in (value, value / 1_000, value / 1_000_000), row


def test_processor_time_and_memory_are_counted(tmp_path):
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    status, seconds, memory, _ = measured("codebook", "--format", "html", "--out", tmp_path / "c")
    assert status == 0
    assert 0 < seconds < SECONDS
    assert 10_000 < memory < MEMORY / 1024
