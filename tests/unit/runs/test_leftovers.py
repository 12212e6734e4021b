"""What a run does not have any more is removed with its log, and nothing else."""

from ipdma.runs.leftovers import remove_other_jobs
from ipdma.runs.stamps import MADE, stamp_path, write_names
from ipdma.writing import write_file


def leave(results, study):
    """A job that harmonised a trial, as it leaves its files."""
    names = [f"validation/{study}.html", f"private/harmonised/{study}/rows.csv"]
    for name in (*names, f"logs/harmonise/{study}.log"):
        write_file(results / name, study)
    write_names(results, f"harmonise/{study}", names)
    write_file(stamp_path(results, f"harmonise/{study}"), "{}")


def files(results):
    return {path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file()}


def test_a_withdrawn_trial_leaves_nothing_behind(tmp_path):
    leave(tmp_path, "A")
    own = files(tmp_path)
    leave(tmp_path, "B")
    write_file(tmp_path / "logs" / "harmonise" / "mine.log", "a file of the user's own")
    both = files(tmp_path)
    lines = remove_other_jobs(tmp_path, ["harmonise/A"], works=False)
    assert files(tmp_path) == both
    assert remove_other_jobs(tmp_path, ["harmonise/A"], works=True) == [
        line.replace("would be", "are") for line in lines
    ]
    assert files(tmp_path) == own | {"logs/harmonise/mine.log"}
    assert (tmp_path / MADE / "harmonise" / "A.json").is_file()
