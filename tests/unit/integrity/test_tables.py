"""Clean trials are left in peace, tiny ones are not checked, nobody is named."""

import pytest
from tests.builders.integrity_upload import draw_upload, outcomes


def test_a_clean_trial_is_left_in_peace():
    asked = [outcomes(*draw_upload(seed))[1] for seed in range(12)]
    assert sum(map(len, asked)) <= 1


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
