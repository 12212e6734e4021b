"""Efficacy: visits and imputed results beside the headline."""

from __future__ import annotations

from tests.builders.report_mock import cells_of

from ipdma.report.ledger import Ledger
from ipdma.report.records import Row
from ipdma.report.tables_efficacy import nnt_text


def test_longitudinal_and_imputed_stand_beside_the_headline(tables):
    names = [row[0] for row in cells_of(tables["efficacy_models"])]
    assert names.count("All visits in one model") == 4
    assert names.count("Gaps filled in (multiple imputation)") == 2
    gains = [r[-1] for r in cells_of(tables["one_stage_two_stage"]) if r[0] == "longitudinal"]
    assert gains[0] == "801 participants in the model, 763 at this visit alone"


def test_numbers_needed_to_treat_are_short_enough_for_a_column(tables):
    assert "B 6.2 (4.6, 9.5)" in [row[-1] for row in cells_of(tables["efficacy"])]
    words = {"value": 11.4, "level": "NNTB 11.4 (NNTB 3.5 to infinity to NNTH 79.3)", "key": "nnt"}
    row = Row({**words, "analysis_id": "a"}, "counts", 2)
    assert nnt_text(Ledger().pen("x"), row) == "B 11.4 (B 3.5, \u221e, H 79.3)"
