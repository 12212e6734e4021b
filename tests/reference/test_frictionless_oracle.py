"""An independent judge: frictionless finds the type, range and code faults that we find."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from pathlib import Path

import pytest

from ipdma.codebook import load_codebook
from ipdma.codebook.exports import TEXT_EXPORTS
from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study

frictionless = pytest.importorskip("frictionless")
Resource = frictionless.Resource
Schema = frictionless.Schema
system = frictionless.system
CODEBOOK = load_codebook()
STUDY = """
ipdma_study: 1
study: {id: ORA}
source: {file: d.csv}
arms: {stpp: {condition: stpp}, tau: {condition: tau}}
variables:
  participant: {from: id}
  arm: {from: arm}
  age: {from: age}
  sex: {from: sex}
  previous_episodes: {from: pe}
  chronic: {from: chr}
  education: {from: edu}
assessments:
  - {instrument: hamd17, timepoint: baseline, total: h0}
  - {instrument: hamd17, timepoint: post, weeks: 16, total: h16}
  - {instrument: hscl, timepoint: post, weeks: 16, total: s16}
  - {instrument: scl90_dep, timepoint: post, weeks: 16, total: d16, scoring: dutch}
"""
BAD = {
    "age": ["130", "-1", "forty", "4O"],
    "sex": ["m", "1", "vrouw"],
    "previous_episodes": ["-2", "201", "two"],
    "chronic": ["1", "ja"],
    "education": ["university", "3"],
    "condition": ["stp", "waiting"],
    "score": ["-1", "99", "1O", "x"],
    "instrument": ["hamd18"],
    "timepoint": ["T1"],
    "rating": ["nurse"],
}


@pytest.fixture
def upload(tmp_path) -> Path:
    """A harmonised upload of 60 participants without a fault."""
    draw = random.Random(7)
    raw, out = tmp_path / "raw", tmp_path / "upload"
    raw.mkdir()
    (raw / "study.yaml").write_text(STUDY)
    rows = [["id", "arm", "age", "sex", "pe", "chr", "edu", "h0", "h16", "s16", "d16"]]
    for i in range(60):
        person = [
            f"p{i:02d}",
            "stpp" if i % 2 else "tau",
            draw.randint(20, 70),
            draw.choice(["male", "female"]),
        ]
        person += [draw.randint(0, 5), draw.choice(["yes", "no"]), draw.choice(["low", "medium", "high"])]
        rows.append(
            [
                *person,
                draw.randint(14, 30),
                draw.randint(0, 25),
                draw.randint(10, 50) / 10,
                draw.randint(16, 80),
            ]
        )
    with (raw / "d.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert harmonise_study(raw, out).ready
    return out


def plant(path: Path, columns: list[str], number: int, draw: random.Random) -> set[tuple[int, str]]:
    """Spoil cells of a table, one per row; returns spreadsheet rows and columns."""
    with path.open(newline="") as stream:
        header, *rows = list(csv.reader(stream))
    planted = set()
    for at in draw.sample(range(len(rows)), number):
        column = draw.choice(columns)
        rows[at][header.index(column)] = draw.choice(BAD[column])
        planted.add((at + 2, column))
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return planted


def judged_by_frictionless(upload: Path, name: str) -> set[tuple[int, str]]:
    """Rows and columns that frictionless finds wrong; scores are judged by the schema of their scoring."""
    schemas = {k: json.loads(v) for k, v in TEXT_EXPORTS["table-schema"](CODEBOOK).items()}
    with (upload / name).open(newline="") as stream:
        header, *rows = list(csv.reader(stream))
    found = errors(schemas[name.replace(".csv", ".schema.json")], header, list(enumerate(rows, start=2)))
    if name == "assessments.csv":
        groups = defaultdict(list)
        for at, row in enumerate(rows, start=2):
            groups[row[header.index("instrument")], row[header.index("scoring")]].append((at, row))
        for (instrument, scoring), group in groups.items():
            if instrument in CODEBOOK.instruments:
                scoring = scoring or CODEBOOK.instruments[instrument].default_scoring
                found |= errors(
                    schemas[f"scores/{instrument}.{scoring}.schema.json"], header, group, {"score"}
                )
    return found


def errors(schema: dict, header: list[str], rows: list[tuple[int, list[str]]], only: set[str] | None = None):
    """Cell errors of frictionless, with our row numbers."""
    schema = {**schema, "foreignKeys": []}
    resource = Resource(data=[header, *[row for _, row in rows]], schema=Schema.from_descriptor(schema))
    with system.use_context(standards="v2"):
        report = resource.validate()
    cells = [e for e in report.tasks[0].errors if hasattr(e, "field_name")]
    return {(rows[e.row_number - 2][0], e.field_name) for e in cells if only is None or e.field_name in only}


def judged_by_us(upload: Path, name: str) -> set[tuple[int, str]]:
    """Rows and columns of our must-fix findings on one table."""
    findings = check_study(upload).as_json()["findings"]
    wrong = [f for f in findings if f["grade"] == "must_fix" and f["file"] == name and f["column"]]
    return {(row, f["column"]) for f in wrong for row in f["rows"]}


@pytest.mark.parametrize("seed", range(6))
def test_both_find_what_was_planted_among_participants(upload, seed):
    columns = ["age", "sex", "previous_episodes", "chronic", "education"]
    planted = plant(upload / "participants.csv", columns, 20, random.Random(seed))
    assert judged_by_frictionless(upload, "participants.csv") == planted
    assert judged_by_us(upload, "participants.csv") == planted


@pytest.mark.parametrize("seed", range(6))
def test_both_find_what_was_planted_among_scores(upload, seed):
    planted = plant(
        upload / "assessments.csv", ["score", "instrument", "timepoint", "rating"], 30, random.Random(seed)
    )
    ours = judged_by_us(upload, "assessments.csv")
    theirs = judged_by_frictionless(upload, "assessments.csv")
    assert ours == planted
    assert theirs == planted


def test_neither_finds_anything_in_a_sound_upload(upload):
    for name in ("participants.csv", "assessments.csv", "missing.csv"):
        assert judged_by_frictionless(upload, name) == set()
        assert judged_by_us(upload, name) == set()
