"""Imbalance, too much balance, copied spread."""

from tests.builders.integrity_upload import draw_upload, outcomes


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
