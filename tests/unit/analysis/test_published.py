"""Trials of which a publication gives n, means and SDs of the arms: in the model like the others."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.cohort_builder import cohort, plan, two_arms

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.runs.files import with_contrast
from ipdma.runs.tables import build_tables

PLAN = {
    "sensitivity": {"published": {"aggregate": True}},
    "moderators": {},
    "multiverse": {"enabled": False},
    "time_points": {"post": {"timepoint": "post"}},
}


def draw(study, seed, instrument="hamd17", n=(24, 20)):
    """A trial of whole scores in which everyone has both."""
    rng = np.random.default_rng(seed)
    arms = []
    for size, shift in zip(n, (-4.0, 0.0), strict=True):
        before = np.clip(rng.normal(20, 4, size).round(), 5, 45)
        after = np.clip((0.5 * before + 4 + shift + rng.normal(0, 5, size)).round(), 0, 45)
        arms.append(list(zip(before, after, strict=True)))
    return two_arms(study, *arms, instrument=instrument), arms


TRIALS = {f"S{i}": draw(f"S{i}", i, "hamd17" if i % 2 else "bdi2") for i in range(1, 6)}


def published(study, correlation=None, instrument=None):
    """The row of `aggregate.tsv` that a trial's paper would give; its own correlations by arm, where none
    is given."""
    row = {"study": study, "contrast": "main", "outcome": "depression", "timepoint": "post"}
    row["instrument"] = instrument or TRIALS[study][0].assessments["instrument"].iloc[0]
    for side, pairs in zip(("active", "reference"), TRIALS[study][1], strict=True):
        before, after = np.array(pairs).T
        row |= {f"n_{side}": len(pairs), f"mean_{side}": after.mean(), f"sd_{side}": after.std(ddof=1)}
        row |= {f"baseline_mean_{side}": before.mean(), f"baseline_sd_{side}": before.std(ddof=1)}
        row[f"correlation_{side}"] = correlation or np.corrcoef(before, after)[0, 1]
    return row


def run(studies, rows=(), **changes):
    """The records of the headline and the sensitivity analysis."""
    own = plan(outcomes={"depression": {"family": "gaussian"}}, **{**PLAN, **changes})
    made = cohort(*(TRIALS[study][0] for study in studies))
    aggregate = pd.DataFrame(list(rows)) if rows else None
    tables, variants = with_contrast("main", build_tables(made, own, "main", aggregate))
    return analyse(
        tables,
        own,
        aggregate=aggregate,
        variants=variants,
        participants=made.participants,
        codebook=load_codebook(),
        parts=["efficacy", "sensitivity"],
    )


def numbers(found, model, stage):
    """The numbers of a treatment effect."""
    at = found.estimates
    row = at[(at.model == model) & (at.stage == stage) & (at.term == "treatment")]
    assert len(row) == 1
    columns = ["estimate", "std_error", "df", "ci_low", "ci_high", "tau2", "k", "n"]
    return row[columns].iloc[0].to_numpy(float)


@pytest.mark.parametrize(
    "standardise",
    ["instrument_baseline_sd", "study_baseline_sd", "instrument_post_sd", "study_post_sd", "none"],
)
def test_a_trial_replaced_by_its_own_moments_gives_the_identical_answer(standardise):
    whole = run(TRIALS, standardise=standardise)
    replaced = run(["S2", "S3", "S5"], [published("S1"), published("S4")], standardise=standardise)
    for stage in ("one", "two"):
        wanted = numbers(whole, "primary", stage)
        assert numbers(replaced, "published", stage) == pytest.approx(wanted, rel=1e-9)
        assert numbers(replaced, "primary", stage)[-2] == 3


def test_an_unknown_correlation_is_scanned_over_its_range():
    found = run(["S1", "S2", "S3"], [published("S4", "0.2..0.8"), published("S5", "0.5")])
    models = ["published:0", "published:0.25", "published", "published:0.75", "published:1"]
    errors = [numbers(found, model, "one")[1] for model in models]
    assert errors == sorted(errors, reverse=True) or len(set(errors)) == 5
    for model, r in (("published:0", 0.2), ("published:0.75", 0.65)):
        exact = run(["S1", "S2", "S3"], [published("S4", str(r)), published("S5", "0.5")])
        assert numbers(found, model, "one") == pytest.approx(numbers(exact, "published", "one"), rel=1e-9)
    told = found.counts[(found.counts.what == "published_correlation") & (found.counts.study == "S4")]
    assert sorted(set(told["value"].round(9))) == [0.2, 0.35, 0.5, 0.65, 0.8]


def test_a_trial_with_rows_is_never_counted_twice():
    found = run(TRIALS, [published("S1", "0.5")])
    assert numbers(found, "published", "two")[-2] == 5


def test_forest_rows_say_that_only_a_publication_stands_behind_them():
    found = run(["S1", "S2", "S3"], [published("S4")])
    rows = found.study_estimates[found.study_estimates.model == "published"]
    assert set(rows[rows.study == "S4"].source) == {"aggregate"}
    assert set(rows[rows.study != "S4"].source) == {"ipd"}


@pytest.mark.parametrize("stage", ["one", "two"])
def test_beside_a_changed_model_stands_the_primary_one_with_the_published_trials(stage):
    rows = [published("S4"), published("S5")]
    plain = run(["S1", "S2", "S3"], rows)
    entry = {"published": {"aggregate": True, "model": {"covariates": []}}}
    changed = run(["S1", "S2", "S3"], rows, sensitivity=entry)
    assert numbers(changed, "published:same_trials", stage) == pytest.approx(
        numbers(plain, "published", stage)
    )
    for found, word in ((plain, "itself"), (changed, "stands beside")):
        said = found.counts[
            (found.counts.what == "same_trials") & found.counts.analysis_id.str.endswith(stage)
        ]
        assert [word in level for level in said.level] == [True]
        assert (said.n.iloc[0], said.of.iloc[0]) == (3, 5)


def test_rows_scored_anew_with_published_trials_have_no_primary_model_beside_them():
    entry = {"published": {"aggregate": True, "standardise": "study_baseline_sd"}}
    found = run(["S1", "S2", "S3"], [published("S4")], sensitivity=entry)
    said = found.counts[found.counts.what == "same_trials"]
    assert set(said.level) == {"the rows were scored anew together with the published trials"}
    assert "published:same_trials" not in set(found.estimates.model)
