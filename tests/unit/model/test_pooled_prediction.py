"""A second stage says on how many degrees of freedom its prediction interval stands, whatever was pooled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ipdma

T975 = {4: 2.7764451051977987, 5: 2.5705818366147395}


def events():
    """Six trials with 0/1 outcomes."""
    random = np.random.default_rng(3)
    treat = random.integers(0, 2, 600).astype(float)
    y = (random.random(600) < 0.3 + 0.15 * treat).astype(int)
    return pd.DataFrame({"study": [f"S{i % 6}" for i in range(600)], "treat": treat, "y": y})


@pytest.mark.parametrize("measure", ["or", "rr", "rd"])
@pytest.mark.parametrize(("keys", "df"), [({}, 4), ({"df": "k_minus_1"}, 5)])
def test_the_interval_is_a_t_interval_on_the_stated_degrees(measure, keys, df):
    pool = {"measure": measure, "ci": "wald", "prediction": {"se": "wald", **keys}}
    shared = {"outcome": "y", "study": "study", "treatment": "treat", "family": "binomial"}
    fit = ipdma.fit(events(), **shared, stages="two", pool=pool).as_dict()
    found, own = fit["prediction"], fit["estimates"][0]
    half = T975[df] * np.sqrt(fit["variance"]["treatment"] + own["std_error"] ** 2)
    assert found["df"] == df
    assert found["high"] - own["estimate"] == pytest.approx(half, rel=1e-9)
    assert own["estimate"] - found["low"] == pytest.approx(half, rel=1e-9)


def test_the_pivot_has_none():
    pool = {"measure": "rr", "ci": "nst"}
    shared = {"outcome": "y", "study": "study", "treatment": "treat", "family": "binomial"}
    assert ipdma.fit(events(), **shared, stages="two", pool=pool).as_dict()["prediction"]["df"] is None
