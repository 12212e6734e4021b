"""Three real trials, in the folder beside the repository, through the plan config/real.yaml."""

import csv

import pytest
import yaml
from tests.builders.trials import REPOSITORY, snakemake

from ipdma.codebook import load_codebook
from ipdma.cohort import build_rows, stack
from ipdma.io import read_upload
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.plan import read_plan
from ipdma.site.harmonise import harmonise_study

REAL = REPOSITORY.parent / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real trials are not beside the repository")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """The three trials, harmonised and stacked."""
    out = tmp_path_factory.mktemp("uploads")
    folders = sorted(path.parent for path in (REPOSITORY / "config" / "real").glob("*/study.yaml"))
    for folder in folders:
        assert harmonise_study(folder, out / folder.name).ready
    return stack([read_upload(out / folder.name) for folder in folders], load_codebook())


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
