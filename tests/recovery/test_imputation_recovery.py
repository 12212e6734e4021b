"""Coverage of imputed analyses: no less than 93 % but for chance, and less bias than complete cases."""

from __future__ import annotations

import os

import numpy as np
import pytest
from tests.recovery.imputation_coverage import (
    COMPLETE,
    IMPUTED,
    INTERACTION,
    KENWARD_ROGER,
    NST,
    TREATMENT,
    TWO_LEVEL,
    simulate,
    summarise,
)

REPETITIONS = int(os.environ.get("IPDMA_REPETITIONS", "550"))
DEFAULTS = [(TREATMENT, NST), (INTERACTION, KENWARD_ROGER), (INTERACTION, NST)]


@pytest.fixture(scope="module")
def table():
    return summarise(simulate(range(REPETITIONS))).set_index(["term", "interval", "mechanism", "data"])


@pytest.mark.slow
def test_imputed_intervals_cover(table):
    rows = table[table.index.get_level_values("data").isin((IMPUTED, TWO_LEVEL))]
    low, high = (3 * np.sqrt(p * (1 - p) / REPETITIONS) for p in (0.93, 0.97))
    assert len(rows) == 10
    assert (rows["coverage"] >= 0.93 - low).all(), rows["coverage"]
    for term, interval in DEFAULTS:
        own = rows.loc[(term, interval), "coverage"]
        assert (own <= 0.97 + high).all(), own


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["MCAR", "MAR"])
def test_imputed_headlines_are_as_wide_as_the_lost_information_asks(table, mechanism):
    asked = table.loc[(TREATMENT, NST, mechanism, IMPUTED), "asked"]
    assert asked <= 1.1 + 3 / np.sqrt(2 * REPETITIONS)  # the error of a ratio of spreads is below this


@pytest.mark.slow
def test_complete_cases_are_biased_where_gaps_depend_on_the_interim_score_and_imputation_is_not(table):
    complete = table.loc[(TREATMENT, NST, "MAR", COMPLETE)]
    imputed = table.loc[(TREATMENT, NST, "MAR", IMPUTED)]
    assert abs(complete["bias"]) > 0.2
    assert abs(imputed["bias"]) < 0.03 + 3 * imputed["bias_error"]
    assert complete["coverage"] < 0.75


@pytest.mark.slow
def test_standard_errors_are_not_too_small(table):
    for term in (TREATMENT, INTERACTION):
        for mechanism in ("MCAR", "MAR"):
            row = table.loc[(term, KENWARD_ROGER, mechanism, IMPUTED)]
            assert row["mean_se"] > 0.93 * row["empirical_se"]
