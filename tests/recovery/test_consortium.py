"""Over 200 consortia, 95 % intervals hold the truth 93 times in 100, row by row chance aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from ipdma.synthetic.recovery import recover, tabulate_coverage
from ipdma.synthetic.truth import read_truth

TRUTH = Path(__file__).parents[2] / "data" / "synthetic" / "truth.yaml"


@pytest.fixture(scope="module")
def table():
    """About a quarter of an hour on one core."""
    return tabulate_coverage(recover(read_truth(TRUTH), range(1, 201)))


def not_short_of(table, floor=0.93, alpha=0.01):
    """Whether each row could cover `floor` or more, judged at `alpha` by the binomial distribution."""
    covered = (table["coverage"] * table["fits"]).round()
    return stats.binom.cdf(covered, table["fits"], floor) > alpha


@pytest.mark.slow
def test_headlines_are_covered(table):
    own = table[table["moderator"] == ""]
    assert len(own) == 3 * 2 * 3
    assert (own["fits"] == 200).all()
    assert (own.loc[own["df_method"] == "kenward_roger", "coverage"] >= 0.93).all(), own.to_string()
    assert own.loc[own["df_method"] == "hksj", "coverage"].mean() >= 0.93
    assert not_short_of(own).all(), own.to_string()


@pytest.mark.slow
def test_the_default_headline_covers_what_it_says(table):
    own = table[(table["moderator"] == "") & (table["df_method"] == "nst")]
    assert 0.94 <= own["coverage"].mean() <= 0.965, own.to_string()
    assert (own["coverage"] >= 0.9).all(), own.to_string()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kenward_roger", "hksj", "nst"])
def test_moderators_are_covered(table, method):
    own = table[(table["moderator"] != "") & (table["df_method"] == method)]
    assert own["coverage"].mean() >= 0.93
    assert not_short_of(own).all(), own.to_string()


@pytest.mark.slow
def test_nothing_is_far_from_its_truth(table):
    headline = table[table["moderator"] == ""]
    assert (headline["bias"].abs() < 0.02 + 3 * headline["bias_error"]).all(), headline.to_string()


@pytest.mark.slow
def test_a_true_zero_is_rarely_excluded(table):
    null = table[table["value"] == 0]
    assert null["rejected"].mean() <= 0.065, null.to_string()
