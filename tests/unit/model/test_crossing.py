"""Ends of a profile interval where the profile has a closed form."""

import math

import pytest

from ipdma.model.crossing import Profile

TARGET = 1.959963984540054


def gamma_like():
    """n (r - 1 - log r), r = (best / v)^2: the deviance of a standard deviation of 2 from 9 df."""
    calls = []

    def at(value):
        calls.append(value)
        r = 4 / value**2
        return 9 * (r - 1 - math.log(r)), 9 * (2 / value - 8 / value**3)

    return at, calls


def test_it_ends_where_the_deviance_has_risen_by_the_quantile():
    at, calls = gamma_like()
    profile = Profile(at, 2.0, 0.0, TARGET)
    for guess in (2.2, 7.0, 1.8, 1.0):
        end = profile.end(guess)
        assert at(end)[0] == pytest.approx(TARGET**2, rel=1e-10)
        assert (end > 2) == (guess > 2)
    assert len(calls) < 32  # Newton: a handful of searches an end


def test_a_standard_deviation_whose_zero_is_inside_begins_at_zero():
    flat = Profile(lambda v: ((v - 1) ** 2, 2 * (v - 1)), 1.0, 0.0, TARGET)
    assert flat.lower_end(1e-6) == 0.0
    steep = Profile(lambda v: (16 * (v - 1) ** 2, 32 * (v - 1)), 1.0, 0.0, TARGET)
    assert steep.lower_end(1e-6) == pytest.approx(1 - TARGET / 4, rel=1e-10)
    assert Profile(steep.at, 1e-7, 0.0, TARGET).lower_end(1e-6) == 0.0


def test_a_profile_that_never_rises_far_enough_has_no_end():
    low = Profile(lambda v: (2 * v**2 / (1 + v**2), 4 * v / (1 + v**2) ** 2), 0.0, 0.0, TARGET)
    assert low.end(0.5, most=1e3) == math.inf
    assert low.end(-0.5, most=1e3) == -math.inf


def test_a_profile_that_jumps_over_the_quantile_is_refused():
    jump = Profile(lambda v: (v**2 + 50.0 * (v > 1), 2 * v), 0.0, 0.0, TARGET)
    with pytest.raises(ValueError, match="jumps"):
        jump.end(0.5)
