"""Small runs of the whole workflow, each in a folder of its own."""

import shutil

import pytest
import yaml
from tests.builders.trials import REPOSITORY, make_consortium, planned, snakemake, write_plan

RUN_FILES = ["estimates.csv", "study_estimates.csv", "counts.csv", "plan.yaml", "report.html"]


def copy_source(folder):
    """The package's source in a folder, to be altered there."""
    shutil.copytree(
        REPOSITORY / "src" / "ipdma", folder / "ipdma", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run of three small trials, with a source of its own."""
    folder = tmp_path_factory.mktemp("run")
    make_consortium(folder)
    source = copy_source(folder / "source")
    process = snakemake(folder, source=source)
    assert process.returncode == 0, process.stdout
    return folder, source, process


def append(path, line):
    """One more line at the end of a file, and the way back."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text + line, encoding="utf-8")
    return lambda: path.write_text(text, encoding="utf-8")


def rerun(finished, room_file, line):
    """Jobs that one more line in a source file makes necessary."""
    folder, source, _ = finished
    undo = append(source / "ipdma" / room_file, line)
    try:
        process = snakemake(folder, "-n", source=source)
    finally:
        undo()
    assert process.returncode == 0, process.stdout
    return planned(process)


def test_a_run_leaves_what_the_interface_names(finished):
    folder, _, process = finished
    out = folder / "out"
    for name in RUN_FILES:
        assert (out / name).is_file(), name
    assert (out / "validation" / "A.html").is_file()
    assert list((out / "figures").glob("*.svg"))
    assert list((out / "tables").glob("*.xlsx"))
    assert "Traceback" not in process.stdout
    assert "A: ready: 24 rows read, 24 kept, 0 left out." in process.stdout
    ran = yaml.safe_load((out / "plan.yaml").read_text(encoding="utf-8"))
    assert ran["minimum_cell"] == 10


def test_rows_of_participants_stay_under_private(finished):
    folder, _, _ = finished
    out = folder / "out"
    for path in out.rglob("*"):
        if path.is_file() and "private" not in path.relative_to(out).parts:
            content = path.read_bytes()
            assert b"person-17" not in content, path


def test_each_job_has_a_log(finished):
    folder, _, _ = finished
    logs = {
        str(path.relative_to(folder / "out" / "logs")) for path in (folder / "out" / "logs").rglob("*.log")
    }
    assert {"plan.log", "cohort.log", "records.log", "report.log", "harmonise/A.log", "fit/main.log"} <= logs
    assert "ready" in (folder / "out" / "logs" / "harmonise" / "A.log").read_text(encoding="utf-8")


def test_a_second_run_has_nothing_to_do(finished):
    folder, source, _ = finished
    process = snakemake(folder, source=source)
    assert process.returncode == 0
    assert "Nothing to be done" in process.stdout


def test_a_comment_in_the_model_reruns_the_fits_and_no_harmonising(finished):
    jobs = rerun(finished, "model/pool.py", "# a comment\n")
    assert set(jobs) >= {"fit", "records", "report"}
    assert not set(jobs) & {"plan", "harmonise", "cohort"}


def test_a_changed_colour_reruns_only_the_report(finished):
    jobs = rerun(finished, "report/style.py", "# another colour\n")
    assert "report" in jobs
    assert not set(jobs) & {"plan", "harmonise", "cohort", "fit", "records"}


def test_a_change_in_the_reader_reruns_the_harmonising(finished):
    jobs = rerun(finished, "site/units.py", "# a comment\n")
    assert jobs["harmonise"] == 1  # one job for all that are due


def test_a_study_that_is_not_ready_stops_the_run_and_leaves_earlier_results(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "run", symlinks=True)
    folder = tmp_path / "run"
    before = {name: (folder / "out" / name).read_bytes() for name in RUN_FILES}
    page = (folder / "out" / "validation" / "B.html").read_bytes()
    for study, line in (("B", "person-1;1;99;3\n"), ("C", "person-900;7;20;3\n")):
        with (folder / "trials" / study / "scores.csv").open("a", encoding="utf-8") as stream:
            stream.write(line)
    due = folder / "out" / "private" / "stamps" / "harmonise" / "A.json"
    due.unlink()
    process = snakemake(folder, source=finished[1])
    assert process.returncode != 0
    assert "Traceback" not in process.stdout
    assert due.is_file()  # ready, and not to be done again
    said = process.stdout[process.stdout.index("The run stopped") :]
    assert "study 'B' (trials/B) is not ready" in said
    assert "study 'C' (trials/C) is not ready" in said
    assert "out/private/to_fix/B.html" in said
    assert (folder / "out" / "private" / "to_fix" / "B.html").is_file()
    assert {name: (folder / "out" / name).read_bytes() for name in RUN_FILES} == before
    assert (folder / "out" / "validation" / "B.html").read_bytes() == page
    logs = "".join(path.read_text(encoding="utf-8") for path in (folder / "out" / "logs").rglob("*.log"))
    assert "person-900" not in logs


def test_a_mistyped_key_is_one_clear_sentence(tmp_path):
    make_consortium(tmp_path)
    write_plan(tmp_path / "plan.yaml", standardize="none")
    process = snakemake(tmp_path, "-n")
    assert process.returncode == 1
    assert "unknown key 'standardize'; did you mean 'standardise'?" in process.stdout
    assert len(process.stdout.strip().splitlines()) <= 4, process.stdout


def test_the_lint_of_snakemake_is_clean(tmp_path):
    make_consortium(tmp_path)
    process = snakemake(tmp_path, "--lint")
    assert process.returncode == 0, process.stdout
