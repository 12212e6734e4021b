"""An independent judge: frictionless on the exported Table Schema finds the same faulty cells as we do."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from tests.builders.upload_builder import found_cells, wide_study

from ipdma.cli import main
from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study

frictionless = pytest.importorskip("frictionless")
CELL_FAULTS = {"not_a_number", "decimal_sign", "out_of_range", "unlisted_code", "not_whole"}
WRONG = {
    "age": ["130", "-1", "3O", "31,5", "old", "1e9"],
    "sex": ["1", "man", "FEMALE?", "x"],
    "episode_duration_months": ["-3", "1300", "k.A.", "12,5"],
    "age_at_onset": ["121", "teens", "-0.5"],
    "previous_episodes": ["2.5", "201", "-1", "many"],
    "sessions_attended": ["501", "3.5", "none"],
    "dropout": ["1", "0", "perhaps", "ja"],
}
SCORES = ["53", "-1", "2O", "12,5", "seventy"]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemas")
    assert main(["codebook", "--format", "table-schema", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def upload(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oracle")
    harmonise_study(wide_study(200).write(folder / "raw"), folder / "up")
    return folder / "up"


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def judged(path: Path, schema: Path) -> set[tuple[str, int]]:
    """Faulty cells by the other program."""
    rules = frictionless.Schema.from_descriptor(json.loads(schema.read_text("utf-8")))
    report = frictionless.Resource(path=path.name, basepath=str(path.parent), schema=rules).validate()
    assert not [error for error in report.errors if error.type == "resource-error"]
    return {(e[0], e[1]) for e in report.flatten(["fieldName", "rowNumber"]) if e[0] and e[1]}


def test_participants(upload, schemas):
    draw = random.Random(3)
    rows = read(upload / "participants.csv")
    free = draw.sample(range(1, len(rows)), sum(map(len, WRONG.values())))
    planted = set()
    for column, cells in WRONG.items():
        for cell in cells:
            at = free.pop()
            rows[at][rows[0].index(column)] = cell
            planted.add((column, at + 1))
    write(upload / "participants.csv", rows)
    ours = {
        (column, row)
        for name, _, column, row in found_cells(check_study(upload).findings)
        if name in CELL_FAULTS
    }
    assert ours == planted
    assert judged(upload / "participants.csv", schemas / "participants.schema.json") == planted


def test_scores(upload, schemas, tmp_path):
    rows = read(upload / "assessments.csv")
    at_score, at_instrument = rows[0].index("score"), rows[0].index("instrument")
    hamd = [i for i, row in enumerate(rows) if row[at_instrument] == "hamd17"]
    planted = set()
    for at, cell in zip(random.Random(4).sample(hamd, len(SCORES)), SCORES, strict=True):
        rows[at][at_score] = cell
        planted.add(at)
    write(upload / "assessments.csv", rows)
    found = found_cells(check_study(upload).findings)
    ours = {row - 1 for name, variable, _, row in found if name in CELL_FAULTS and variable == "hamd17"}
    assert ours == planted
    write(tmp_path / "hamd17.csv", [rows[0], *(rows[i] for i in hamd)])
    theirs = judged(tmp_path / "hamd17.csv", schemas / "scores" / "hamd17.sum.schema.json")
    assert {hamd[row - 2] for column, row in theirs if column == "score"} == planted
