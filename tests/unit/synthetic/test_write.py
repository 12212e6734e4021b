"""Every synthetic file passes the check, and harmonising it gives back what was drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ipdma.codebook import load_codebook
from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study
from ipdma.synthetic.harmonised import assessments_table, participants_table
from ipdma.synthetic.trial import draw_trial
from ipdma.synthetic.truth import read_truth

FOLDER = Path(__file__).parents[3] / "data" / "synthetic"
TRUTH = read_truth(FOLDER / "truth.yaml")
KEYS = ["participant", "instrument", "timepoint"]


@pytest.fixture(autouse=True)
def no_pseudonyms(monkeypatch):
    monkeypatch.delenv("IPDMA_PSEUDONYM_KEY", raising=False)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, dtype="str", keep_default_na=False)


@pytest.fixture(params=sorted(TRUTH.studies))
def pair(request, tmp_path):
    """The drawn trial and the folder of its harmonised upload."""
    study = TRUTH.studies[request.param]
    result = harmonise_study(FOLDER / study.name, tmp_path / "upload")
    assert result.ready, [finding.message for finding in result.findings if finding.grade == "must_fix"]
    return draw_trial(study, TRUTH, TRUTH.seed), tmp_path / "upload"


def test_what_was_drawn_comes_back(pair):
    trial, upload = pair
    same_scores(trial, own_names(trial, read_table(upload, "assessments.csv")))
    same_people(trial, own_names(trial, read_table(upload, "participants.csv")))


def own_names(trial, read: pd.DataFrame) -> pd.DataFrame:
    """A file without identifiers is read by row number: give those rows their drawn names."""
    if not trial.study.file.get("row_number"):
        return read
    names = {str(k): name for k, name in enumerate(trial.participants["participant"], start=1)}
    return read.assign(participant=read["participant"].map(names))


def same_scores(trial, read: pd.DataFrame) -> None:
    """Scores agree one by one; where an item was left blank, a prorated total may differ a little."""
    drawn = assessments_table(trial).merge(read, on=KEYS, how="outer", suffixes=("", "_read"), indicator=True)
    assert (drawn["_merge"] == "both").all()
    assert (drawn["weeks"] == drawn["weeks_read"].astype(float)).all()
    for word in ("rating", "scoring"):
        assert (drawn[word] == drawn[f"{word}_read"]).all()
    off = (drawn["score"] - drawn["score_read"].astype(float)).abs()
    if trial.study.file.get("blank_items"):
        assert 0 < (off > 1e-9).mean() < 0.1
        assert off.max() <= 4
    else:
        assert off.max() <= 1e-9


def same_people(trial, read: pd.DataFrame) -> None:
    """Every variable comes back; a duration kept in weeks, to within half a week."""
    drawn = participants_table(trial)
    numbers = [name for name, variable in load_codebook().variables.items() if variable.type == "number"]
    drawn, read = (t.set_index("participant").sort_index() for t in (drawn, read))
    assert list(drawn.index) == list(read.index)
    for name in drawn.columns:
        if name in numbers:
            found = pd.to_numeric(read[name].replace("", None)).astype(float)
            slack = 0.13 if name == "episode_duration_months" else 1e-9
            assert np.allclose(drawn[name], found, atol=slack, equal_nan=True), name
        elif name == "therapist":  # leaves as a number for each
            pairs = set(zip(drawn[name].fillna(""), read[name], strict=True))
            assert len(pairs) == drawn[name].fillna("").nunique() == read[name].nunique()
        else:
            assert list(drawn[name].fillna("")) == list(read[name]), name


@pytest.mark.parametrize("name", ["CH-A"])
def test_a_confirmed_finding_stays_confirmed(name):
    result = check_study(FOLDER / name)
    asked = [finding for finding in result.findings if finding.grade == "please_confirm"]
    assert len(asked) == 3
    assert all(finding.confirmed for finding in asked)


def test_published_numbers_are_compared_and_agree():
    for name, study in TRUTH.studies.items():
        findings = check_study(FOLDER / name).findings
        open_questions = [f for f in findings if f.grade == "please_confirm" and not f.confirmed]
        assert open_questions == [], name
        assert bool(study.file.get("published")) == (
            "published:" in (FOLDER / name / "study.yaml").read_text("utf-8")
        )
