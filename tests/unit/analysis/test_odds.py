"""Odds ratios beside the log odds ratios that a forest plot shows."""

from __future__ import annotations

import math

import pytest

from ipdma.analysis.odds import count_odds_ratios
from ipdma.analysis.records import Ledger


def row(model="primary", stage="two", **more):
    """A record of a binary outcome."""
    held = {"analysis_id": f"c.o.post.{model}.{stage}", "model": model, "stage": stage, "term": "treatment"}
    numbers = {"estimate": -0.5, "ci_low": -1.0, "ci_high": 0.0, "pi_low": None, "pi_high": None}
    return {**held, **numbers, **more}


def counted(ledger):
    """(study, level, what) to value."""
    return {(c["study"], c["level"], c["what"]): c["value"] for c in ledger.counts}


def test_headline_trials_and_subgroups_get_their_odds_ratio():
    ledger = Ledger()
    ledger.estimates = [
        row(pi_low=-2.0, pi_high=1.0),
        row("subgroup", level="tau", moderator="comparator", estimate=0.25),
        row("publication"),
        row(moderator="age", term="treatment:within:age"),
    ]
    ledger.study_estimates = [row(study="NL-A", estimate=0.7), row(stage="one", study="NL-A")]
    count_odds_ratios(ledger, "primary")
    found = counted(ledger)
    assert found["", "", "odds_ratio"] == pytest.approx(math.exp(-0.5))
    assert found["", "", "odds_ratio_pi_high"] == pytest.approx(math.e)
    assert found["", "tau", "odds_ratio"] == pytest.approx(math.exp(0.25))
    assert found["NL-A", "", "odds_ratio"] == pytest.approx(math.exp(0.7))
    assert len(ledger.counts) == 5 + 3 + 3


def test_what_is_there_is_not_written_twice_and_huge_ones_do_not_overflow():
    ledger = Ledger()
    ledger.estimates = [row(ci_high=9000.0)]
    ledger.count("c.o.post.primary.two", "odds_ratio", variable="treatment", value=0.6)
    count_odds_ratios(ledger, "primary")
    assert [c["what"] for c in ledger.counts] == ["odds_ratio", "odds_ratio_low", "odds_ratio_high"]
    assert math.isfinite(ledger.counts[-1]["value"])
