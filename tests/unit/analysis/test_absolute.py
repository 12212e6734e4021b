"""Numbers needed to treat, beside published ones and by hand."""

import math

import pytest

from ipdma.analysis.absolute import NeededToTreat, nnt_from_difference, nnt_from_smd
from ipdma.model.standardised import Standardised

# Furukawa and Leucht (2011): effect size, then NNT at reference rates .1 to .5
FURUKAWA = {
    0.50: (8.530, 6.013, 5.256, 5.066, 5.223),
    0.62: (6.488, 4.710, 4.200, 4.114, 4.303),
    0.26: (18.693, 12.436, 10.445, 9.741, 9.750),
}


@pytest.mark.parametrize("d", FURUKAWA)
def test_nnt_of_a_standardised_effect(d):
    got = [nnt_from_smd(d, d - 0.1, d + 0.1, rate).nnt for rate in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert got == pytest.approx(FURUKAWA[d], abs=5e-4)


def test_nnt_interval_away_from_no_difference_is_plain():
    needed = nnt_from_smd(0.62, 0.47, 0.76, 0.3)
    assert not needed.through_infinity
    assert needed.text() == f"NNTB {needed.nnt:.1f} ({needed.high:.1f} to {needed.low:.1f})"
    assert needed.high < needed.nnt < needed.low


def test_nnt_interval_through_no_difference_runs_through_infinity():
    needed = nnt_from_smd(0.2, -0.1, 0.5, 0.2)
    assert needed.through_infinity
    assert needed.text().startswith("NNTB ")
    assert "to infinity to NNTH" in needed.text()
    assert needed.low < 0 < needed.high


def test_nnt_of_no_effect_is_infinite():
    needed = nnt_from_smd(0.0, -0.3, 0.3, 0.2)
    assert math.isinf(needed.nnt)
    assert needed.text().startswith("infinity (NNTB ")


def test_harm_is_named_harm():
    assert NeededToTreat(-8.0, -5.0, -20.0).text() == "NNTH 8.0 (5.0 to 20.0)"


def test_nnt_of_a_difference_of_risks_by_hand():
    found = Standardised(0.25, 0.1, 0.5)
    good, bad = (nnt_from_difference(found, favourable) for favourable in (True, False))
    assert (good.nnt, good.low, good.high) == pytest.approx((4, 10, 2))
    assert good.text() == "NNTB 4.0 (2.0 to 10.0)"
    assert (bad.nnt, bad.low, bad.high) == pytest.approx((-4, -2, -10))
    assert bad.text() == "NNTH 4.0 (2.0 to 10.0)"


def test_an_event_rate_of_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        nnt_from_smd(0.5, 0.4, 0.6, 1.0)
