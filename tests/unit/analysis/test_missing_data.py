"""The analyses of missing data in the record files: what stands there and what it must equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import BINARY_KEY, KEY, as_table, draw_rows, small_plan

from ipdma.analysis.completed import own_information, with_helpers
from ipdma.analysis.departed import start_columns
from ipdma.analysis.imputed_binary import derived_events
from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.imputation import impute_rows, sets_of_trials
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.rubin import pool_rubin
from ipdma.model.spec import ModelSpec

MISSING = {
    "method": "multiple_imputation",
    "m": 4,
    "iterations": 3,
    "systematic": "two_level",
    "delta": {"grid": [0.5, 1.0], "arms": "active"},
    "reference_based": ["jump_to_reference", "copy_increments"],
    "binary": "non_responder",
}
FOLLOW_UP = ("stpp_control", "depression", "follow_up")


SMALL = (40, 36, 44)


def lost_rows(seed=2, sizes=(40, 60, 30, 80, 50, 44)):
    """Rows with an eighth of outcomes missing and a moderator that one trial never measured."""
    return draw_rows(seed, sizes, missing=0.125)


def run(tables, moderators=None, **missing):
    plan = small_plan(
        missing={**MISSING, **missing}, moderators=moderators or small_plan()["moderators"], seed=11
    )
    return analyse(tables, plan, parts=["missing"], codebook=load_codebook(()))


@pytest.fixture(scope="module")
def rows():
    return lost_rows()


@pytest.fixture(scope="module")
def records(rows):
    return run({KEY: as_table(rows)})


def row_of(records, **columns):
    table = records.estimates
    for name, value in columns.items():
        table = table[table[name].fillna("") == value]
    assert len(table) == 1
    return table.iloc[0]


def test_the_imputed_headline_is_rubins_rules_over_the_data_sets(records, rows):
    found = row_of(records, model="imputed", stage="one", moderator="", term="treatment")
    names = ["baseline", "outcome", "episode_duration_months", "antidepressant_at_baseline", "age"]
    m = int(records.counts.query("what == 'imputations'")["n"].iloc[0])
    done = impute_rows(rows, names, m, 3, 11, sets=sets_of_trials(rows, names, 4))
    keys = {"covariates": ["baseline"], "residual": "by_study", "df": "nst"}
    spec = ModelSpec.from_mapping(
        {"outcome": "outcome", "study": "study", "treatment": "treat", **keys}, "test"
    )
    columns = ["study", "treat", "baseline", "outcome"]
    fits = [fit_gaussian(part[columns], spec) for _, part in done.rows.groupby("imputation")]
    expected = pool_rubin(fits).estimate("treatment")
    assert found["estimate"] == pytest.approx(expected.estimate, rel=1e-6)
    assert found["std_error"] == pytest.approx(expected.std_error, rel=1e-5)
    assert (found["df"], found["df_method"]) == (expected.df, "nst")
    ends = (found["ci_low"], found["ci_high"])
    assert ends == pytest.approx((expected.ci_low, expected.ci_high), rel=1e-5)
    shares = records.counts.query("what == 'lambda' and variable == 'treatment'")["value"]
    assert len(shares)
    assert shares.between(0, 1).all()
    assert found["n"] == len(rows)


def test_as_many_sets_as_percent_incomplete(records, rows):
    names = ["baseline", "outcome", "episode_duration_months", "age"]
    gaps = rows[names].isna().any(axis=1).groupby(rows["study"])
    asked = np.maximum(np.ceil(100 * gaps.mean()), 4)
    wanted = np.ceil(np.average(asked, weights=gaps.size()))
    assert records.counts.query("what == 'imputations'")["n"].iloc[0] == wanted
    assert wanted >= 100 * rows[names].isna().any(axis=1).mean()


def test_fmi_and_monte_carlo_error_are_written(records):
    counts = records.counts[records.counts["analysis_id"] == "stpp_control.depression.post.imputed.one"]
    values = counts.set_index("what")["value"]
    assert 0 < values["fmi"] < 1
    assert values["mc_error"] > 0
    tau2 = counts[counts["variable"] == "treatment"].set_index("what")["value"]
    assert tau2["variance_low"] <= tau2["variance_median"] <= tau2["variance_high"]


def test_study_rows_under_imputation_are_pooled_ones(records, rows):
    own = records.study_estimates[records.study_estimates["model"] == "imputed"]
    assert sorted(own["study"]) == sorted(rows["study"].unique())
    sizes = rows.groupby("study")["treat"].sum()
    assert (own.set_index("study")["n_active"] == sizes).all()
    assert (own["ci_low"] < own["estimate"]).all()
    assert own["weight"].sum() == pytest.approx(100)


def test_delta_moves_a_difference_of_means_by_its_share_of_missing():
    """One trial, no covariate: the estimate is a difference of means, so the closed form is exact."""
    rows = lost_rows(sizes=(80,))
    plan = small_plan(
        missing={**MISSING, "delta": {"grid": [3.0], "arms": "grid"}, "reference_based": []},
        models={"primary": {"covariates": [], "residual": "common", "treatment_effect": "common"}},
        moderators={}, seed=3,
    )  # fmt: skip
    records = analyse({KEY: as_table(rows)}, plan, parts=["missing"])
    plain = row_of(records, model="imputed", stage="one", term="treatment")["estimate"]
    share = rows["outcome"].isna().groupby(rows["treat"]).mean()
    for model, expected in (
        ("delta:3:0", 3 * share[1]),
        ("delta:0:3", -3 * share[0]),
        ("delta:3:3", 3 * (share[1] - share[0])),
    ):
        moved = row_of(records, model=model, stage="one", term="treatment")["estimate"]
        assert moved - plain == pytest.approx(expected, abs=1e-9)


def test_a_moderator_that_a_trial_never_measured_is_a_labelled_sensitivity(records, rows):
    term = "treatment:within:antidepressant[yes]"
    columns = {"stage": "one", "moderator": "antidepressant", "term": term}
    primary, two_level = (row_of(records, model=model, **columns) for model in ("imputed", "two_level"))
    assert primary["k"] == rows["study"].nunique() - 1
    assert primary["n"] < two_level["n"] == len(rows)
    assert two_level["std_error"] > 0
    said = records.notes[records.notes["analysis_id"].str.contains("two_level.one.antidepressant")]
    assert said["text"].str.contains("sensitivity analysis only").any()
    assert not (records.estimates["moderator"] == "age")[records.estimates["model"] == "two_level"].any()


def test_a_continuous_moderator_is_imputed_in_two_levels_too():
    rows = lost_rows()
    rows.loc[rows["study"] == "S03", "episode_duration_months"] = np.nan
    records = run({KEY: as_table(rows)}, delta={}, reference_based=[])
    found = records.estimates[records.estimates["model"] == "two_level"]
    levels = found.loc[found["moderator"] == "chronicity", "level"].fillna("")
    assert {"1 to under 2 years", "2 years or more"} <= set(levels)
    assert (found.loc[found["moderator"] == "chronicity", "n"] == len(rows)).all()


@pytest.mark.parametrize("skewed", [True, False])
def test_everyone_has_the_logarithm_of_what_is_drawn_in_two_levels(skewed):
    rows = lost_rows()
    if not skewed:
        rng = np.random.default_rng(3)
        rows["episode_duration_months"] = np.where(rng.random(len(rows)) < 0.1, np.nan, rng.random(len(rows)))
    rows.loc[rows["study"] == "S03", "episode_duration_months"] = np.nan
    logged = {"duration": {"column": "episode_duration_months", "transform": "log"}}
    records = run({KEY: as_table(rows)}, logged, delta={}, reference_based=[])
    found = records.estimates[records.estimates["model"] == "two_level"]
    assert set(found["n"]) == {len(rows)}


def test_increments_start_from_the_latest_score_before_the_outcome():
    rows = lost_rows(sizes=SMALL)
    later = rows.assign(weeks=40.0, outcome=rows["outcome"] + 0.3)
    later.loc[::7, "outcome"] = np.nan
    rng = np.random.default_rng(0)
    earlier = rows.assign(outcome=rows["baseline"] * 0.5 + rng.normal(size=len(rows)))
    records = run(
        {KEY: as_table(earlier), FOLLOW_UP: as_table(later)},
        delta={}, systematic="none", reference_based=["copy_increments"],
    )  # fmt: skip
    ident = "stpp_control.depression.follow_up.copy_increments.one"
    said = records.notes[
        (records.notes["analysis_id"] == ident) & (records.notes["kind"] == "imputation_note")
    ]
    assert "score:depression:post in S01" in said["text"].iloc[0]
    before = records.notes[records.notes["analysis_id"] == "stpp_control.depression.post.copy_increments.one"]
    assert before["text"].str.contains("the baseline in S01").any()


def test_only_earlier_complete_scores_are_starts():
    rows = pd.DataFrame({"study": ["A", "A", "B"], "weeks": 16.0, "s": [1.0, 2.0, np.nan], "l": 1.0})
    found = start_columns(rows, {"s": {"A": 8.0, "B": 8.0}, "l": {"A": 52.0, "B": 52.0}})
    assert found == {"A": "s"}


def test_a_score_that_repeats_the_outcome_helps_nowhere():
    rows = lost_rows()
    twin = rows["outcome"].to_numpy() * 7 + 1
    assert np.isnan(own_information(twin, rows, [])).all()
    mixed = np.where(rows["study"] == "S01", rows["baseline"], twin)
    kept = own_information(mixed, rows, [])
    assert np.isfinite(kept[(rows["study"] == "S01").to_numpy()]).all()
    assert np.isnan(kept[(rows["study"] != "S01").to_numpy()]).all()


def test_helpers_come_from_the_cells_of_other_visits():
    from ipdma.analysis.cell import cell_of

    rows = lost_rows()
    cell = cell_of(KEY, rows, "gaussian")
    other = cell_of(FOLLOW_UP, rows.assign(outcome=rows["baseline"] ** 2), "gaussian")
    binary = cell_of(BINARY_KEY, rows.assign(outcome=1.0), "binomial")
    helped = with_helpers(cell, [cell, other, binary])
    assert helped.names == ["score:depression:follow_up"]
    assert helped.earlier["score:depression:follow_up"]["S01"] == 16.0


def binary_rows():
    """Response on the scores of `lost_rows`, by the instruments' rule."""
    rows = lost_rows(sizes=(*SMALL, 50))
    events = (rows["outcome_raw"] <= 0.5 * rows["baseline_raw"]).astype(float)
    return rows.assign(outcome=events.where(rows["outcome_raw"].notna()), instrument="hamd17")


