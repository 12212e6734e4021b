"""Worked numbers: GRIM, runs, digits, combined p values."""

import numpy as np
import pytest

from ipdma.integrity.closed_forms import allocation_p, grim_consistent, runs_test


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


def test_allocation():
    assert allocation_p(95, 45, 2) == pytest.approx(0.789, abs=5e-4)
    assert allocation_p(95, 45) == pytest.approx(2.9e-5, rel=0.02)
