"""Three real trials, in the folder beside the repository, through the plan config/real.yaml."""

import csv

import pandas as pd
import pytest
import yaml
from tests.builders.guest_runs import run_with
from tests.builders.trials import REPOSITORY, snakemake

from ipdma.codebook import load_codebook
from ipdma.cohort import build_rows, stack
from ipdma.io import read_upload
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.plan import read_plan
from ipdma.release.attack import attack_bundle
from ipdma.release.gate import release
from ipdma.release.make import draft_trial
from ipdma.site.harmonise import harmonise_study

REAL = REPOSITORY.parent / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real trials are not beside the repository")


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    """The three trials, harmonised."""
    out = tmp_path_factory.mktemp("uploads")
    folders = sorted(path.parent for path in (REPOSITORY / "config" / "real").glob("*/study.yaml"))
    for folder in folders:
        assert harmonise_study(folder, out / folder.name).ready
    return {folder.name: read_upload(out / folder.name) for folder in folders}


@pytest.fixture(scope="module")
def cohort(uploads):
    """The three trials, stacked."""
    return stack(list(uploads.values()), load_codebook())


def treatment(cohort, outcome, model):
    """The treatment effect on one outcome at post in Beat the Blues alone."""
    plan = read_plan(REPOSITORY / "config" / "real.yaml")
    rows = build_rows(cohort, plan, "active_control", outcome, "post").rows
    spec = ModelSpec.from_mapping({"outcome": "outcome", **plan["models"][model], "residual": "common"})
    return fit_model(rows[rows["study"] == "BtheB"], spec).estimate("treatment")


def test_beat_the_blues_by_analysis_of_covariance_on_raw_points(cohort):
    found = treatment(cohort, "bdi_points", "primary")
    assert found.estimate == pytest.approx(-3.954, abs=5e-4)
    assert found.std_error == pytest.approx(1.706, abs=1e-3)
    assert found.df == pytest.approx(94)


def test_beat_the_blues_as_hedges_g(cohort):
    assert treatment(cohort, "hedges_g", "unadjusted").estimate == pytest.approx(-0.4461, abs=5e-5)


def test_the_trials_as_bundles_give_the_rows_of_the_trials(uploads):
    plan = yaml.safe_load((REPOSITORY / "config" / "real.yaml").read_text(encoding="utf-8"))
    asked = {**plan, "minimum_cell": 1, "registry": None, "missing": {"method": "none"}}
    parts = ("rows", "efficacy", "moderators", "sensitivity")
    whole, bundled = (
        run_with(uploads, names, parts, contrast="active_control", **asked) for names in ((), tuple(uploads))
    )
    tables = []
    for records in (whole, bundled):
        rows = records.estimates[records.estimates.outcome.isin(["depression", "bdi_points", "hedges_g"])]
        tables.append(rows.set_index(["analysis_id", "term", "level"]))
    there = [key for key in tables[0].index if key[1].split(":")[1:2] not in (["at"], ["spline"])]
    assert len(there) > 60
    numbers = ["estimate", "std_error", "df", "p_value", "ci_low", "ci_high", "k", "n"]
    a, b = (table.loc[there, numbers].astype(float) for table in tables)
    pd.testing.assert_frame_equal(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["BtheB", "Gregoire1996", "JOBS2"])
def test_what_leaves_of_each_trial_recovers_nobody(uploads, name):
    plan = read_plan(REPOSITORY / "config" / "real.yaml")
    (upload,) = [own for own in uploads.values() if own.study["study"]["id"] == name]
    made = release(draft_trial(upload, plan, load_codebook()), plan, 10)
    assert made.bundle.gate.for_sharing
    assert made.untried == 0
    assert attack_bundle(made.bundle, 10)[0] == []


@pytest.mark.slow
def test_the_whole_run(tmp_path):
    plan = yaml.safe_load((REPOSITORY / "config" / "real.yaml").read_text(encoding="utf-8"))
    plan |= {
        "studies": str(REPOSITORY / "config" / "real"),
        "registry": str(REPOSITORY / "config/real/studies.tsv"),
    }
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    process = snakemake(tmp_path)
    assert process.returncode == 0, process.stdout
    out = tmp_path / plan["results"]
    assert list((out / "figures").glob("*forest*.svg"))
    with (out / "estimates.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    severity = [r for r in rows if r["term"] == "treatment:within:severity" and r["timepoint"] == "post"]
    assert {r["stage"] for r in severity} == {"one", "two"}
    assert {r["k"] for r in rows if r["analysis_id"] == "active_control.depression.post.primary.one"} == {"3"}