def test_events_are_derived_from_imputed_scores_and_observed_ones_kept():
    rows = binary_rows()
    completed = rows.assign(outcome_raw=rows["outcome_raw"].fillna(rows["baseline_raw"] / 2))
    events = derived_events(completed, "response", load_codebook(()))
    seen = rows["outcome"].notna()
    assert (events[seen] == rows.loc[seen, "outcome"]).all()
    assert (events[~seen] == 1).all()  # exactly half is a response
    above = rows.assign(outcome_raw=rows["outcome_raw"].fillna(7.0))
    remitted = derived_events(above.assign(outcome=np.nan), "remission", load_codebook(()))
    assert (remitted == (above["outcome_raw"] <= 7).astype(float)).all()


def test_binary_outcomes_are_analysed_on_derived_events_and_with_gaps_as_none():
    rows = binary_rows()
    records = run({BINARY_KEY: as_table(rows)})
    for model in ("imputed", "non_responder"):
        found = row_of(records, model=model, stage="one", moderator="", term="treatment")
        assert np.isfinite(found["estimate"])
        assert found["n"] == len(rows)
    shares = records.counts[records.counts["what"] == "event_share"].set_index(["analysis_id", "arm"])[
        "value"
    ]
    none = "stpp_control.response.post.non_responder.one"
    active = rows[rows["treat"] == 1]
    assert shares[none, "active"] == pytest.approx(active["outcome"].fillna(0).mean())
    imputed = shares["stpp_control.response.post.imputed.one", "active"]
    assert imputed > shares[none, "active"]


def test_without_a_codebook_events_are_not_guessed():
    plan = small_plan(missing={**MISSING, "binary": "observed"})
    records = analyse({BINARY_KEY: as_table(binary_rows())}, plan, parts=["missing"])
    assert not len(records.estimates)
    assert records.notes["text"].str.contains("no codebook").any()


def test_no_person_stands_in_the_records(records, rows):
    text = " ".join(
        table.to_csv(index=False) for table in (records.estimates, records.study_estimates, records.counts)
    )
    assert not any(name in text for name in rows["participant"].head(20))


def test_the_same_plan_gives_the_same_records():
    rows = lost_rows(sizes=SMALL)
    small = {"m": 2, "systematic": "none", "reference_based": ["jump_to_reference"]}
    once, again = (run({KEY: as_table(rows)}, **small) for _ in range(2))
    pd.testing.assert_frame_equal(once.estimates, again.estimates)
    pd.testing.assert_frame_equal(once.counts, again.counts)
