"""Which trials one job harmonises, and in how many processes."""

import pytest
from snakemake.cli import get_argument_parser
from tests.builders.trials import make_consortium

from ipdma.runs.begin import begin
from ipdma.runs.due import AT_ONCE, MOST_HANDS, Due, asked_anew, find_due
from ipdma.runs.stamps import Stamp, stamp_path
from ipdma.writing import write_file


@pytest.fixture
def run(tmp_path, monkeypatch):
    make_consortium(tmp_path)
    monkeypatch.chdir(tmp_path)
    return begin([tmp_path / "plan.yaml"], {}, False)


def finish(run, *studies):
    """Their stamps, as if harmonised."""
    for study in studies:
        job = f"harmonise/{study}"
        write_file(stamp_path(run.results, job), Stamp(job, run.recipes[job], {}, {}).text())


@pytest.mark.parametrize(
    ("words", "anew"),
    [
        ("--cores all", False),
        ("-F", True),
        ("-nF", True),
        ("--forcea", True),
        ("--forcerun=harmonise --cores 1", True),
        ("-Rharmonise", True),
        ("-R fit", False),
        ("--cores 1 harmonise", True),
        ("--until harmonise", False),
        ("--allowed-rules harmonise --force-use-threads", False),
    ],
)
def test_all_are_due_where_the_command_line_asks_for_them(words, anew):
    assert asked_anew(["/usr/bin/snakemake", *words.split()], get_argument_parser) is anew
    assert not asked_anew(["pytest", *words.split()], get_argument_parser)


def test_trials_without_a_stamp_or_with_an_old_one_are_due(run, tmp_path):
    assert list(find_due(run, again=False).studies) == ["A", "B", "C"]
    finish(run, "A", "B", "C")
    assert list(find_due(run, again=False).studies) == []
    assert list(find_due(run, again=True).studies) == ["A", "B", "C"]
    stamp_path(run.results, "harmonise/C").unlink()
    (tmp_path / "trials/B/scores.csv").write_text("id;arm;before;after\n", encoding="utf-8")
    changed = begin([tmp_path / "plan.yaml"], {}, False)
    assert list(find_due(changed, again=False).studies) == ["B", "C"]


def test_a_changed_trial_changes_the_digest(run, tmp_path):
    before = Due(run, ["A", "B"]).digest
    (tmp_path / "trials/B/scores.csv").write_text("id;arm;before;after\n", encoding="utf-8")
    after = begin([tmp_path / "plan.yaml"], {}, False)
    assert Due(after, ["A", "B"]).digest != before
    assert Due(after, ["A"]).digest == Due(run, ["A"]).digest


def test_small_trials_are_made_in_one_process_and_large_ones_side_by_side(run, tmp_path):
    assert Due(run, run.study_ids).hands == 1
    assert Due(run, []).hands == 1
    for study in "ABC":
        with (tmp_path / f"trials/{study}/scores.csv").open("a", encoding="utf-8") as stream:
            stream.write(" " * 2 * AT_ONCE)
    assert Due(run, ["A"]).hands == 1
    assert Due(run, ["A", "B", "C"]).hands == min(MOST_HANDS, 3)
