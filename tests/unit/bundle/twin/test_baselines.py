"""Baselines of those whom no block tells of: their squares add up to those of the standardiser."""

from __future__ import annotations

import numpy as np
import pytest

from ipdma.bundle.records import Moments, ScaleSquares
from ipdma.bundle.twin.baselines import shared

PEOPLE = {"A": np.array([20.0, 24.0, 28.0, 33.0]), "B": np.array([18.0, 25.0, 31.0])}
RANGE = (0.0, 63.0)


def parts_of(kept):
    """Moments of the first people of each arm."""
    rows = {arm: own[: kept[arm]] for arm, own in PEOPLE.items()}
    return {
        arm: Moments(len(own), np.array([own.mean()]), np.array([[own.var(ddof=1)]]))
        for arm, own in rows.items()
    }


def squares(total):
    """A standardiser of seven people in two arms."""
    return ScaleSquares("instrument_baseline_sd", "", "", "bdi2", "self", "", 7, 5, total)


@pytest.mark.parametrize("kept", [{"A": 3, "B": 2}, {"A": 3, "B": 3}, {"A": 2, "B": 3}])
@pytest.mark.parametrize("limits", [RANGE, (0.0, 33.0), None])
def test_the_squares_add_up_and_one_person_can_have_them(kept, limits):
    total = sum(float(((own - own.mean()) ** 2).sum()) for own in PEOPLE.values())
    parts = parts_of(kept)
    found = shared(parts, {"A": 4, "B": 3}, squares(total), limits)
    assert sum(float(own.products[0, 0]) for own in found.values()) == pytest.approx(total, rel=1e-12)
    for arm, own in found.items():
        if own.n - parts[arm].n == 1:  # the last person follows from both means: have they the squares?
            last = own.n * own.means[0] - parts[arm].n * parts[arm].means[0]
            more = (last - parts[arm].means[0]) ** 2 * parts[arm].n / own.n
            assert own.products[0, 0] == pytest.approx(parts[arm].products[0, 0] + more, rel=1e-12)
            assert limits is None or last <= limits[1]
