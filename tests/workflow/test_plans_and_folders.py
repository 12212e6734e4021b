"""What is said before a job starts: plans, studies, folders. In one process; no job runs."""

import ast
import json
import shutil
from pathlib import Path

import pytest
import yaml
from tests.builders.trials import MAPPING, PLAN, REPOSITORY, make_consortium, write_plan, write_trial

from ipdma.errors import PlanError
from ipdma.plan.words import without_words
from ipdma.runs.begin import begin
from ipdma.runs.leftovers import compare_plans
from ipdma.runs.stamps import write_names
from ipdma.writing import write_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    make_consortium(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(plan="plan.yaml", works=False, **config):
    """The beginning of a run, as the workflow makes it."""
    return begin([Path(plan)] if plan else [], config, works)


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
    assert {label: path.name for label, path in run.files("harmonise/A").items()} == {
        "A/study.yaml": "study.yaml",
        "A/data": "scores.csv",
    }
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
        begin([Path("plan.yaml"), Path("plan.yaml")], {}, False)


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
        ("title: a\ntitle: b\n", ["plan.yaml", "line 2", "'title' occurs twice"]),
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
    assert list(run.files("harmonise/A")) == [
        "A/study.yaml",
        "A/codebook/instruments/wellbeing.yaml",
        "A/data",
    ]
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
        "'study' occurs twice",
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


def finished_run(folder, out="out"):
    """A results folder as a run leaves it, with a file of the user's own in it."""
    out = folder / out
    run = start()
    files = {
        "plan": {"plan.yaml": run.plan.as_yaml()},
        "fit/old": {"parts/old/estimates.csv": "earlier", "private/old.csv": "earlier"},
        "records": {"estimates.csv": "earlier"},
    }
    for job, made in files.items():
        write_names(out, job, list(made))
        for name, text in made.items():
            write_file(out / name, text)
    for name in ("mine.txt", "tables/mine.txt", "private/mydata.sav", "parts/old/notes.txt"):
        write_file(out / name, "the user's own")
    return out


def names_in(out):
    """Files of a results folder but for the lists that runs keep."""
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(("private/made", "private/running"))}


OWN = {"mine.txt", "tables/mine.txt", "private/mydata.sav", "parts/old/notes.txt"}


def test_another_plans_results_are_refused_by_the_keys_that_differ(folder):
    out = finished_run(folder)
    assert not [line for line in start().notices if "another plan" in line]
    write_plan(folder / "plan.yaml", seed=3, instruments={"preference": ["bdi2"]})
    refused("another plan", "instruments.preference, seed", "overwrite=true")
    refused("another plan", works=True)
    before = names_in(out)
    assert "would be removed" in start(overwrite="true").notices[-1]
    assert names_in(out) == before


def test_a_default_that_came_with_a_later_version_is_no_other_plan(folder):
    out = finished_run(folder)
    earlier = yaml.safe_load((out / "plan.yaml").read_text(encoding="utf-8"))
    del earlier["minimum_cell"], earlier["multiverse"]
    write_file(out / "plan.yaml", yaml.safe_dump(earlier))
    assert not [line for line in start().notices if "another plan" in line]


def test_overwriting_removes_what_runs_made_and_the_new_plan_lacks_and_nothing_else(folder):
    out = finished_run(folder)
    write_plan(folder / "plan.yaml", seed=3)
    run = start(overwrite=True, works=True)
    assert "2 files that this run does not have are removed" in run.notices[-1]
    assert "overwrite" not in run.plan
    assert names_in(out) == OWN | {"plan.yaml", "estimates.csv"}


def test_a_trial_that_is_not_there_any_more_leaves_nothing(folder):
    out = finished_run(folder)
    write_names(out, "harmonise/Z", ["validation/Z.html"])
    write_file(out / "validation" / "Z.html", "a page for the trial")
    start()
    assert (out / "validation" / "Z.html").is_file()
    start(works=True)
    assert not (out / "validation").exists()
    assert names_in(out) > OWN


