"""What is said before a job starts: plans, studies, folders. In one process; no job runs."""

import ast
import shutil
from pathlib import Path

import pytest
from tests.builders.trials import MAPPING, REPOSITORY, make_consortium, write_plan, write_trial

from ipdma.errors import PlanError
from ipdma.runs.begin import begin
from ipdma.runs.leftovers import compare_plans
from ipdma.writing import write_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    make_consortium(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(plan="plan.yaml", dry_run=True, **config):
    """The beginning of a run, as the workflow makes it."""
    return begin([Path(plan)] if plan else [], config, dry_run)


def refused(*words, **how):
    """The run does not start, and says why in these words."""
    with pytest.raises(PlanError) as error:
        start(**how)
    for word in words:
        assert word in str(error.value), str(error.value)


def test_studies_and_jobs_are_known_before_anything_runs(folder):
    run = start()
    assert run.study_ids == ["A", "B", "C"]
    assert run.cohorts == ["main"]
    assert [Path(p).name for p in run.files_of("A")] == ["study.yaml", "scores.csv"]
    assert not (folder / "out").exists()


def test_a_plan_replaces_the_default_plan_and_nothing_is_merged(folder):
    # a default plan lies where the default is looked for; its studies and contrasts must not come along
    (folder / "config").mkdir()
    write_trial(folder / "others" / "Z", "Z")
    extra = {"extra": {"active": ["combined"], "reference": ["tau"]}}
    write_plan(folder / "config" / "config.yaml", studies="others", seed=7, contrasts=extra)
    run, alone = start(), start(plan=None)
    assert (run.study_ids, run.cohorts, run.plan["seed"]) == (["A", "B", "C"], ["main"], 20260101)
    assert (alone.study_ids, alone.cohorts, alone.plan["seed"]) == (["Z"], ["extra"], 7)


def test_two_plans_at_once_are_refused(folder):
    with pytest.raises(PlanError, match="names 2 plans"):
        begin([Path("plan.yaml"), Path("plan.yaml")], {}, True)


def test_a_key_on_the_command_line_wins_over_the_plan_and_is_checked(folder):
    assert start(seed=3).plan["seed"] == 3
    refused("unknown key 'sead'", "did you mean 'seed'", sead=3)


def test_prognosis_is_a_job_of_its_own(folder):
    write_plan(folder / "plan.yaml", prognosis={"conditions": ["stpp"]})
    assert start().cohorts == ["main", "prognosis"]


def test_everything_wrong_with_a_plan_is_said_at_once(folder):
    models = {"primary": {"residul": "by_study"}}
    write_plan(folder / "plan.yaml", standardize="none", models=models, minimum_cell="ten")
    refused(
        "plan.yaml: top level: unknown key 'standardize'; did you mean 'standardise'?",
        "models.primary: unknown key 'residul'; did you mean 'residual'?",
        "minimum_cell: expected a whole number, got ten",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["plan.yaml", "empty"]),
        ("title: a\ntitle: b\n", ["plan.yaml", "line 2", "'title' stands twice"]),
        ("title: [a\n", ["plan.yaml", "line"]),
        ("- a\n- b\n", ["plan.yaml", "expected keys and values"]),
    ],
)
def test_a_file_that_is_no_plan(folder, text, words):
    (folder / "plan.yaml").write_text(text, encoding="utf-8")
    refused(*words)


def test_a_plan_that_is_not_there(folder):
    refused("nowhere.yaml: there is no such file", plan="nowhere.yaml")
    refused("trials: this is a folder", plan="trials")


def test_words_that_the_codebook_does_not_know(folder):
    contrasts = {"main": {"active": ["stp"], "reference": ["tau"]}}
    write_plan(folder / "plan.yaml", contrasts=contrasts, instruments={"preference": ["hamd17", "hamd-17"]})
    refused(
        "contrasts.main.active: the codebook has no condition 'stp'; did you mean 'stpp'?",
        "instruments.preference: the codebook has no instrument 'hamd-17'; did you mean 'hamd17'?",
    )


def test_a_study_may_bring_an_instrument_of_its_own(folder):
    own = "instrument: wellbeing\nlabel: Well-being\nrating: self\nrange: [10, 50]\n"
    write_file(folder / "trials" / "A" / "codebook" / "instruments" / "wellbeing.yaml", own)
    write_plan(folder / "plan.yaml", instruments={"preference": ["wellbeing", "hamd17"]})
    run = start()
    assert [Path(path).name for path in run.files_of("A")] == ["study.yaml", "wellbeing.yaml", "scores.csv"]
    assert run.codebook_folders == ["trials/A/codebook"]


def test_a_condition_on_both_sides(folder):
    write_plan(folder / "plan.yaml", contrasts={"main": {"active": ["stpp", "tau"], "reference": ["tau"]}})
    refused("condition 'tau' is in both active and reference")


def test_files_that_the_plan_names_and_are_not_there(folder):
    write_plan(folder / "plan.yaml", studies="trails", registry="none.tsv", codebook="words")
    refused("'trails' does not exist", "registry: 'none.tsv'", "codebook: 'words'")


