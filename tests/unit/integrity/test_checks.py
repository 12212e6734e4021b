"""Integrity checks: worked numbers, planted faults found, clean trials left in peace, no person in it."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.integrity_upload import draw_upload

from ipdma.codebook import load_codebook
from ipdma.integrity import check_integrity, read_tables, tabulate_results
from ipdma.integrity.closed_forms import (
    allocation_p,
    grim_consistent,
    runs_test,
    sd_from_interval,
    sd_from_se,
    stouffer,
    terminal_digits,
    uniform_distance,
)

CODEBOOK = load_codebook()


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    [("5.19", 28, False), ("5.18", 28, True), ("3.44", 20, False), ("3.45", 20, True), ("3.5", 2, True)],
)
def test_grim(mean, n, possible):
    assert grim_consistent(mean, n) is possible


def test_grim_by_brute_force():
    for n in (1, 3, 7, 20, 39):
        possible = {f"{k / n:.2f}" for k in range(20 * n + 1)}
        half_down = {f"{np.floor(100 * k / n + 0.5 - 1e-9) / 100:.2f}" for k in range(20 * n + 1)}
        half_up = {f"{np.floor(100 * k / n + 0.5 + 1e-9) / 100:.2f}" for k in range(20 * n + 1)}
        for hundredths in range(2000):
            text = f"{hundredths / 100:.2f}"
            assert grim_consistent(text, n) == (text in possible | half_down | half_up)


def test_runs():
    assert runs_test([0, 1] * 10) == (20, pytest.approx(4.135, abs=5e-4))
    assert runs_test([0] * 10 + [1] * 10) == (2, pytest.approx(-4.135, abs=5e-4))


def test_digits():
    statistic, df, p = terminal_digits([40, 9, 11, 8, 10, 25, 9, 10, 8, 10])
    assert (statistic, df) == (pytest.approx(69.714, abs=5e-4), 9)
    assert p == pytest.approx(1.7e-11, rel=0.05)


def test_combined_p_values():
    p_values = (0.42, 0.91, 0.17, 0.63, 0.08, 0.77)
    assert stouffer(p_values) == (pytest.approx(0.0611, abs=5e-5), pytest.approx(0.4756, abs=5e-5))
    assert uniform_distance(p_values) == (pytest.approx(0.1633, abs=5e-5), pytest.approx(0.988, abs=5e-4))


def test_lost_standard_deviations_and_allocation():
    assert sd_from_se(1.2, 36) == pytest.approx(7.2)
    assert sd_from_interval(4, 36) == pytest.approx(5.911, abs=5e-4)
    assert allocation_p(95, 45, 2) == pytest.approx(0.789, abs=5e-4)
    assert allocation_p(95, 45) == pytest.approx(2.9e-5, rel=0.02)


def outcomes(people, assessments, declared=None):
    results = check_integrity(read_tables("XX-A", declared or {}, people, assessments, CODEBOOK))
    table = tabulate_results(results)
    return table, set(table.loc[table.outcome.isin(["query", "fail"]), "check"])


def test_a_clean_trial_is_left_in_peace():
    asked = [outcomes(*draw_upload(seed))[1] for seed in range(12)]
    assert sum(map(len, asked)) <= 1


def test_a_repeated_participant():
    people, assessments = draw_upload()
    copy = people[people.participant == "p3"].assign(participant="p3b")
    scores = assessments[assessments.participant == "p3"].assign(participant="p3b")
    table, asked = outcomes(pd.concat([people, copy]), pd.concat([assessments, scores]))
    assert asked == {"repeated_participants"}
    assert table.loc[table.check == "repeated_participants", "n"].item() == 2


def test_copied_blocks():
    people, assessments = draw_upload()
    wide = assessments[(assessments.instrument == "bdi2") & (assessments.timepoint == "baseline")].index
    assessments.loc[wide[40:50], "score"] = assessments.loc[wide[5:15], "score"].to_numpy()
    assert "repeated_blocks" in outcomes(people, assessments)[1]


def test_heaped_digits():
    people, assessments = draw_upload(n=160)
    wide = (assessments.instrument == "bdi2") & (assessments.timepoint == "baseline")
    heaped = (assessments.loc[wide, "score"].astype(float) / 5).round() * 5
    assessments.loc[wide, "score"] = heaped.map("{:g}".format)
    assert "terminal_digits" in outcomes(people, assessments)[1]


def test_imbalance_and_too_much_balance():
    people, assessments = draw_upload()
    old = people.arm == "stpp"
    people.loc[old, "age"] = (people.loc[old, "age"].astype(int) + 20).astype(str)
    assert "excess_imbalance" in outcomes(people, assessments)[1]


def test_copied_spread_is_seen_and_equal_shares_are_not():
    people, assessments = draw_upload()
    arms = people["arm"].to_numpy()
    halves = [arms == "stpp", arms == "tau"]
    for own in halves:  # as many of either value in both arms: no sign of anything
        people.loc[own, "previous_episodes"] = (["1", "2"] * 40)[: own.sum()]
    assert "identical_spread" not in outcomes(people, assessments)[1]
    people.loc[halves[1], "age"] = [str(int(a) + 1) for a in people.loc[halves[0], "age"]][: halves[1].sum()]
    assert "identical_spread" in outcomes(people, assessments)[1]


def test_scores_joined_to_the_wrong_participants():
    people, assessments = draw_upload(n=200)
    post = (assessments.instrument == "bdi2") & (assessments.timepoint == "post")
    assessments.loc[post, "score"] = assessments.loc[post, "score"].sample(frac=1, random_state=2).to_numpy()
    assert "expected_correlations" in outcomes(people, assessments)[1]


def test_alternating_allocation_and_a_ratio_that_is_none():
    people, assessments = draw_upload()
    order = np.argsort(np.tile([0, 1], 40), kind="stable")
    sorted_people = people.sort_values("arm", kind="stable").iloc[np.argsort(order, kind="stable")]
    assert "runs" in outcomes(sorted_people, assessments)[1]


def test_contradictions():
    people, assessments = draw_upload()
    people["age_at_onset"] = people["age"]
    people.loc[0, "age_at_onset"] = str(int(people.loc[0, "age"]) + 5)
    table, asked = outcomes(people, assessments)
    assert "onset_after_age" in asked
    assert table.loc[table.check == "onset_after_age", "n"].item() == 1


def test_published_numbers_and_grim():
    people, assessments = draw_upload()
    wide = assessments.assign(score=assessments.score.astype(float))
    mine = wide[(wide.instrument == "hamd17") & (wide.timepoint == "baseline")]
    mine = mine[mine.participant.isin(people.participant[people.arm == "stpp"])].score
    entry = {"n": "40", "hamd17": {"baseline": {"mean": f"{mine.mean():.2f}", "sd": f"{mine.std():.1f}"}}}
    declared = {"published": {"arms": {"stpp": entry}}}
    assert not outcomes(people, assessments, declared)[1]
    entry["hamd17"]["baseline"]["mean"] = f"{mine.mean() + 0.012:.2f}"
    entry["n"] = "41"
    table, asked = outcomes(people, assessments, declared)
    assert asked == {"published_numbers", "grim"}
    assert (table.check[table.outcome == "query"] == "published_numbers").sum() == 2


def test_a_missing_outcome_that_depends_on_the_arm():
    people, assessments = draw_upload(n=120)
    lost = assessments.participant.isin(people.participant[people.arm == "stpp"][:40])
    kept = assessments[~(lost & (assessments.timepoint == "post"))]
    assert "missing_by_arm" in outcomes(people, kept)[1]


def test_an_arm_not_followed_up_by_design_is_no_query():
    people, assessments = draw_upload()
    rows = assessments[(assessments.timepoint == "post")].assign(timepoint="follow_up", weeks="52")
    rows = rows[rows.participant.isin(people.participant[people.arm == "stpp"])]
    assert "missing_by_arm" not in outcomes(people, pd.concat([assessments, rows]))[1]


def test_declared_numbers():
    people, assessments = draw_upload()
    declared = {"arms": {"stpp": {"condition": "stpp", "randomised": "44"}, "tau": {"condition": "tau"}}}
    table, asked = outcomes(people, assessments, declared)
    assert asked == {"randomised_and_contributed"}
    assert table.loc[table.check == "randomised_and_contributed", "statistic"].item() == -4


@pytest.mark.parametrize("n", [0, 1, 2, 6])
def test_tiny_trials_are_not_checked_rather_than_crashed(n):
    people, assessments = draw_upload(n=max(n, 2))
    people = people.head(n)
    table, asked = outcomes(people, assessments[assessments.participant.isin(people.participant)])
    assert not (table.check == "tool").any()
    assert len(asked) <= 1


def test_no_identifier_or_row_leaves():
    people, assessments = draw_upload()
    text = outcomes(people, assessments)[0].to_csv()
    assert not any(f"{p}," in text or f" {p} " in text for p in people.participant)
