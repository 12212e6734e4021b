"""The table of imputation."""

from __future__ import annotations

from tests.builders.report_mock import cells_of

MINUS = "\u2212"


def test_imputation_table_names_each_way_of_filling_and_what_is_lost(tables):
    rows = cells_of(tables["imputation"])
    words = [row[1] for row in rows]
    assert words[:2] == ["Observed", "Observed"]
    assert f"Imputed, shifted {MINUS}0.50 SD (active), 0.50 SD (reference)" in words
    assert {"Jump to reference", "Copy increments in reference", "Imputed in two levels"} <= set(words)
    assert rows[2][7:9] == ("12%", "0.0042")
    assert [r[1] for r in rows if r[0] == "Interaction: Severity"] == [
        "Observed",
        "Imputed",
        "Imputed in two levels",
    ]


def test_small_gaps_are_withheld(tables):
    rows = cells_of(tables["missing_values"])
    assert rows[0][1:3] == ("41 of 430", "4 of 430")  # lost to follow-up: published
    assert any(cell.startswith("<10 of ") for row in rows[1:] for cell in row)
    assert rows[2][3:] == ("2 of 11", "172")
