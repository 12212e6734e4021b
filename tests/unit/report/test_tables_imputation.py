"""The table of imputation."""

from __future__ import annotations

from dataclasses import replace

from tests.builders.report_mock import cells_of

from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger
from ipdma.report.tables import tabulate_all

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


def test_shifts_of_scores_that_were_not_standardised_are_in_points(material):
    raw = replace(material, plan={**material.plan, "standardise": "none"})
    tables = {table.name: table for table in tabulate_all(raw, Ledger())}
    words = [row[1] for row in cells_of(tables["imputation"])]
    assert f"Imputed, shifted {MINUS}0.50 points (active), 0.50 points (reference)" in words
    told = {e.name.split(".")[0]: e for e in list_exhibits(raw, Ledger())}["tipping_points"]
    shown = told.draw.args[0]
    assert "SD" not in " ".join([shown.xlabel, told.alt, *(label for label, _ in shown.lines)])
