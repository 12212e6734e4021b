"""The pipeline on the twins of a run prints its numbers; what a run shares runs again. Whole runs: slow."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from tests.builders.trials import REPOSITORY, snakemake, write_plan

from ipdma.cli import main

pytestmark = pytest.mark.slow

TRIALS = ("CA-A", "ES-A", "SE-A", "US-A")
PLAN = {
    "studies": [f"trials/{name}" for name in TRIALS],
    "registry": "studies.tsv",
    "outcomes": {
        "depression": {"family": "gaussian"},
        "response": {"family": "binomial", "moderators": []},
        "remission": {"family": "binomial", "moderators": []},
    },
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist", "tau", "placebo"]}},
    "moderators": {
        "severity": {"column": "baseline"},
        "sex": {"column": "sex", "type": "categorical", "levels": ["female", "male"]},
        "age": {"column": "age", "per": 10},
    },
    "sensitivity": {"unadjusted": {"model": {"covariates": []}}},
}
KEY = ["analysis_id", "term", "level"]
NUMBERS = ["estimate", "std_error", "df", "p_value", "ci_low", "ci_high", "tau2", "k", "n"]
COUNTED = ["rows", "analysed", "missing_outcome", "events", "participants", "characteristic_share"]
COUNTED += ["moderator_level", "excluded"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Trials of the example consortium in a folder of their own."""
    folder = tmp_path_factory.mktemp("run")
    for name in TRIALS:
        shutil.copytree(REPOSITORY / "data" / "synthetic" / name, folder / "trials" / name)
    shutil.copy(REPOSITORY / "config" / "studies.tsv", folder / "studies.tsv")
    return folder


def run(folder, plan, **changes):
    """A whole run; its results folder."""
    write_plan(folder / plan, **{**PLAN, **changes})
    done = snakemake(folder, plan=plan)
    assert done.returncode == 0, done.stdout[-3000:]
    return folder / changes.get("results", "out")


def gaussian(results):
    """Estimates of scores, without points at quantiles and without curves: moments hold neither."""
    rows = pd.read_csv(results / "estimates.csv", keep_default_na=False, na_values=[""])
    rows = rows[(rows["outcome"] == "depression") & ~rows["term"].str.contains(":at:|spline")]
    return rows.fillna({"level": ""}).set_index(KEY)[NUMBERS].astype(float)


def counted(results):
    """Counts of people, whole: private records withhold nothing."""
    rows = pd.read_csv(results / "private" / "records" / "counts.csv", dtype={"level": str})
    rows = rows[rows["what"].isin(COUNTED)].fillna({"level": "", "variable": "", "arm": "", "study": ""})
    key = ["analysis_id", "what", "study", "arm", "variable", "level"]
    return rows.set_index(key)[["n", "of"]].sort_index().astype(float)


def test_the_pipeline_on_twins_prints_the_numbers_of_the_run(place, capsys):
    results = run(place, "plan.yaml")
    status = main(["twin", str(results), "--out", str(place / "twins")])
    assert status == 0, capsys.readouterr().err
    again = run(place, "twin.yaml", studies="twins", results="again")
    wanted, found = gaussian(results), gaussian(again)
    assert list(found.index) == list(wanted.index)
    assert len(wanted) > 30
    exact = [name for name in NUMBERS if name != "tau2"]
    np.testing.assert_allclose(found[exact], wanted[exact], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found["tau2"], wanted["tau2"], rtol=1e-5, atol=1e-8)  # where a search stops
    pd.testing.assert_frame_equal(counted(again), counted(results))
    assert "SYNTHETIC TWIN" in (again / "report.html").read_text(encoding="utf-8")
    figures = sorted((again / "figures").rglob("*.svg"))
    assert figures
    assert all("SYNTHETIC TWIN" in own.read_text(encoding="utf-8") for own in figures)


def test_what_a_run_shares_runs_again_and_holds(place, tmp_path, capsys):
    results = run(place, "share.yaml", share=True, results="published")
    shutil.copytree(results / "share", tmp_path / "share")
    done = snakemake(tmp_path, plan="share/plan.yaml")
    assert done.returncode == 0, done.stdout[-3000:]
    again = tmp_path / "share-again"
    headline = ("main.depression.post.primary.one", "treatment", "")
    wanted, found = gaussian(results).loc[headline], gaussian(again).loc[headline]
    assert (found["k"], found["n"]) == (wanted["k"], wanted["n"])
    # where a site withheld a sum of squares its constant is that of the people analysed
    np.testing.assert_allclose(found[["estimate", "std_error"]], wanted[["estimate", "std_error"]], rtol=0.01)
    assert main(["verify", str(tmp_path / "share")]) == 0
    assert main(["verify", str(again)]) == 0
    text = (tmp_path / "share" / "estimates.csv").read_text(encoding="utf-8")
    (tmp_path / "share" / "estimates.csv").write_text(text.replace("0.", "0.1", 1), encoding="utf-8")
    assert main(["verify", str(tmp_path / "share")]) == 1
    assert "estimates.csv: changed since it was shared" in capsys.readouterr().out
