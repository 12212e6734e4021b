"""Prognosis has a table of its own."""

from __future__ import annotations

from tests.builders.report_mock import cells_of


def test_prognosis_has_a_table_of_its_own_and_stands_in_no_other(tables):
    assert "not treatment effects" in tables["prognosis"].title
    assert [row[0] for row in cells_of(tables["prognosis"])][:2] == ["Severity", "Severity"]
    everywhere = [row for name in ("efficacy", "sensitivity") for row in cells_of(tables[name])]
    assert not any("rognosis" in cell for row in everywhere for cell in row)