def test_study_folders_that_cannot_be_used_are_named_together(folder):
    trials = folder / "trials"
    (trials / "B" / "study.yaml").write_text(MAPPING.format(study="a"), encoding="utf-8")
    (trials / "C" / "study.yaml").write_text("study: {id: C}\nstudy: {id: D}\n", encoding="utf-8")
    write_trial(trials / "D", "D")
    (trials / "D" / "scores.csv").unlink()
    write_trial(trials / "E", "E")
    (trials / "E" / "study.yaml").write_text("study: {country: NL}\n", encoding="utf-8")
    write_trial(trials / "F", "F/1")
    refused(
        "study id 'A' is carried by 2 folders",
        "'study' stands twice",
        "source.file 'scores.csv' is not there",
        "no study id",
        "study id 'F/1' cannot name a file",
    )


def test_studies_may_be_a_list_of_folders(folder):
    write_plan(folder / "plan.yaml", studies=["trials/A", "trials/C", "trials"])
    assert start().study_ids == ["A", "B", "C"]
    write_plan(folder / "plan.yaml", studies=["trials/A", "trials/C"])
    assert start().study_ids == ["A", "C"]


def test_a_folder_without_studies(folder):
    shutil.rmtree(folder / "trials")
    (folder / "trials").mkdir()
    refused("holds no study.yaml")


def test_another_plans_results_are_refused_by_the_keys_that_differ(folder):
    out = folder / "out"
    write_file(out / "plan.yaml", start().plan.as_yaml())
    write_file(out / "estimates.csv", "earlier")
    write_file(out / "private" / "rows.csv", "earlier")
    write_file(out / "mine.txt", "the user's own")
    assert start(dry_run=False).notice is None
    write_plan(folder / "plan.yaml", seed=3, instruments={"preference": ["bdi2"]})
    refused("another plan", "instruments.preference, seed", "overwrite=true")
    assert "would be removed" in start(overwrite="true").notice
    assert (out / "estimates.csv").exists()
    run = start(overwrite=True, dry_run=False)
    assert "are removed" in run.notice
    assert "overwrite" not in run.plan
    assert sorted(path.name for path in out.iterdir()) == ["mine.txt"]


def test_results_without_a_plan_are_refused_too(folder):
    write_file(folder / "out" / "counts.csv", "whose?")
    refused("counts.csv but no plan.yaml")


def test_results_that_are_a_file(folder):
    (folder / "out").write_text("", encoding="utf-8")
    refused("'out' is a file")


def test_where_the_results_lie_is_no_difference():
    assert list(compare_plans({"results": "a", "seed": 1}, {"results": "b", "seed": 1})) == []
    assert list(compare_plans({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}, "d": 3})) == ["a.c", "d"]


def test_aggregate_results_are_found_beside_the_registry(folder):
    write_file(folder / "meta" / "studies.tsv", "study\tstatus\nA\tipd\n")
    write_plan(folder / "plan.yaml", registry="meta/studies.tsv")
    assert start().aggregate is None
    head = "study\tcontrast\toutcome\ttimepoint\testimate\tstd_error\n"
    write_file(folder / "meta" / "aggregate.tsv", head + "X\tmain\tdepression\tpost\t-0.4\t0.2\n")
    assert start().tables == ["meta/studies.tsv", "meta/aggregate.tsv"]


def test_scripts_only_read_call_and_write():
    for path in sorted((REPOSITORY / "workflow" / "scripts").glob("*.py")):
        kinds = {type(node).__name__ for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
        assert not kinds & {"FunctionDef", "ClassDef", "If", "IfExp", "While", "Try", "Lambda"}, path
    assert len((REPOSITORY / "Snakefile").read_text(encoding="utf-8").splitlines()) < 40


def test_the_schemas_of_the_workflow_are_the_packages():
    own = REPOSITORY / "src" / "ipdma" / "plan" / "plan.schema.yaml"
    assert (REPOSITORY / "workflow" / "schemas" / "plan.schema.yaml").read_bytes() == own.read_bytes()


def test_the_plans_of_the_repository_can_start(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    for path in sorted(Path("config").glob("*.yaml")):
        if path.name == "real.yaml" and not (REPOSITORY.parent / "shared" / "real").is_dir():
            continue
        assert len(start(plan=path, results="results-none").studies) >= 3


def test_everything_wrong_with_the_registry_and_the_aggregate_results(folder):
    registry = "study\tstatus\nA\tnot_obtained\nB\tidp\nX\taggregate\nX\taggregate\n"
    write_file(folder / "meta" / "studies.tsv", registry)
    head = "study\tcontrast\toutcome\ttimepoint\testimate\tstd_error\n"
    rows = "X\tmane\tdepression\tpost\t-0.4\t0.2\nY\tmain\tdepression\tpost\t-0.4\t0\n"
    write_file(folder / "meta" / "aggregate.tsv", head + rows)
    write_plan(folder / "plan.yaml", registry="meta/studies.tsv")
    refused(
        "study 'A' was contributed, but its status is 'not_obtained'",
        "got 'idp'; did you mean 'ipd'?",
        "study 'X' stands 2 times",
        "the plan has no contrast 'mane'; did you mean 'main'?",
        "study 'Y': expected a number as estimate and a positive one as std_error",
    )
    write_file(folder / "meta" / "studies.tsv", "study\tname\nA\tb\n")
    refused("column 'status' is missing")
