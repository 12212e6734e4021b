"""Pooling does not depend on units, origin or order, and its weights are weights."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec

studies = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 2)), min_size=3, max_size=12)
methods = st.sampled_from(["reml", "ml", "dl", "pm", "common"])
cis = st.sampled_from(["hksj", "modified_hksj", "wald"])


def pool(y, se, method, ci):
    return pool_effects([f"S{i}" for i in range(len(y))], y, se, PoolSpec(tau2=method, ci=ci))


@settings(max_examples=60, deadline=None)
@given(studies, methods, cis, st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_origin(rows, method, ci, scale, shift):
    y, se = np.array(rows).T
    assume(np.ptp(y) > 1e-3)
    a, b = pool(y, se, method, ci), pool(scale * y + shift, scale * se, method, ci)
    assert b.estimate == pytest.approx(scale * a.estimate + shift, rel=1e-6, abs=1e-6 * scale)
    assert b.std_error == pytest.approx(scale * a.std_error, rel=1e-6)
    assert b.tau2 == pytest.approx(scale**2 * a.tau2, rel=1e-5, abs=1e-8 * scale**2)
    assert b.i2 == pytest.approx(a.i2, rel=1e-5, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(studies, methods, cis, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_sides_swap(rows, method, ci, random):
    y, se = np.array(rows).T
    assume(np.ptp(y) > 1e-3)
    order = list(range(len(y)))
    random.shuffle(order)
    a, b, c = pool(y, se, method, ci), pool(y[order], se[order], method, ci), pool(-y, se, method, ci)
    assert b.estimate == pytest.approx(a.estimate, rel=1e-9, abs=1e-9)
    assert b.ci_low == pytest.approx(a.ci_low, rel=1e-8, abs=1e-8)
    assert c.ci_low == pytest.approx(-a.ci_high, rel=1e-8, abs=1e-8)
    assert c.p_value == pytest.approx(a.p_value, rel=1e-6, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(studies, methods)
def test_weights_sum_to_a_hundred_and_the_interval_holds_the_estimate(rows, method):
    y, se = np.array(rows).T
    assume(np.ptp(y) > 1e-3)
    pooled = pool(y, se, method, "modified_hksj")
    weights = np.array(list(pooled.weights.values()))
    assert weights.sum() == pytest.approx(100)
    assert (weights > 0).all()
    assert pooled.estimate == pytest.approx(weights @ y / 100, rel=1e-9, abs=1e-9)
    assert pooled.ci_low < pooled.estimate < pooled.ci_high
    if pooled.pi_low is not None:
        wald = pool(y, se, method, "wald")
        assert pooled.pi_low <= wald.ci_low + 1e-9
