"""Credibility, power and the comparison with the registry."""

from __future__ import annotations

from tests.builders.report_mock import cells_of


def test_credibility_power_and_registry_comparison(tables):
    answers = [row[1] for row in cells_of(tables["credibility"])]
    assert len(answers) == 8
    assert "for the author" in answers
    head = [column.label for column in tables["moderators_across"].columns].index("Power")
    assert cells_of(tables["moderators_across"])[0][head] == "82%"
    rows = {row[0]: row[1:] for row in cells_of(tables["with_and_without_ipd"])}
    assert rows["Year, mean (trials)"] == ("2010 (11)", "2005 (2)")
    assert rows["    high"] == ("5 of 11 (45%)", "1 of 2 (50%)")
