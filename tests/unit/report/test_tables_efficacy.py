"""Efficacy: visits and imputed results beside the headline."""

from __future__ import annotations

from tests.builders.report_mock import cells_of


def test_longitudinal_and_imputed_stand_beside_the_headline(tables):
    names = [row[0] for row in cells_of(tables["efficacy_models"])]
    assert names.count("All visits in one model") == 4
    assert names.count("Gaps filled in (multiple imputation)") == 2
    gains = [r[-1] for r in cells_of(tables["one_stage_two_stage"]) if r[0] == "longitudinal"]
    assert gains[0] == "801 participants in the model, 763 at this visit alone"
