"""A trial is completed from its own rows and the plan, whatever others there are and how scores stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY, draw_rows, small_plan

from ipdma.analysis.cell import cell_of
from ipdma.analysis.completed import complete_cell, helping_cells, imputed_variables
from ipdma.analysis.missing_plan import read_missing
from ipdma.analysis.settings import read_settings
from ipdma.imputation import pooled_sets

KINDS = ("categorical", "continuous")
SETTINGS = read_settings(
    small_plan(
        missing={"method": "multiple_imputation", "m": 4, "iterations": 3},
        moderators={"duration": {"column": "episode_duration_months"}, "sex": {"column": "sex"}},
        seed=11,
    )
)


def trials(constant=1.0):
    """Three trials in whole points; scores are the turned points over a constant."""
    rows = draw_rows(2, (40, 80, 50), missing=0.15)
    raw = {f"{name}_raw": (20 + 4 * rows[name]).round() for name in ("baseline", "outcome")}
    rows = rows.assign(sex=np.where(np.arange(len(rows)) % 3 == 0, "male", "female"), **raw)
    rows.loc[::7, "sex"] = None
    return rows.assign(**{name.removesuffix("_raw"): -own / constant for name, own in raw.items()})


def completed(rows):
    """The completed rows of some trials, as the cell has them and in points."""
    cell, plan = cell_of(KEY, rows, "gaussian"), read_missing(SETTINGS)
    return complete_cell(cell.rows, imputed_variables(cell, SETTINGS, plan), [], plan)


def own(table, study):
    """The first four data sets of a trial."""
    rows = table[(table["study"] == study) & (table["imputation"] <= 4)]
    return rows.drop(columns=["baseline", "outcome"]).reset_index(drop=True), rows[["baseline", "outcome"]]


@pytest.mark.parametrize("study", ["S01", "S02", "S03"])
def test_a_trial_alone_in_points_is_completed_bit_for_bit_as_among_others_that_are_standardised(study):
    whole, rows = completed(trials(7.3)), trials()
    changed = rows.assign(
        episode_duration_months=rows["episode_duration_months"].where(rows.study == study, 3.0)
    )
    for alone in (completed(rows[rows["study"] == study]), completed(changed)):
        words, scores = own(whole.done.rows, study)
        same, points = own(alone.done.rows, study)
        pd.testing.assert_frame_equal(words, same, check_exact=True)
        assert (scores.to_numpy() == points.to_numpy()).all()
        assert whole.sets[study] == alone.sets[study]
    standardised = own(whole.rows, study)[1].to_numpy()
    np.testing.assert_allclose(standardised, scores.to_numpy() / 7.3, rtol=1e-14)


def test_observed_scores_stay_bit_for_bit_and_drawn_ones_are_points_of_the_instrument():
    rows = trials(7.3)
    done = completed(rows)
    outcome = done.rows["outcome"].to_numpy().reshape(done.done.m, -1)
    there = rows["outcome"].notna().to_numpy()
    assert (outcome[:, there] == rows["outcome"].to_numpy()[there]).all()
    drawn = done.done.rows["outcome"].to_numpy().reshape(done.done.m, -1)[:, ~there]
    large = (rows["study"] == "S02").to_numpy()[~there]
    assert (drawn[:, large] == np.round(drawn[:, large])).all()
    assert np.isfinite(outcome).all()


def test_sets_of_a_trial_come_round_again_where_others_ask_for_more():
    rows = trials()
    rows.loc[(rows["study"] == "S02") & (rows.index % 3 > 0), "outcome"] = np.nan
    done = completed(rows)
    assert done.sets["S01"] < done.done.m < done.sets["S02"]
    assert done.done.m == pooled_sets(done.sets, rows["study"].value_counts().to_dict())
    small = done.rows[done.rows["study"] == "S01"]["outcome"].to_numpy().reshape(done.done.m, -1)
    assert (small[done.sets["S01"]] == small[0]).all()
    assert (small[1] != small[0]).any()


def test_scores_of_an_outcome_that_needs_other_trials_help_in_none():
    plan = small_plan(
        outcomes={"depression": {}, "anxiety": {"measure": "score", "minimum_studies": 2}}, moderators={}
    )
    rows, settings = trials(), read_settings(plan)
    cells = [cell_of((KEY[0], outcome, "post"), rows, "gaussian") for outcome in ("depression", "anxiety")]
    assert [cell.outcome for cell in helping_cells(cells[0], cells, settings)] == ["depression"]


def small_trials():
    """Two trials whose durations are skewed and short, and whose gaps are many; one has observed zeros."""
    rows = draw_rows(3, (24, 30), missing=0.15)
    rng = np.random.default_rng(4)
    months = np.exp(rng.normal(0.5, 1.2, len(rows))).round(1) + 0.1
    rows["episode_duration_months"] = np.where(rng.random(len(rows)) < 0.35, np.nan, months)
    rows.loc[rows[rows["study"] == "S02"].index[::9], "episode_duration_months"] = 0.0
    return rows.assign(
        clinic=np.where(np.arange(len(rows)) % 4 == 0, np.nan, rng.choice([1, 2, 4], len(rows)))
    )


def durations(moderators):
    """Drawn durations of the small trials, shape (M, gaps), the trial of each gap, and all completed rows."""
    settings = read_settings(
        small_plan(missing=dict(SETTINGS.plan["missing"]) | {"m": 40}, moderators=moderators, seed=11)
    )
    cell, plan = cell_of(KEY, small_trials(), "gaussian"), read_missing(settings)
    done = complete_cell(cell.rows, imputed_variables(cell, settings, plan), [], plan)
    gap = cell.rows["episode_duration_months"].isna().to_numpy()
    values = done.rows["episode_duration_months"].to_numpy().reshape(done.done.m, -1)[:, gap]
    return values, cell.rows["study"].to_numpy()[gap], done.rows


PLAIN = {"duration": {"column": "episode_duration_months"}}
LOGGED = {"log_duration": {"column": "episode_duration_months", "transform": "log"}}


def test_what_is_drawn_for_a_logged_column_is_squeezed_to_the_smallest_observed_above_zero():
    plain, study, rows = durations(PLAIN)
    logged, _, squeezed = durations(LOGGED)
    observed = small_trials().dropna(subset="episode_duration_months")
    observed = observed[observed["episode_duration_months"] > 0]
    least = observed.groupby("study")["episode_duration_months"].min().loc[study].to_numpy()
    assert (plain <= 0).any()
    assert (logged > 0).all()
    assert (logged == np.maximum(plain, least)).all()  # and nothing else is drawn in another way
    rest = ["outcome", "baseline"]
    pd.testing.assert_frame_equal(rows[rest], squeezed[rest], check_exact=True)


def test_zeros_that_were_observed_stay_in_a_logged_column():
    rows = durations(LOGGED)[2]
    zeros = (small_trials()["episode_duration_months"] == 0).to_numpy()
    assert (rows["episode_duration_months"].to_numpy().reshape(-1, len(zeros))[:, zeros] == 0).all()


def test_numbers_that_are_levels_are_filled_with_levels_in_a_small_trial():
    drawn = {
        kind: set(durations({"clinic": {"column": "clinic", "type": kind}})[2]["clinic"]) for kind in KINDS
    }
    assert drawn["categorical"] == {1.0, 2.0, 4.0} < drawn["continuous"]
