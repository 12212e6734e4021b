"""Scores joined to the wrong participants, contradictions."""

from tests.builders.integrity_upload import draw_upload, outcomes


def test_scores_joined_to_the_wrong_participants():
    people, assessments = draw_upload(n=200)
    post = (assessments.instrument == "bdi2") & (assessments.timepoint == "post")
    assessments.loc[post, "score"] = assessments.loc[post, "score"].sample(frac=1, random_state=2).to_numpy()
    assert "expected_correlations" in outcomes(people, assessments)[1]


def test_contradictions():
    people, assessments = draw_upload()
    people["age_at_onset"] = people["age"]
    people.loc[0, "age_at_onset"] = str(int(people.loc[0, "age"]) + 5)
    table, asked = outcomes(people, assessments)
    assert "onset_after_age" in asked
    assert table.loc[table.check == "onset_after_age", "n"].item() == 1
