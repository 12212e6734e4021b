"""Size: never more memory than is stated."""

from __future__ import annotations

import random
import resource
import subprocess
import sys

import pytest
from tests.builders.upload_builder import Study, mark_rest

from ipdma.site.formats import LARGEST_MB


def big_study(rows: int) -> Study:
    """2,000 rows by 120 columns: three visits of 17 items, and numbers that nothing uses."""
    draw = random.Random(1)
    header = [
        "id",
        "arm",
        "age",
        *(f"h{t}_{i}" for t in range(3) for i in range(1, 18)),
        *(f"x{i}" for i in range(66)),
    ]
    data = [
        [f"P{i}", str(1 + i % 2), str(draw.randrange(20, 60)), *(str(draw.randrange(3)) for _ in range(51))]
        + [f"{draw.random() * 100:.2f}" for _ in range(66)]
        for i in range(rows)
    ]
    times = [("baseline", 0), ("post", 16), ("follow_up", 52)]
    mapping = {
        "study": {"id": "BIG"},
        "source": {"file": "f.csv"},
        "arms": {"a": {"condition": "stpp"}, "b": {"condition": "tau"}},
        "variables": mark_rest(
            {
                "participant": {"from": "id"},
                "arm": {"from": "arm", "values": {"1": "a", "2": "b"}},
                "age": {"from": "age"},
            }
        ),
        "assessments": [
            {"instrument": "hamd17", "timepoint": time, "weeks": weeks, "items": f"h{k}_1..h{k}_17"}
            for k, (time, weeks) in enumerate(times)
        ],
    }
    return Study(header, data, mapping)


@pytest.mark.slow
def test_the_largest_file_stays_below_the_stated_memory(tmp_path):
    folder = big_study(10).write(tmp_path)
    path = folder / "f.csv"
    head, *lines = path.read_text().splitlines(keepends=True)
    with path.open("w") as stream:
        stream.write(head)
        number = 0
        while stream.tell() < (LARGEST_MB - 1) * 1_000_000:
            number += 1
            stream.write(lines[number % 10].replace("P", f"Q{number}_", 1))
    code = f"from ipdma.site.check import check_study; print(check_study({str(folder)!r}).exit_status)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_000_000  # kB
