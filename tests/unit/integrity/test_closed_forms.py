"""Worked numbers: GRIM, runs, digits, combined p values."""

import numpy as np
import pytest

from ipdma.integrity.closed_forms import (
    allocation_p,
    grim_consistent,
    runs_test,
    sd_from_interval,
    sd_from_se,
    stouffer,
    terminal_digits,
    uniform_distance,
)


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    [("5.19", 28, False), ("5.18", 28, True), ("3.44", 20, False), ("3.45", 20, True), ("3.5", 2, True)],
)
def test_grim(mean, n, possible):
    assert grim_consistent(mean, n) is possible


def test_grim_by_brute_force():
    for n in (1, 3, 7, 20, 39):
        possible = {f"{k / n:.2f}" for k in range(20 * n + 1)}
        half_down = {f"{np.floor(100 * k / n + 0.5 - 1e-9) / 100:.2f}" for k in range(20 * n + 1)}
        half_up = {f"{np.floor(100 * k / n + 0.5 + 1e-9) / 100:.2f}" for k in range(20 * n + 1)}
        for hundredths in range(2000):
            text = f"{hundredths / 100:.2f}"
            assert grim_consistent(text, n) == (text in possible | half_down | half_up)


def test_runs():
    assert runs_test([0, 1] * 10) == (20, pytest.approx(4.135, abs=5e-4))
    assert runs_test([0] * 10 + [1] * 10) == (2, pytest.approx(-4.135, abs=5e-4))


def test_digits():
    statistic, df, p = terminal_digits([40, 9, 11, 8, 10, 25, 9, 10, 8, 10])
    assert (statistic, df) == (pytest.approx(69.714, abs=5e-4), 9)
    assert p == pytest.approx(1.7e-11, rel=0.05)


def test_combined_p_values():
    p_values = (0.42, 0.91, 0.17, 0.63, 0.08, 0.77)
    assert stouffer(p_values) == (pytest.approx(0.0611, abs=5e-5), pytest.approx(0.4756, abs=5e-5))
    assert uniform_distance(p_values) == (pytest.approx(0.1633, abs=5e-5), pytest.approx(0.988, abs=5e-4))


def test_lost_standard_deviations_and_allocation():
    assert sd_from_se(1.2, 36) == pytest.approx(7.2)
    assert sd_from_interval(4, 36) == pytest.approx(5.911, abs=5e-4)
    assert allocation_p(95, 45, 2) == pytest.approx(0.789, abs=5e-4)
    assert allocation_p(95, 45) == pytest.approx(2.9e-5, rel=0.02)
