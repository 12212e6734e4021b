"""How long `ipdma check` takes, and how much memory: processor seconds and peak resident megabytes.

python benchmarks/check.py [ROWSxCOLUMNS ...]     default 2000x120 5000x200 200000x60
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

MAPPING = """\
ipdma_study: 1
study: {id: BIG}
source: {file: f.csv}
arms: {a: {condition: stpp}, b: {condition: tau}}
variables:
  participant: {from: id}
  arm: {from: arm, values: {"1": a, "2": b}}
  age: {from: age}
assessments:
  - {instrument: hamd17, timepoint: baseline, items: "h0_1..h0_17"}
  - {instrument: hamd17, timepoint: post, weeks: 16, items: "h1_1..h1_17"}
"""


def write_study(folder: Path, rows: int, columns: int) -> None:
    """A clean wide trial with two visits of 17 items and numbers that nothing uses."""
    draw = random.Random(1)
    items = [f"h{t}_{i}" for t in range(2) for i in range(1, 18)]
    rest = columns - 3 - len(items)
    (folder / "study.yaml").write_text(MAPPING, encoding="utf-8")
    with (folder / "f.csv").open("w", encoding="utf-8") as stream:
        stream.write(",".join(["id", "arm", "age", *items, *(f"x{i}" for i in range(rest))]) + "\n")
        for i in range(rows):
            cells = [f"P{i:06d}", str(1 + i % 2), str(draw.randrange(20, 60))]
            cells += [str(draw.randrange(3)) for _ in items]
            cells += [f"{draw.random() * 100:.2f}" for _ in range(rest)]
            stream.write(",".join(cells) + "\n")


def measure(rows: int, columns: int) -> str:
    """One check in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        write_study(Path(name), rows, columns)
        code = (
            "import resource, sys; from ipdma.cli import main; status = main(['check', sys.argv[1]]); "
            "used = resource.getrusage(resource.RUSAGE_SELF); "
            "print(status, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
        status, seconds, megabytes = done.stderr.split()[-3:]
    return f"{rows:>8} x {columns:<4} exit {status}  {float(seconds):6.1f} s  {float(megabytes):6.0f} MB"


if __name__ == "__main__":
    for size in sys.argv[1:] or ["2000x120", "5000x200", "200000x60"]:
        print(measure(*map(int, size.split("x"))), flush=True)
