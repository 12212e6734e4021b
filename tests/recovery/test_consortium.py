"""Over 200 consortia, 95 % intervals hold the truth at least 93 times in 100."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipdma.synthetic.recovery import recover, tabulate_coverage
from ipdma.synthetic.truth import read_truth

TRUTH = Path(__file__).parents[2] / "data" / "synthetic" / "truth.yaml"


@pytest.fixture(scope="module")
def table():
    """About ten minutes on one core."""
    return tabulate_coverage(recover(read_truth(TRUTH), range(1, 201)))


@pytest.mark.slow
def test_headlines_are_covered(table):
    own = table[table["moderator"] == ""]
    assert len(own) == 3 * 2 * 2
    assert (own["fits"] == 200).all()
    assert (own["coverage"] >= 0.93).all(), own.to_string()


@pytest.mark.slow
def test_moderators_are_covered(table):
    own = table[(table["moderator"] != "") & (table["df_method"] == "kenward_roger")]
    assert (own["coverage"] >= 0.93).all(), own.to_string()


@pytest.mark.slow
def test_nothing_is_far_from_its_truth(table):
    headline = table[table["moderator"] == ""]
    assert (headline["bias"].abs() < 0.02 + 3 * headline["bias_error"]).all(), headline.to_string()


@pytest.mark.slow
def test_a_true_zero_is_rarely_excluded(table):
    null = table[(table["value"] == 0) & (table["df_method"] == "kenward_roger")]
    assert (null["rejected"] <= 0.07).all(), null.to_string()
