"""Planned power against drawn consortia; the whole table: docs/validation-power.md."""

import numpy as np
import pytest
from tests.recovery.power_recovery import CELLS, as_rows, draw, line, p_values

from ipdma.model.fit import fit_model


@pytest.mark.parametrize("name", ["g0", "g12", "g18", "g19", "g24", "b28", "b33", "b42"])
def test_consortia_are_analysed_as_one_model_would(name):
    cell = CELLS[name]
    trials = draw(np.random.default_rng(3), cell, 2)
    fits = [fit_model(as_rows(trials, b, cell), cell.spec) for b in range(2)]
    own = [next(e.p_value for e in fit.estimates if str(e.term) == cell.term) for fit in fits]
    assert p_values(trials, cell) == pytest.approx(own, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CELLS if not CELLS[name].by_engine])
def test_the_planned_power_is_found(name):
    row = line(name, 2000)
    assert abs(row.found - row.planned.power) < 3 * row.error + 0.01
    assert row.missing == 0
