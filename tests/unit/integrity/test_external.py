"""Published and declared numbers."""

from tests.builders.integrity_upload import draw_upload, outcomes


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


def test_declared_numbers():
    people, assessments = draw_upload()
    declared = {"arms": {"stpp": {"condition": "stpp", "randomised": "44"}, "tau": {"condition": "tau"}}}
    table, asked = outcomes(people, assessments, declared)
    assert asked == {"randomised_and_contributed"}
    assert table.loc[table.check == "randomised_and_contributed", "statistic"].item() == -4
