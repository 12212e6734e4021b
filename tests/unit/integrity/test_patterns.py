"""Repeated participants, copied blocks, heaped digits."""

import pandas as pd
from tests.builders.integrity_upload import draw_upload, outcomes


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
