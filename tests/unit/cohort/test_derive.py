"""Standardisers and derived outcomes against numbers worked by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gamma
from tests.builders.cohort_builder import cohort, plan, two_arms, upload

from ipdma.cohort import build_rows
from ipdma.cohort.standardise import hedges_factor, pooled_squares

A = ([(20, 10), (24, 14), (22, None)], [(19, 18), (25, 20)])
B = ([(30, 9), (20, 12)], [(26, 25), (24, 21)])


def var(*values):
    return float(np.var(values, ddof=1))


def build(made, outcome="depression", timepoint="post", **changes):
    return build_rows(made, plan(**changes), "main", outcome, timepoint)


def constants(table):
    return {row.study: row.constant for row in table.scales.itertuples()}


def test_instrument_baseline_sd_is_pooled_within_arms_over_everyone_with_a_baseline_score():
    third = two_arms("C", [(10, 5), (16, 8)], [(12, 9)], conditions=("supportive", "other"))
    other = two_arms("D", *B, instrument="bdi2")
    table = build(cohort(two_arms("A", *A), two_arms("B", *B), third, other))
    # C takes no part in the contrast, and its one-person arm has no variance; D is on another scale
    by_hand = math.sqrt(
        (2 * var(20, 24, 22) + var(19, 25) + var(30, 20) + var(26, 24) + var(10, 16)) / (2 + 1 + 1 + 1 + 1)
    )
    hamd = table.scales.set_index("instrument").loc["hamd17"]
    assert hamd["constant"] == pytest.approx(by_hand, rel=1e-12)
    assert (hamd["n"], hamd["df"], hamd["study"], hamd["what"]) == (12, 6, "", "instrument_baseline_sd")
    row = table.rows[table.rows["study"] == "A"].iloc[0]
    assert row["baseline"] == pytest.approx(20 / by_hand)
    assert row["outcome"] == pytest.approx(10 / by_hand)


def test_study_baseline_sd_is_over_all_arms_of_the_study():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau", "e": "antidepressant", "f": "antidepressant"}
    scores = [(p, "hamd17", "baseline", 0, s) for p, s in zip(people, (20, 26, 18, 22, 10, 30), strict=True)]
    scores += [(p, "hamd17", "post", 12, 10) for p in people]
    table = build(cohort(upload("A", people, scores), two_arms("B", *B)), standardise="study_baseline_sd")
    assert constants(table) == pytest.approx(
        {
            "A": math.sqrt((var(20, 26) + var(18, 22) + var(10, 30)) / 3),
            "B": math.sqrt((var(30, 20) + var(26, 24)) / 2),
        }
    )


def test_instrument_post_sd_is_over_everyone_at_that_time_point():
    other = two_arms("C", [(10, 5), (16, 9)], [(12, 9)], conditions=("supportive", "other"))
    table = build(cohort(two_arms("A", *A), two_arms("B", *B), other), standardise="instrument_post_sd")
    by_hand = math.sqrt((var(10, 14) + var(18, 20) + var(9, 12) + var(25, 21) + var(5, 9)) / 5)
    assert constants(table) == pytest.approx({"": by_hand})


def test_study_post_sd_is_over_the_arms_that_the_contrast_analyses():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau", "e": "antidepressant", "f": "antidepressant"}
    scores = [(p, "hamd17", "baseline", 0, 20) for p in people]
    scores += [(p, "hamd17", "post", 12, s) for p, s in zip(people, (8, 12, 15, 21, 0, 40), strict=True)]
    table = build(cohort(upload("A", people, scores)), standardise="study_post_sd")
    assert constants(table) == pytest.approx({"A": math.sqrt((var(8, 12) + var(15, 21)) / 2)})


def test_external_takes_the_plans_number_and_leaves_out_what_has_none():
    made = cohort(two_arms("A", *A), two_arms("B", *B, instrument="bdi2"))
    table = build(made, standardise="external", external={"hamd17": 6.0})
    assert table.rows.groupby("study")["scale"].first().to_dict() == {"A": 6.0}
    assert list(table.exclusions["reason"]) == ["no standard deviation of bdi2 (external)"]


def test_none_keeps_raw_points():
    table = build(cohort(two_arms("A", *A)), standardise="none")
    pd.testing.assert_series_equal(table.rows["outcome"], table.rows["outcome_raw"], check_names=False)


def test_each_outcome_may_have_a_standardiser_of_its_own():
    outcomes = {"depression": {}, "points": {"instruments": ["hamd17"], "standardise": "none"}}
    table = build(cohort(two_arms("A", *A)), "points", outcomes=outcomes)
    assert table.rows["outcome"].iloc[0] == 10


def test_a_scale_without_spread_leaves_its_study_out():
    flat = two_arms("A", [(20, 10), (20, 12)], [(22, 18), (22, 20)])
    table = build(cohort(flat))
    assert list(table.exclusions["reason"]) == ["no standard deviation of hamd17 (instrument_baseline_sd)"]


def test_hedges_factor_is_exact():
    for df in (2, 3, 10, 46, 300):
        exact = (
            gamma(df / 2) / (math.sqrt(df / 2) * gamma((df - 1) / 2)) if df < 300 else 1 - 3 / (4 * df - 1)
        )
        assert hedges_factor(df) == pytest.approx(exact, rel=1e-5)
    table = build(cohort(two_arms("A", *A)), standardise="study_baseline_sd", hedges=True)
    sd = math.sqrt((2 * var(20, 24, 22) + var(19, 25)) / 3)
    # g = J d: dividing by sd / J multiplies by J
    assert constants(table)["A"] == pytest.approx(sd / hedges_factor(3))


@given(
    st.lists(st.lists(st.floats(-50, 50), min_size=2, max_size=8), min_size=1, max_size=5),
    st.floats(-1e3, 1e3),
)
def test_the_pooled_sd_does_not_move_when_arms_do(cells, shift):
    rows = [("S", str(arm), score) for arm, scores in enumerate(cells) for score in scores]
    moved = [("S", arm, score + shift * int(arm)) for _, arm, score in rows]
    columns = ["study", "arm", "score"]
    here, there = (pooled_squares(pd.DataFrame(r, columns=columns)).sd for r in (rows, moved))
    by_hand = math.sqrt(sum((len(c) - 1) * var(*c) for c in cells) / sum(len(c) - 1 for c in cells))
    assert (math.isnan(here) and by_hand < 1e-6) or here == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
    if by_hand > 1e-6:
        assert there == pytest.approx(here, rel=1e-6, abs=1e-6)


def higher_is_better(tmp_path):
    """A codebook with a scale from 10 to 50 on which higher is better."""
    from ipdma.codebook import load_codebook

    folder = tmp_path / "instruments"
    folder.mkdir()
    (folder / "wellbeing.yaml").write_text(
        "instrument: wellbeing\nlabel: Well-being\nrating: self\nrange: [10, 50]\nhigher_is_worse: false\n"
        "response: 0.5\nremission: 40\nreliability: 0.8\n",
        encoding="utf-8",
    )
    return load_codebook([tmp_path])


def test_a_scale_on_which_higher_is_better_is_turned(tmp_path):
    from ipdma.cohort import stack

    trial = two_arms("A", [(20, 30), (24, 38)], [(22, 24), (26, 41)], instrument="wellbeing")
    made = stack([trial], higher_is_better(tmp_path))
    scale = {"instruments": {"preference": ["wellbeing"]}}
    rows = build(made, **scale).rows
    assert (rows["outcome"] < 0).all()
    assert rows["outcome"].iloc[0] == pytest.approx(-30 / rows["scale"].iloc[0])
    # symptoms are counted from the healthy end, 50: 30 of them at 20, so half is lost at 35
    assert build(made, "response", **scale).rows["outcome"].to_list() == [0, 1, 0, 1]
    assert build(made, "remission", **scale).rows["outcome"].to_list() == [0, 0, 0, 1]
    improved = build(made, "better", outcomes={"better": {"measure": "reliable_improvement"}}, **scale).rows
    sd = math.sqrt((var(20, 24) + var(22, 26)) / 2)
    need = 1.96 * math.sqrt(2) * sd * math.sqrt(0.2)
    assert improved["outcome"].to_list() == [float(d > need) for d in (10, 14, 2, 15)]


def test_response_is_half_of_the_baseline_and_needs_one_above_the_floor():
    trial = two_arms("A", [(20, 10), (20, 11), (0, 0), (21, 10.5)], [(20, None), (None, 5), (19, 19)])
    rows = build(cohort(trial), "response").rows
    assert rows["outcome"].tolist()[:2] == [1, 0]
    assert math.isnan(rows["outcome"].iloc[2])
    assert rows["outcome"].iloc[3] == 1
    assert np.isnan(rows["outcome"].iloc[4:6]).all()
    assert rows["outcome"].iloc[6] == 0


def test_response_is_counted_from_the_floor():
    # Zung runs from 20: from 60 to 40 is half of the 40 points above the floor
    trial = two_arms("A", [(60, 40), (60, 41)], [(50, 35), (50, 36)], instrument="zung")
    rows = build(cohort(trial), "response", instruments={"preference": ["zung"]}).rows
    assert rows["outcome"].to_list() == [1, 0, 1, 0]


def test_remission_is_at_or_below_the_instruments_number():
    trial = two_arms("A", [(20, 7), (20, 8)], [(22, 3), (None, 7)])
    assert build(cohort(trial), "remission").rows["outcome"].to_list() == [1, 0, 1, 1]


def test_an_instrument_without_a_rule_takes_no_part():
    trial = two_arms("A", [(2, 1), (3, 2)], [(2, 2), (1, 3)], instrument="basis24")
    table = build(cohort(trial), "remission", instruments={"preference": ["basis24"]})
    assert table.rows.empty
    assert list(table.exclusions["reason"]) == ["basis24 names no remission rule"]


def test_reliable_change_by_jacobson_and_truax():
    # SD 10 and r .80 give S_diff 6.3246: reliable beyond 12.396 points
    pairs = [(40, 27.6), (40, 27.7), (40, 52.4), (40, 52.3)]
    spread = [(30, 30), (50, 50)]
    trial = two_arms("A", pairs, spread)
    settings = {
        "reliable_change": {"reliability": {"hamd17": 0.8}, "standard_deviation": "study_baseline_sd"}
    }
    outcomes = {n: {"family": "binomial"} for n in ("reliable_improvement", "reliable_deterioration")}
    sd = math.sqrt((3 * 0 + 200) / 4)
    factor = sd / 10
    pairs = [(40, 40 - (40 - after) * factor) for _, after in pairs]
    made = cohort(two_arms("A", pairs, spread))
    better = build(made, "reliable_improvement", outcomes=outcomes, **settings).rows["outcome"]
    worse = build(made, "reliable_deterioration", outcomes=outcomes, **settings).rows["outcome"]
    assert better.to_list() == [1, 0, 0, 0, 0, 0]
    assert worse.to_list() == [0, 0, 1, 0, 0, 0]
    assert trial is not made


def test_the_threshold_of_reliable_change_is_the_plans():
    made = cohort(two_arms("A", [(20, 15), (24, 19)], [(19, 18), (25, 20)]))
    outcomes = {"reliable_improvement": {}}
    settings = {"reliability": {"hamd17": 0.9}}
    strict = build(
        made, "reliable_improvement", outcomes=outcomes, reliable_change={**settings, "threshold": 50}
    )
    loose = build(
        made, "reliable_improvement", outcomes=outcomes, reliable_change={**settings, "threshold": 0.01}
    )
    assert strict.rows["outcome"].sum() == 0
    assert loose.rows["outcome"].sum() == 4


def test_dropout_and_remission_by_diagnosis_come_from_variables():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, "hamd17", "baseline", 0, s) for p, s in zip(people, (20, 26, 18, 22), strict=True)]
    words = {
        "dropout": {"a": "yes", "b": "no", "c": "no"},
        "remitted_by_diagnosis": {"a": "no", "b": "yes", "c": "yes", "d": "no"},
    }
    made = cohort(upload("A", people, scores, words), two_arms("B", *B))
    dropout = build(made, "dropout", outcomes={"dropout": {}})
    assert dropout.rows["outcome"].tolist()[:3] == [1, 0, 0]
    assert math.isnan(dropout.rows["outcome"].iloc[3])
    assert dropout.rows["baseline"].notna().all()
    assert list(dropout.exclusions["reason"]) == ["no outcome observed in the active arm"]
    remitted = build(made, "remission_by_diagnosis", outcomes={"remission_by_diagnosis": {}})
    assert remitted.rows["outcome"].tolist() == [0, 1, 1, 0]


def test_a_variable_is_an_outcome_also_without_any_score():
    people = {"a": "stpp", "b": "tau"}
    made = cohort(upload("A", people, [], {"dropout": {"a": "yes", "b": "no"}}))
    table = build(made, "dropout", outcomes={"dropout": {}})
    assert table.rows["outcome"].to_list() == [1, 0]
    assert table.rows["baseline"].isna().all()


def test_scores_are_converted_through_a_crosswalk_where_one_leads():
    own = two_arms("A", *A)
    foreign = two_arms("B", [(27, 10), (30, 13)], [(27, 27), (30, 42)], instrument="bdi")
    strange = two_arms("C", *B, instrument="epds")
    preference = {"preference": ["bdi", "hamd17", "epds"]}
    sensitivity = {"as_hamd": {"crosswalk": "hamd17"}}
    own_plan = plan(instruments=preference, sensitivity=sensitivity, standardise="none").variant("as_hamd")
    table = build_rows(cohort(own, foreign, strange), own_plan, "main", "depression", "post")
    assert set(table.rows["instrument"]) == {"hamd17"}
    b = table.rows[table.rows["study"] == "B"]
    # Furukawa 2019: HAM-D 10 is BDI 10, 20 is 27
    assert b["baseline_raw"].iloc[0] == pytest.approx(20)
    assert b["outcome_raw"].iloc[0] == pytest.approx(10)
    assert set(b["converted_from"]) == {"bdi"}
    assert set(table.rows.loc[table.rows["study"] == "A", "converted_from"]) == {""}
    assert list(table.exclusions["reason"]) == ["no crosswalk from epds to hamd17"]


@pytest.mark.parametrize(
    ("change", "instrument", "scale"),
    [
        ({"rating": "self"}, "bdi2", None),
        ({"preference": ["bdi2", "hamd17"]}, "bdi2", None),
        ({"standardise": "none"}, "hamd17", 1.0),
    ],
)
def test_variants_of_sensitivity_analyses(change, instrument, scale):
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, i, t, w, s) for p, s in zip(people, (20, 22, 19, 24), strict=True)
              for i in ("hamd17", "bdi2") for t, w in (("baseline", 0), ("post", 12))]  # fmt: skip
    own_plan = plan(sensitivity={"what_if": change})
    assert own_plan.row_variants() == ["what_if"]
    table = build_rows(
        cohort(upload("A", people, scores)), own_plan.variant("what_if"), "main", "depression", "post"
    )
    assert set(table.rows["instrument"]) == {instrument}
    assert scale is None or set(table.rows["scale"]) == {scale}


def test_another_window_as_a_sensitivity_analysis():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, "hamd17", "baseline", 0, s) for p, s in zip(people, (20, 22, 19, 24), strict=True)]
    scores += [
        (p, "hamd17", t, w, 10)
        for p in people
        for t, w in (("post", 16), ("follow_up", 30), ("follow_up", 68))
    ]
    own_plan = plan(sensitivity={"soon": {"weeks_after_post": [4, 26]}})
    made = cohort(upload("A", people, scores))
    assert set(build_rows(made, own_plan, "main", "depression", "follow_up").rows["weeks"]) == {68.0}
    soon = build_rows(made, own_plan.variant("soon"), "main", "depression", "follow_up")
    assert set(soon.rows["weeks"]) == {30.0}
    assert len(build_rows(made, own_plan.variant("soon"), "main", "depression", "post").rows) == 4
