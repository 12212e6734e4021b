"""The three real trials: ready after mapping, and a damaged copy of each yields exactly its damage."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.builders.upload_builder import found_cells

from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "real"
TRIALS = {"btheb": "btheb.csv", "gregoire1996": "gregoire.csv", "jobs2": "jobs2.csv"}
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the shared folder with the real trials is not there"
)


@pytest.mark.parametrize(
    ("trial", "people", "scores"), [("btheb", 100, 380), ("gregoire1996", 61, 356), ("jobs2", 899, 1798)]
)
def test_a_real_trial_is_ready_and_its_upload_repeats(trial, people, scores, tmp_path):
    result = harmonise_study(ROOT / "config" / "real" / trial, tmp_path / "up")
    assert result.ready
    assert (len(result.facts.persons), len(result.facts.scores)) == (people, scores)
    again = harmonise_study(tmp_path / "up", tmp_path / "again")
    assert again.ready
    for path in (tmp_path / "up").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def copy_of(trial: str, folder: Path, damage) -> set:
    """A damaged copy of a trial; returns what it shows beyond the sound one."""
    name = TRIALS[trial]
    with (REAL / trial / name).open(newline="") as stream:
        rows = list(csv.reader(stream))
    damage(rows)
    folder.mkdir()
    with (folder / name).open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    mapping = (ROOT / "config" / "real" / trial / "study.yaml").read_text()
    (folder / "study.yaml").write_text(mapping.replace(f"../../../../shared/real/{trial}/{name}", name))
    sound = found_cells(check_study(ROOT / "config" / "real" / trial).findings)
    result = check_study(folder)
    assert result.error is None
    return found_cells(result.findings) - sound


def test_damage_to_beat_the_blues(tmp_path):
    def damage(rows):
        rows[10][rows[0].index("bdi.pre")] = "64"
        rows[11][rows[0].index("bdi.2m")] = "1O"
        rows[12][rows[0].index("treatment")] = "Beat"
        rows[13][rows[0].index("drug")] = "?"
        rows[14][0] = rows[15][0]
        rows[16][rows[0].index("bdi.5m")] = "12,5"
        rows[17][rows[0].index("bdi.8m")] = "7.5"
        rows[18][rows[0].index("bdi.pre")] = ""

    assert copy_of("btheb", tmp_path / "d", damage) == {
        ("out_of_range", "bdi2", "bdi.pre", 11),
        ("not_a_number", "bdi2", "bdi.2m", 12),
        ("unlisted_code", "arm", "treatment", 13),
        ("unlisted_code", "antidepressant_at_baseline", "drug", 14),
        ("participant_repeated", "participant", "subject", 15),
        ("participant_repeated", "participant", "subject", 16),
        ("decimal_sign", "bdi2", "bdi.5m", 17),
        ("non_integer_total", "bdi2", "bdi.8m", 18),
        ("missing_score", "bdi2", "bdi.pre", 19),
    }


def test_damage_to_gregoire(tmp_path):
    def damage(rows):
        assert rows[1][:3] == ["1", "placebo", "-1"]
        rows[1][3] = "31"
        rows[9][1] = "oestrogen"
        rows[16][2] = "7"
        rows[24][2] = rows[25][2]
        rows[30][0] = ""

    group = {("arm_changes", "arm", "group", row) for row in range(9, 16)}
    assert copy_of("gregoire1996", tmp_path / "d", damage) == group | {
        ("out_of_range", "epds", "dep", 2),
        ("unlisted_visit", "visit", "visit", 17),
        ("participant_repeated", "participant", "subj", 25),
        ("participant_repeated", "participant", "subj", 26),
        ("participant_missing", "participant", "subj", 31),
    }


def test_damage_to_jobs2(tmp_path):
    def damage(rows):
        at = {name: i for i, name in enumerate(rows[0])}
        rows[5][at["treat"]] = ""
        rows[6][at["sex"]] = "2"
        rows[7][at["age"]] = "341"
        rows[8][at["depress1"]] = "0.9"
        rows[9][at["depress2"]] = "5.1"
        rows[10][at["marital"]] = "engaged"
        rows[11][at["age"]] = "34,1"

    assert copy_of("jobs2", tmp_path / "d", damage) == {
        ("arm_empty", "arm", "treat", 6),
        ("unlisted_code", "sex", "sex", 7),
        ("out_of_range", "age", "age", 8),
        ("out_of_range", "hscl", "depress1", 9),
        ("out_of_range", "hscl", "depress2", 10),
        ("unlisted_code", "relationship", "marital", 11),
        ("decimal_sign", "age", "age", 12),
    }