def test_a_file_of_the_users_own_is_never_overwritten(folder):
    out = finished_run(folder)
    write_names(out, "records", [])
    write_plan(folder / "plan.yaml", seed=3)
    refused("holds estimates.csv, which no run of this version made there", overwrite=True, works=True)
    assert names_in(out) == OWN | {"plan.yaml", "estimates.csv", "parts/old/estimates.csv", "private/old.csv"}


@pytest.mark.parametrize("made", ["../plan.yaml", "/etc/passwd", "a/../../plan.yaml", "", None, 3])
def test_a_forged_list_leads_nowhere_else(folder, made):
    out = finished_run(folder)
    write_file(out / "private" / "made" / "fit" / "old.json", json.dumps([made, "private/old.csv"]))
    write_plan(folder / "plan.yaml", seed=3)
    start(overwrite=True, works=True)
    assert (folder / "plan.yaml").is_file()
    assert not (out / "private" / "old.csv").exists()


WORDS = {
    "title": "Another title",
    "footer": "Not for circulation",
    "contrasts": {"main": {**PLAN["contrasts"]["main"], "label": "X", "negative_favours": "reference"}},
    "outcomes": {"depression": {"family": "gaussian", "label": "Low mood"}},
    "models": {"primary": {"covariates": ["baseline"], "label": "The model"}},
    "time_points": {"post": {"timepoint": "post", "label": "End of treatment"}},
    "explanations": [{"analysis": "main.depression.post.primary.one", "why": "by chance"}],
}


@pytest.mark.parametrize("key", WORDS)
def test_words_make_no_other_plan_and_no_other_fit(folder, key):
    if key == "explanations":
        write_plan(folder / "plan.yaml", explanations=[{**WORDS[key][0], "why": "as yet unknown"}])
    finished_run(folder)
    before = start().recipes
    write_plan(folder / "plan.yaml", **{key: WORDS[key]})
    after = start().recipes
    changed = {job for job in before if before[job] != after[job]}
    assert {"plan", "report"} <= changed <= {"plan", "report", "records", "integrity"}


def test_a_moderator_may_be_called_label(folder):
    first, second = ({"moderators": {"label": {"column": c}}} for c in ("age", "baseline"))
    assert without_words(first) != without_words(second)


def test_results_without_a_plan_are_refused_too(folder):
    write_file(folder / "out" / "counts.csv", "whose?")
    refused("counts.csv but no plan.yaml")


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (".", "holds the plan"),
        ("trials", "is the data ('trials')"),
        ("trials/A", "lies in the data"),
        ("trials/new", "lies in the data"),
        ("meta", "holds the plan's registry"),
        ("..", "holds the plan"),
        ("link", "is the data"),
        ("out{x}", "holds a brace"),
    ],
)
def test_results_that_would_touch_what_is_read(folder, results, words):
    write_file(folder / "meta" / "studies.tsv", "study\tstatus\nA\tipd\n")
    (folder / "link").symlink_to(folder / "trials")
    write_plan(folder / "plan.yaml", results=results, registry="meta/studies.tsv")
    refused(words, overwrite=True, works=True)


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
    files = start().files("fit/main")
    assert {name: str(path) for name, path in files.items()} == {
        "registry": "meta/studies.tsv",
        "aggregate": "meta/aggregate.tsv",
    }


def test_scripts_only_read_call_and_write():
    for path in sorted((REPOSITORY / "workflow" / "scripts").glob("*.py")):
        kinds = {type(node).__name__ for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
        assert not kinds & {"FunctionDef", "ClassDef", "If", "IfExp", "While", "Try", "Lambda"}, path
    assert len((REPOSITORY / "workflow" / "Snakefile").read_text(encoding="utf-8").splitlines()) < 60


def test_the_schemas_of_the_workflow_are_the_packages():
    own = REPOSITORY / "src" / "ipdma" / "plan" / "plan.schema.yaml"
    assert (REPOSITORY / "workflow" / "schemas" / "config.schema.yaml").read_bytes() == own.read_bytes()


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
