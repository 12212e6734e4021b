"""Two versions of the package on the same data, fit by fit in turn, with the ratio of their processor times.

    python benchmarks/pair.py OTHER/src [--sizes 800 10000 100000 1000000] [--seconds 20]

Each version runs in a process of its own, and the two take turns, so that other work on the machine meets
both alike. A time is the least of many fits. The models are that of `engines.py` and, as `batch`, the one
without each study in turn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
WORKER = """
import sys, time, warnings
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
from draw import draw
from engines import spec
from ipdma.model.design import build_design
from ipdma.model.gaussian import fit_gaussian, prepare_design
from ipdma.model.many import leave_one_study_out
for line in sys.stdin:
    what, size = line.split()
    rows = draw(int(size))
    if what == "fit":
        def act():
            fit_gaussian(rows, spec(), profile=False)
    else:
        prepared = prepare_design(build_design(rows, spec()))
        def act():
            leave_one_study_out(prepared)
    act()
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "end\\n":
            break
        start = time.process_time()
        act()
        print(time.process_time() - start, flush=True)
"""


def start(source: Path) -> subprocess.Popen[str]:
    """A process that fits with the package in a source folder."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(HERE)],
        env={**os.environ, **one_thread, "PYTHONPATH": str(source)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(process: subprocess.Popen[str], line: str) -> str:
    """Send a line and wait for the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(line, file=process.stdin, flush=True)
    return process.stdout.readline().strip()


def compare(pair: list[subprocess.Popen[str]], what: str, size: int, seconds: float) -> tuple[float, ...]:
    """The least processor time of each version, in milliseconds, and how many fits of each were made."""
    for process in pair:
        assert ask(process, f"{what} {size}") == "ready"
    least, count, until = [float("inf")] * len(pair), 0, time.monotonic() + seconds
    while count < 5 or time.monotonic() < until:
        for i, process in enumerate(pair):
            least[i] = min(least[i], 1e3 * float(ask(process, "go")))
        count += 1
    for process in pair:
        assert process.stdin is not None
        print("end", file=process.stdin, flush=True)
    return (*least, count)


def main() -> None:
    """Print a row per model and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="the source folder of the other version")
    parser.add_argument("--sizes", type=int, nargs="+", default=[800, 10_000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    pair = [start(HERE.parent / "src"), start(options.other)]
    print("| model | n | this, ms | other, ms | ratio | fits |\n|---|---|---|---|---|---|")
    for what, size in [*(("fit", n) for n in options.sizes), ("batch", 800), ("batch", 10_000)]:
        ours, theirs, count = compare(pair, what, size, options.seconds)
        print(
            f"| {what} | {size:,} | {ours:.4g} | {theirs:.4g} | {ours / theirs:.3f} | {count} |", flush=True
        )
    for process in pair:
        process.communicate()


if __name__ == "__main__":
    main()
