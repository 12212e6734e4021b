"""The twin of a trial has the moments of its bundle, and no row of the trial."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.builders.guest_runs import run_with
from tests.builders.uploads import upload_of

from ipdma.bundle import bundle_text, parse_bundle
from ipdma.bundle.twin.invent import invent_twin
from ipdma.codebook import load_codebook
from ipdma.cohort import Upload, build_rows, stack
from ipdma.plan import Plan
from ipdma.release.gate import ungated
from ipdma.release.make import draft_trial

PLAN = {
    "studies": "trials",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist"]}},
    "outcomes": {
        "depression": {"family": "gaussian"},
        "response": {"family": "binomial", "moderators": []},
        "remission": {"family": "binomial", "moderators": []},
        "dropout": {"family": "binomial", "moderators": ["sex"]},
    },
    "moderators": {
        "severity": {"column": "baseline"},
        "age": {"column": "age", "per": 10},
        "sex": {"column": "sex", "type": "categorical"},
        "chronicity": {
            "column": "episode_duration_months",
            "type": "categorical",
            "cuts": [12, 24],
            "labels": ["short", "middle", "long"],
        },
        "log_duration": {"column": "episode_duration_months", "transform": "log"},
    },
    "minimum_cell": 1,
}
TRIALS = ("T01", "T02", "T03")


@pytest.fixture(scope="module")
def codebook():
    return load_codebook()


@pytest.fixture(scope="module")
def plan():
    return Plan.from_mapping(PLAN)


@pytest.fixture(scope="module")
def uploads():
    return {name: upload_of(name, seed=i, gone=10, unaged=12) for i, name in enumerate(TRIALS, 1)}


@pytest.fixture(scope="module")
def twins(plan, codebook, uploads):
    """Each made from the text of the bundle and from nothing else."""
    made = {}
    for name, upload in uploads.items():
        bundle = ungated(draft_trial(upload, plan, codebook))
        made[name] = invent_twin(parse_bundle(bundle_text(bundle), name), codebook)
    return made


def as_upload(twin):
    """A twin as an upload of texts."""
    empty = pd.DataFrame(columns=["study", "participant", "variable", "reason"])
    people = twin.participants.astype(object).where(twin.participants.notna(), "")
    numbers = [c for c in people if pd.api.types.is_float_dtype(twin.participants[c])]
    people[numbers] = people[numbers].map(lambda v: v if v == "" else repr(float(v)))
    scores = twin.assessments.assign(score=twin.assessments["score"].map(repr))
    arms = {name: {"condition": arm.condition} for name, arm in twin.bundle.arms.items()}
    return Upload({"study": {"id": twin.bundle.study_id}, "arms": arms}, people, scores.astype(str), empty)


def test_the_twins_are_exact(twins):
    assert [twin.lost for twin in twins.values()] == [()] * len(twins)


def test_the_bundle_of_a_twin_is_the_bundle(plan, codebook, twins):
    for twin in twins.values():
        again = ungated(draft_trial(as_upload(twin), plan, codebook))
        assert [cell.arms for cell in again.cells] == [cell.arms for cell in twin.bundle.cells]
        assert len(again.blocks) == len(twin.bundle.blocks)
        for block in twin.bundle.blocks:
            found = again.find(block.serves[0], block.names, block.imputation)
            assert found is not None
            assert found.labels == block.labels
            for arm, own in block.arms.items():
                sd = np.sqrt(np.maximum(np.diag(own.covariance), 1e-12))
                assert found.arms[arm].n == own.n
                assert np.abs((found.arms[arm].means - own.means) / sd).max() < 1e-9
                assert np.abs((found.arms[arm].covariance - own.covariance) / np.outer(sd, sd)).max() < 1e-9
        for own, other in zip(twin.bundle.scales, again.scales, strict=True):
            assert (own.n, own.df) == (other.n, other.df)
            assert other.sum_of_squares == pytest.approx(own.sum_of_squares, rel=1e-9)


def test_scores_lie_inside_the_range_and_people_are_called_twins(twins):
    for twin in twins.values():
        assert twin.assessments["score"].between(0, 52).all()
        assert twin.participants["participant"].str.fullmatch(r"TWIN-\d{4}").all()
        assert set(twin.participants["sex"]) == {"female", "male"}


def test_nobody_of_the_trial_is_in_its_twin(uploads, twins):
    for name, twin in twins.items():
        real = set(uploads[name].assessments["score"].astype(float))
        assert not real & set(twin.assessments["score"].round(12))


def test_the_same_bundle_gives_the_same_twin(codebook, twins):
    again = invent_twin(twins["T01"].bundle, codebook)
    pd.testing.assert_frame_equal(again.assessments, twins["T01"].assessments)
    pd.testing.assert_frame_equal(again.participants, twins["T01"].participants)


def test_an_arm_that_no_people_fit_says_what_differs(codebook, twins):
    bundle = twins["T01"].bundle
    age = next(block for block in bundle.blocks if block.names == ("outcome", "baseline", "age"))
    arm, own = next(iter(age.arms.items()))
    wide = own.covariance.copy()
    wide[2, 2] *= 60
    broken = replace(age, arms={**age.arms, arm: replace(own, covariance=wide)})
    twin = invent_twin(
        replace(bundle, blocks=tuple(broken if b is age else b for b in bundle.blocks)), codebook
    )
    assert twin.lost
    assert all("age" in sentence for sentence in twin.lost)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_lme4_finds_the_same_headline_in_the_twin_and_in_the_rows(tmp_path, plan, codebook, uploads, twins):
    found = []
    for name, trials in (("rows", list(uploads.values())), ("twin", [as_upload(t) for t in twins.values()])):
        rows = build_rows(stack(trials, codebook), plan, "main", "depression", "post").rows
        path = tmp_path / f"{name}.csv"
        rows[["study", "treat", "baseline", "outcome"]].dropna().to_csv(path, index=False)
        script = (
            f"d <- read.csv('{path}'); suppressMessages(library(lme4)); "
            "d$b <- d$baseline - ave(d$baseline, d$study); d$study <- factor(d$study); "
            "m <- lmer(outcome ~ 0 + study + study:b + treat + (0 + treat | study), d, "
            "control = lmerControl(check.conv.singular = 'ignore')); "
            "found <- c(fixef(m)['treat'], sqrt(vcov(m)['treat', 'treat']), sigma(m), -2 * logLik(m)); "
            "cat(format(found, digits = 15))"
        )
        done = subprocess.run(["Rscript", "-e", script], check=True, capture_output=True, text=True)
        found.append([float(number) for number in done.stdout.split()])
    assert found[1] == pytest.approx(found[0], rel=1e-6)


def test_the_analyses_of_twins_are_those_of_the_trials(uploads, twins):
    """Efficacy and moderators, in one stage and two: no twin holds a quantile, so that points there are left
    out."""
    asked = {key: PLAN[key] for key in ("outcomes", "moderators")}
    made = {name: as_upload(twin) for name, twin in twins.items()}
    tables = []
    for contributed in (uploads, made):
        found = run_with(contributed, (), ("efficacy", "moderators"), **asked).estimates
        kept = found[(found.outcome == "depression") & ~found.term.astype(str).str.contains(":at:|spline")]
        tables.append(kept.set_index(["analysis_id", "term", "level"]))
    assert list(tables[0].index) == list(tables[1].index)
    assert len(tables[0]) > 60
    numbers = ["estimate", "std_error", "df", "p_value", "ci_low", "ci_high", "k", "n"]
    a, b = (table[numbers].astype(float) for table in tables)
    pd.testing.assert_frame_equal(a, b, rtol=1e-6, atol=1e-9)
