"""A finding about study.yaml names its line, and an assessment its column."""

from __future__ import annotations

import time

import pytest
from tests.builders.small_study import HEADER, ROWS

from ipdma.site.check import check_study

TEXT = """\
ipdma_study: 1
study: {id: S}
source:
  file: f.csv
  decimal: ";"
arms:
  stpp: {condition: stpp}
  tau:
    condition: usual
variables:
  participant: {from: id}
  arm: {from: arm, values: {"1": stpp, "2": tau}}
  age: {from: alder}
  sex:
    from: sex
    values:
      "1": mail
      "2": female
assessments:
  - {instrument: hamd17, timepoint: baseline, total: pre}
  - instrument: hamd17
    timepoint: end
    total: post
sorce: x
"""


def messages(folder, text=TEXT):
    folder.mkdir(exist_ok=True)
    (folder / "f.csv").write_text("\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n")
    (folder / "study.yaml").write_text(text)
    result = check_study(folder)
    return [finding["message"] for finding in result.as_json()["findings"]] or [result.error]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("source.decimal", 5),
        ("arms.tau.condition", 9),
        ("'alder'", 13),
        ("variables.sex.values.1", 17),
        ("assessments, entry 2 (column post)", 22),
        ("'sorce'", 24),
    ],
)
def test_each_fault_names_its_line(tmp_path, said, line):
    message = next(m for m in messages(tmp_path / "S") if said in m)
    assert f"line {line}" in message


def test_a_right_file_has_no_fault_to_place(small):
    assert not any("line" in finding.said for finding in small.check().findings)


@pytest.mark.parametrize("kind", ["values", "unknown"])
def test_thirty_thousand_entries_are_read_in_seconds(tmp_path, kind):
    many = ", ".join(f'"{n}": male' for n in range(30_000))
    text = TEXT.replace("from: sex\n    values:\n", f"from: sex\n    values: {{{many}}}\n").replace(
        '      "1": mail\n      "2": female\n', ""
    )
    if kind == "unknown":
        text = TEXT + "".join(f"nonsense{n}: x\n" for n in range(30_000))
    begun = time.process_time()
    assert messages(tmp_path / "S", text)
    assert time.process_time() - begun < 8  # under two on a quiet machine
