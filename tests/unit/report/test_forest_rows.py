"""Rows of forest plots of binary outcomes."""

from __future__ import annotations

import math

import pytest

from ipdma.report.forest_layout import shown_headings
from ipdma.report.forest_rows import forest_of
from ipdma.report.ledger import Ledger


def test_binary_forest_prints_odds_ratios_beside_an_axis_of_odds_ratios(material):
    analysis = next(a for a in material.analyses if a.outcome == "response")
    forest = forest_of(material, analysis, Ledger())
    assert forest.odds
    column = [name for _, name, _ in forest.columns].index("Odds ratio [95% CI]")
    for line in (n for n in forest.lines if n.kind == "study"):
        shown = float(line.cells[column].split(" ")[0])
        assert shown == pytest.approx(math.exp(line.estimate), abs=0.006)
    interval = next(n for n in forest.lines if n.kind == "interval")
    assert interval.cells[column].startswith(f"[{math.exp(interval.low):.2f}")


def test_without_odds_ratios_in_the_records_column_and_axis_are_both_logarithms(material):
    counts = material.counts[~material.counts["what"].str.startswith("odds_ratio")]
    plain = type(material)(
        material.estimates, material.study_estimates, counts, material.plan, material.registry
    )
    analysis = next(a for a in plain.analyses if a.outcome == "response")
    forest = forest_of(plain, analysis, Ledger())
    assert not forest.odds
    assert forest.axis == "Log odds ratio"
    assert "Log OR [95% CI]" in [name for _, name, _ in forest.columns]


@pytest.mark.parametrize("room", [0.0, 9.0])
def test_notes_tell_of_columns_and_lights_that_are_shown(material, monkeypatch, room):
    """Where the plot leaves no room for them, they give way, and so do their notes."""
    monkeypatch.setattr("ipdma.report.forest_layout.PLOT", room)
    for analysis in material.analyses:
        forest = forest_of(material, analysis, Ledger())
        if forest is not None:
            notes = " ".join(forest.footer)
            assert ("Bias: overall risk" in notes) == ("Bias" in shown_headings(forest)) == (not room)
            assert room == 0 or "Means (SD)" not in notes
