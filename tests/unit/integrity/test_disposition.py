"""Missing outcomes that depend on the arm."""

import pandas as pd
from tests.builders.integrity_upload import draw_upload, outcomes


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
