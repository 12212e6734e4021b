"""Predicted benefit in a plan: when it is made, what it says, whom it tells nothing of."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan
from tests.builders.guest_runs import five_trials, run_with, told

from ipdma.analysis import prediction, prediction_tested
from ipdma.analysis.prediction import asked_cells
from ipdma.analysis.run import analyse
from ipdma.disclosure.mask import mask_tables

VARIABLES = ["severity", "duration", "age"]
MODERATORS = {
    "severity": {"column": "baseline"},
    "duration": {"column": "episode_duration_months", "transform": "log"},
    "age": {"column": "age", "per": 10},
    "sex": {"column": "sex", "levels": ["female", "male"]},
    "antidepressant": {"column": "antidepressant_at_baseline", "type": "categorical"},
}
HEAD = "stpp_control.depression.post.prediction.one"


def run(rows, **keys):
    own = {"variables": VARIABLES, **keys}
    minimum = own.pop("minimum_cell", 10)
    plan = small_plan(moderators=MODERATORS, prediction=own, minimum_cell=minimum)
    return analyse({KEY: as_table(rows)}, plan, parts=["prediction"])


@pytest.fixture(scope="module")
def strong():
    return run(draw_rows(within=-0.6, sizes=(80, 60, 90, 80, 70, 100)))


def counts(records, what, **wanted):
    found = records.counts[records.counts["what"] == what]
    for name, text in wanted.items():
        found = found[found[name] == text]
    return found


def test_it_is_made_of_the_first_outcome_alone_unless_the_plan_names_others():
    named = {"variables": VARIABLES}
    assert asked_cells(small_plan(moderators=MODERATORS)) == []
    assert asked_cells(small_plan(moderators=MODERATORS, prediction=named)) == [KEY]
    two = {"post": {"timepoint": "post"}, "later": {"timepoint": "follow_up", "target": 52}}
    plan = small_plan(moderators=MODERATORS, prediction=named, time_points=two)
    assert asked_cells(plan) == [KEY]
    plan = small_plan(moderators=MODERATORS, prediction={**named, "time_points": ["later"]}, time_points=two)
    assert asked_cells(plan) == [(*KEY[:2], "later")]


def test_a_real_interaction_is_said_to_be_worth_something(strong):
    assert counts(strong, "prediction_verdict")["level"].tolist() == ["better"]
    observed = counts(strong, "third_observed")["value"].to_numpy()
    assert observed[2] - observed[0] > 0.5
    assert counts(strong, "validation", variable="gain", level="left-out trials")["value"].iloc[0] > 0


def test_the_average_effect_is_told_beside_it_and_profiles_lie_about_it(strong):
    own = strong.estimates.set_index("analysis_id")
    average = own.loc[HEAD].iloc[0]
    profiles = strong.estimates[strong.estimates["term"] == "treatment:at:(profile)"]
    assert average["term"] == "treatment"
    assert profiles["estimate"].min() < average["estimate"] < profiles["estimate"].max()
    assert (profiles["ci_low"] <= profiles["estimate"]).all()
    assert (profiles["estimate"] <= profiles["ci_high"]).all()


def test_the_outcomes_of_a_profile_differ_by_its_benefit(strong):
    sides = counts(strong, "profile_outcome").pivot(index="variable", columns="arm", values="value")
    profiles = strong.estimates[strong.estimates["term"] == "treatment:at:(profile)"].set_index("level")
    difference = (sides["active"] - sides["reference"]).loc[profiles.index]
    assert difference.to_numpy() == pytest.approx(profiles["estimate"].to_numpy())


def test_noise_is_said_to_be_no_better():
    said = [
        counts(run(draw_rows(seed=seed, within=0.0)), "prediction_verdict")["level"].iloc[0]
        for seed in (2, 3, 4, 5, 6, 7)
    ]
    assert said.count("no better") >= 5


def test_two_trials_are_untested():
    records = run(draw_rows(sizes=(60, 70), within=-0.6))
    assert counts(records, "prediction_verdict")["level"].tolist() == ["untested"]
    assert not len(counts(records, "third"))


def test_a_variable_that_few_have_is_left_out_and_said():
    rows = draw_rows()
    rows.loc[rows["study"] > "S01", "age"] = np.nan
    records = run(rows)
    left = counts(records, "prediction_without")
    assert left["variable"].tolist() == ["age"]
    assert left["level"].iloc[0] == "it varies within 1 of 1 trials; 2 are asked for"
    terms = records.estimates.loc[records.estimates["analysis_id"] == HEAD, "term"].tolist()
    assert terms == ["treatment", "treatment:within:severity", "treatment:within:duration"]


def test_a_variable_that_would_cost_half_of_the_people_is_left_out():
    rows = draw_rows()
    rows.loc[rows["study"] > "S03", "age"] = np.nan
    left = counts(run(rows), "prediction_without")
    assert left["level"].tolist() == [
        "fewer than half of the participants have it together with those before it"
    ]


def test_none_that_enough_have_is_said():
    rows = draw_rows()
    rows["age"] = np.nan
    records = run(rows, variables=["age"])
    assert not len(records.estimates)
    assert records.notes["text"].str.contains("no variable of `prediction` is measured in enough").any()


def test_profiles_of_the_plan_say_where_they_leave_the_data():
    profiles = {
        "seen": {"severity": 2, "age": 40},
        "old": {"age": 95},
        "both": {"severity": -12, "duration": 140},
    }
    records = run(draw_rows(), profiles=profiles)
    outside = counts(records, "extrapolated")[["variable", "level"]].to_numpy().tolist()
    assert ["old", "age"] in outside
    assert "seen" not in [name for name, _ in outside]
    assert "both" in [name for name, _ in outside]


def test_levels_stand_in_profiles():
    records = run(
        draw_rows(),
        variables=["sex", "severity"],
        profiles={"a man": {"sex": "male"}, "a woman": {"sex": "female"}},
    )
    value = records.estimates[records.estimates["term"] == "treatment:at:(profile)"].set_index("level")[
        "estimate"
    ]
    male = records.estimates.loc[records.estimates["term"] == "treatment:within:sex[male]", "estimate"].iloc[
        0
    ]
    assert value["a man"] - value["a woman"] == pytest.approx(male)


def test_thirds_of_few_people_and_rules_that_differ_for_few_are_not_written(strong):
    records = run(draw_rows(), minimum_cell=100)
    assert "a third has fewer than 100 people in an arm" in counts(records, "no_thirds")["level"].tolist()
    assert not len(counts(records, "third_observed"))
    for points in counts(records, "no_net_benefit")["variable"]:
        assert not len(counts(records, "net_benefit", variable=points))
    assert len(counts(records, "no_net_benefit"))
    assert not len(counts(strong, "no_thirds"))


def test_people_left_out_who_are_few_are_masked():
    rows = draw_rows()
    rows["episode_duration_months"] = rows["episode_duration_months"].fillna(12)
    rows.loc[rows.index[:4], "age"] = np.nan
    records = run(rows)
    plan = small_plan(moderators=MODERATORS, prediction={"variables": VARIABLES})
    tables = {n: getattr(records, n).astype(object).map(lambda v: "" if pd.isna(v) else str(v))
              for n in ("estimates", "study_estimates", "counts")}  # fmt: skip
    masked = mask_tables(tables, plan.as_mapping())
    left = masked["counts"]
    assert not len(left[left["what"] == "third"])
    assert left.loc[left["what"] == "excluded_rows", "n"].tolist() == [""]
    own = masked["estimates"]
    assert set(own.loc[own["analysis_id"].str.startswith(HEAD), "n"]) == {""}


def test_no_row_depends_on_the_order_of_participants():
    rows = draw_rows(within=-0.6)
    one, two = run(rows), run(rows.sample(frac=1, random_state=1))
    assert one.counts["what"].tolist() == two.counts["what"].tolist()
    estimates = [records.estimates["estimate"].dropna().to_numpy() for records in (one, two)]
    assert estimates[0] == pytest.approx(estimates[1], rel=1e-4, abs=1e-6)


def test_bundles_are_left_out_and_said():
    keys = {"moderators": {"severity": {"column": "baseline"}}, "prediction": {"variables": ["severity"]}}
    records = run_with(five_trials(), ["T1"], ["prediction"], **keys)
    assert "without T1" in told(records)["main.depression.post.prediction.one"]
    assert set(records.estimates["k"].dropna()) == {4}


def test_path_is_answered(strong):
    items = counts(strong, "path_item")
    assert items["variable"].tolist() == [str(i) for i in range(1, 13)]
    assert set(items["level"].str.partition(":")[0]) <= {"yes", "no", "author"}


def test_many_trials_are_left_out_in_groups(monkeypatch):
    """Each is predicted by a fit without the whole of its group, and a note says so."""
    asked, inner = [], prediction.fit_ridge

    def fit(trials, *rest):
        asked.append({t.study for t in trials})
        return inner(trials, *rest)

    rows = draw_rows(within=-0.6, sizes=(80, 60, 90, 80, 70))
    whole = counts(run(rows), "validation", variable="gain", level="left-out trials")["value"].iloc[0]
    monkeypatch.setattr(prediction, "fit_ridge", fit)
    for module in (prediction, prediction_tested):
        monkeypatch.setattr(module, "FOLDS", 2)
    records = run(rows)
    names = sorted(max(asked, key=len))
    assert [s for s in asked if len(s) < 5] == [set(names[1::2]), set(names[::2])]
    assert counts(records, "prediction_tested")["value"].tolist() == [5]
    assert "5 trials were left out in 2 groups" in " ".join(records.notes["text"])
    gain = counts(records, "validation", variable="gain", level="left-out trials")["value"].iloc[0]
    assert gain != whole
