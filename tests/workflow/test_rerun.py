"""What changed is run again and nothing else, and the files are those of a run from nothing."""

import hashlib
import re
import shutil
from collections import Counter

import pytest
from tests.builders.trials import MAPPING, make_consortium, planned, snakemake, write_plan, write_trial

OTHER = {"active": ["combined"], "reference": ["waitlist"]}
BASE = {
    "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"], "label": "Main"}, "other": OTHER},
    "sensitivity": {"common": {"model": {"treatment_effect": "common"}}},
    "missing": {"method": "multiple_imputation", "m": 2, "iterations": 2},
    "multiverse": {"enabled": False},
}
NEW = {"fixed": {"model": {"residual": "common"}}}
FITS = {"harmonise", "cohort", "fit", "impute"}


def write_other(folder, study, seed):
    """A trial of the other contrast, on an instrument of its own."""
    write_trial(folder / "trials" / study, study, seed=seed)
    text = MAPPING.format(study=study).replace("hamd17", "bdi2")
    text = text.replace("condition: stpp", "condition: combined").replace(
        "condition: tau", "condition: waitlist"
    )
    (folder / "trials" / study / "study.yaml").write_text(text, encoding="utf-8")


def files_of(folder):
    """Digest of every file of a results folder, the list of them too."""
    out = folder / "out"
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.name != ".snakemake_timestamp"
    }


def made(process):
    """Results that the jobs of a name made: those of a contrast are its fits and its imputation."""
    counted = Counter()
    for job, n in re.findall(r"^(\S+): (\d+) of \d+ results made", process.stdout, re.M):
        counted[job] += int(n)
    return counted


def stood(process):
    """Jobs of a name that read what they read before."""
    return Counter(re.findall(r"^(\S+): what it reads is as it was", process.stdout, re.M))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of five small trials in two contrasts."""
    folder = tmp_path_factory.mktemp("rerun")
    make_consortium(folder)
    write_other(folder, "D", 4)
    write_other(folder, "E", 5)
    write_plan(folder / "plan.yaml", **BASE)
    process = snakemake(folder)
    assert process.returncode == 0, process.stdout
    return folder


def add_a_trial(folder):
    """One more trial of the other contrast."""
    write_other(folder, "F", 6)


def take_a_trial(folder):
    """One less."""
    shutil.rmtree(folder / "trials" / "E")


def change_a_person(folder):
    """Somebody of the first contrast felt better."""
    path = folder / "trials" / "A" / "scores.csv"
    head, first, rest = path.read_text(encoding="utf-8").split("\n", 2)
    *cells, after = first.split(";")
    path.write_text("\n".join([head, ";".join([*cells, str(int(after) // 2)]), rest]), encoding="utf-8")


def labelled(name):
    """The contrasts with another label of the first."""
    return {"contrasts": {**BASE["contrasts"], "main": {**BASE["contrasts"]["main"], "label": name}}}


# what changes in the plan and in the folder; options; jobs that may not run; what the jobs make
# (who is not in a contrast is counted there: of another one's trial that is the one analysis that is made)
CASES = {
    "title": ({"title": "B"}, None, [], FITS, {"report": 0}),
    "label": (labelled("Mean"), None, [], FITS, {}),
    "sensitivity": (
        {"sensitivity": {**BASE["sensitivity"], **NEW}},
        None,
        ["overwrite=true"],
        {"harmonise", "cohort", "impute"},
        {"main": 1, "other": 1},
    ),
    "trial": ({}, add_a_trial, [], set(), {"main": 1}),
    "person": ({}, change_a_person, [], set(), {"other": 0}),
    "withdrawn": ({}, take_a_trial, [], {"harmonise"}, {"main": 1}),
    "keys": (
        {"sensitivity": {}, "missing": {**BASE["missing"], "m": 3}},
        None,
        ["overwrite=true"],
        {"harmonise", "cohort"},
        {},
    ),
}


# jobs of a contrast of whose reading nothing changed
STOOD = {"person": {"other": 2}}


def change(case, finished, folder):
    """A copy of the finished run after a change, run again."""
    changes, touch, options, _, _ = CASES[case]
    shutil.copytree(finished, folder, symlinks=True)
    write_plan(folder / "plan.yaml", **{**BASE, **changes})
    if touch is not None:
        touch(folder)
    given = ["--config", *options] if options else []
    dry = snakemake(folder, "-n", *given)
    assert dry.returncode == 0, dry.stdout
    return set(planned(dry)), given


@pytest.mark.parametrize("case", CASES)
def test_only_what_depends_on_the_change_is_planned(case, finished, tmp_path):
    jobs, _ = change(case, finished, tmp_path / "changed")
    assert "report" in jobs or case == "keys"
    assert not jobs & CASES[case][3]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_only_what_changed_is_made_and_all_is_as_from_nothing(case, finished, tmp_path):
    folder, nothing = tmp_path / "changed", tmp_path / "nothing"
    _, given = change(case, finished, folder)
    process = snakemake(folder, *given)
    assert process.returncode == 0, process.stdout
    found = made(process)
    assert {job: found[job] for job in CASES[case][4]} == CASES[case][4]
    assert stood(process) == STOOD.get(case, {})
    shutil.copytree(folder, nothing, ignore=shutil.ignore_patterns("out", ".snakemake"))
    anew = snakemake(nothing)
    assert anew.returncode == 0, anew.stdout
    assert files_of(folder) == files_of(nothing)
