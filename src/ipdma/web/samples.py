"""Three built-in synthetic examples to play with: a study, the same with faults, its harmonised upload."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ipdma.site.check import check_study
from ipdma.site.harmonise import build_upload

FILE = "example_SYNTHETIC.csv"
HEADER = "Nr;Arm;Alter;Geschl;HAMD_T0;HAMD_T1"
PEOPLE = 24
MAPPING = """\
# A made-up study: nobody stands behind these numbers.
ipdma_study: 1
study: {id: EXAMPLE, country: DE}
source: {file: example_SYNTHETIC.csv, missing: ["999"]}
arms:
  stpp: {condition: stpp, label: short-term psychodynamic psychotherapy}
  tau: {condition: tau, label: treatment as usual}
variables:
  participant: {from: Nr}
  arm: {from: Arm, values: {"1": stpp, "2": tau}}
  age: {from: Alter}
  sex: {from: Geschl, values: {"1": male, "2": female}}
assessments:
  - {instrument: hamd17, timepoint: baseline, weeks: 0, total: HAMD_T0}
  - {instrument: hamd17, timepoint: post, weeks: 16, total: HAMD_T1}
"""
# what the self-test expects of the faulty example: code, variable, row numbers
FAULTS = {7: ("Alter", "340"), 9: ("HAMD_T1", "77"), 12: ("Geschl", "3"), 15: ("Nr", "SYN-13")}
EXPECTED = (
    ("IPD-022", "sex", [12]),
    ("IPD-024", "age", [7]),
    ("IPD-024", "hamd17", [9]),
    ("IPD-041", "participant", [14, 15]),
)


def rows(faulty: bool) -> list[list[str]]:
    """The rows of the example, numbers that follow a rule and no person."""
    table = [
        [f"SYN-{n:02d}", str(n % 2 + 1), str(20 + n * 7 % 45), str(n * n % 3 % 2 + 1), str(14 + n * 5 % 13)]
        for n in range(1, PEOPLE + 1)
    ]
    for n, row in enumerate(table, start=1):
        row.append(str(max(0, int(row[4]) - (9 if row[1] == "1" else 4) - n % 5)))
    names = HEADER.split(";")
    for at, (column, cell) in (FAULTS if faulty else {}).items():
        table[at - 2][names.index(column)] = cell
    return table


def sample(name: str) -> dict[str, bytes]:
    """The files of an example: clean, faulty or harmonised."""
    text = "\n".join([HEADER, *(";".join(row) for row in rows(name == "faulty"))]) + "\n"
    files = {FILE: text.encode(), "study.yaml": MAPPING.encode()}
    return harmonised(files) if name == "harmonised" else files


def harmonised(files: dict[str, bytes]) -> dict[str, bytes]:
    """The upload that `harmonise` makes of the files."""
    with tempfile.TemporaryDirectory() as place:
        for file, data in files.items():
            (Path(place) / file).write_bytes(data)
        result = check_study(place)
    if result.file is None or result.facts is None or result.codebook is None:
        raise ValueError("the built-in example cannot be read")
    return build_upload(result.file, result.facts, result.codebook, "")
