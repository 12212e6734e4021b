"""Coverage of imputed analyses: no less than 93 % but for chance, and less bias than complete cases."""

from __future__ import annotations

import os

import numpy as np
import pytest
from tests.recovery.imputation_coverage import INTERACTION, TREATMENT, simulate, summarise

REPETITIONS = int(os.environ.get("IPDMA_REPETITIONS", "500"))
IMPUTED = ("imputed", "imputed, two-level too")


@pytest.fixture(scope="module")
def table():
    return summarise(simulate(REPETITIONS)).set_index(["term", "mechanism", "method"])


@pytest.mark.slow
def test_imputed_intervals_cover(table):
    chance = 2.33 * np.sqrt(0.93 * 0.07 / REPETITIONS)
    rows = table[table.index.get_level_values("method").isin(IMPUTED)]
    assert len(rows) == 6
    assert (rows["coverage"] >= 0.93 - chance).all(), rows["coverage"]


@pytest.mark.slow
def test_complete_cases_are_biased_where_gaps_depend_on_the_interim_score_and_imputation_is_not(table):
    complete = table.loc[(TREATMENT, "MAR", "complete cases")]
    imputed = table.loc[(TREATMENT, "MAR", "imputed")]
    assert abs(complete["bias"]) > 0.2
    assert abs(imputed["bias"]) < 0.03 + 3 * imputed["bias_error"]
    assert complete["coverage"] < 0.75


@pytest.mark.slow
def test_standard_errors_are_not_too_small(table):
    for term in (TREATMENT, INTERACTION):
        for mechanism in ("MCAR", "MAR"):
            row = table.loc[(term, mechanism, "imputed")]
            assert row["mean_se"] > 0.93 * row["empirical_se"]
