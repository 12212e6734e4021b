"""The network in two stages: its pairwise special case, aggregate trials, arms in any order."""

from dataclasses import replace

import numpy as np
import pytest
from tests.builders.network_rows import NODES, draw_network

from ipdma.model.network import (
    ArmContrasts,
    NotConnected,
    inconsistency_columns,
    network_of,
    pool_network,
    pooled_inconsistency,
    study_contrasts,
)
from ipdma.model.pool import pool_effects
from ipdma.model.spec import ModelSpec, PoolSpec

Y = [-0.8, -0.2, -1.1, 0.1, -0.5]
SE = [0.3, 0.2, 0.4, 0.25, 0.3]


def pairs(node="stpp"):
    return [
        ArmContrasts(f"S{i}", ("tau", node), np.array([y]), np.array([[se**2]]))
        for i, (y, se) in enumerate(zip(Y, SE, strict=True))
    ]


@pytest.mark.parametrize(
    "chosen",
    [
        *({"ci": ci} for ci in ("hksj", "modified_hksj", "wald")),
        *({"tau2": method} for method in ("ml", "dl", "pm")),
        *({"prediction_df": df, "prediction_se": "ci"} for df in ("k_minus_1", "normal")),
    ],
    ids=str,
)
def test_two_nodes_are_a_pairwise_pooling(chosen):
    spec = PoolSpec(**chosen)
    found = pool_network(pairs(), ["tau", "stpp"], spec)
    expected = pool_effects([f"S{i}" for i in range(5)], Y, SE, spec)
    (only,) = found.comparisons
    assert found.tau2 == pytest.approx(expected.tau2, rel=1e-9)
    for field in ("estimate", "std_error", "ci_low", "ci_high", "p_value"):
        assert getattr(only.estimate, field) == pytest.approx(getattr(expected, field), rel=1e-9)
    assert only.prediction == pytest.approx((expected.pi_low, expected.pi_high), rel=1e-9)
    assert found.q == pytest.approx((expected.q, expected.q_df, expected.q_p), rel=1e-9)


def test_a_single_contrast_has_no_test_of_heterogeneity():
    found = pool_network(pairs()[:1], ["tau", "stpp"], PoolSpec())
    assert found.q == (pytest.approx(0.0), 0, None)


def test_the_moment_estimator_is_unbiased_over_trials_of_several_arms():
    """E[Q] of y with variance S + tau2 B, from its square roots: where Q is that, the estimate is tau2."""
    rows = draw_network(tau=1.0)
    network = network_of(zip(rows["study"], rows["node"], strict=True), NODES)
    contrasts, _ = study_contrasts(rows, ModelSpec(treatment="node", covariates=("base",)), network)
    own = pool_network(contrasts, NODES, PoolSpec()).stacked
    tau2, free = 0.8, len(own.y) - own.X.shape[1]
    left = np.eye(len(own.y)) - own.X @ np.linalg.solve(
        own.X.T @ np.linalg.solve(own.S, own.X), own.X.T @ np.linalg.inv(own.S)
    )
    V = own.S + tau2 * own.B
    expected = np.trace(left.T @ np.linalg.solve(own.S, left) @ V)  # E[Q] of y with variance V
    values, vectors = np.linalg.eigh(V)
    root = vectors * np.sqrt(values)
    q = [replace(own, y=root[:, i]).q(0.0) for i in range(len(values))]
    assert sum(q) == pytest.approx(expected)
    at = replace(own, y=own.y * np.sqrt(expected / own.q(0.0)))
    assert at.tau2("dl") == pytest.approx(tau2)
    assert at.q(at.tau2("pm")) == pytest.approx(free)


def test_arms_may_come_in_any_order():
    rows = draw_network(tau=1.0)
    network = network_of(zip(rows["study"], rows["node"], strict=True), NODES)
    contrasts, _ = study_contrasts(rows, ModelSpec(treatment="node", covariates=("base",)), network)
    first = pool_network(contrasts, NODES, PoolSpec())
    other = pool_network(contrasts, NODES[::-1], PoolSpec())
    assert other.tau2 == pytest.approx(first.tau2, rel=1e-8)
    turned = {(c.reference, c.active): -c.estimate.estimate for c in other.comparisons}
    for c in first.comparisons:
        assert c.estimate.estimate == pytest.approx(turned[(c.active, c.reference)], rel=1e-8)


def test_an_aggregate_trial_can_link_what_was_apart():
    lone = ArmContrasts("X", ("stpp", "ad"), np.array([0.3]), np.array([[0.04]]), "aggregate")
    far = ArmContrasts("Y", ("ad", "both"), np.array([-0.3]), np.array([[0.04]]), "aggregate")
    with pytest.raises(NotConnected):
        pool_network([*pairs(), far], NODES, PoolSpec())
    found = pool_network([*pairs(), far, lone], NODES, PoolSpec(ci="wald"))
    chain = {(c.active, c.reference): c for c in found.comparisons}
    assert chain[("both", "stpp")].k == 0
    assert chain[("both", "stpp")].estimate.estimate == pytest.approx(0.0, abs=1e-12)
    assert chain[("both", "stpp")].estimate.std_error ** 2 == pytest.approx(0.08 + 2 * found.tau2, rel=1e-9)


def test_a_common_effect_is_pooled_as_one():
    found = pool_network(pairs(), ["tau", "stpp"], PoolSpec(ci="modified_hksj"), common=True)
    expected = pool_effects([f"S{i}" for i in range(5)], Y, SE, PoolSpec(tau2="common"))
    (only,) = found.comparisons
    assert found.df_method == "wald"
    for field in ("estimate", "std_error", "ci_low", "ci_high", "p_value"):
        assert getattr(only.estimate, field) == pytest.approx(getattr(expected, field), rel=1e-9)
    assert only.prediction is None


def test_a_common_effect_has_no_variance_between_trials_in_its_test_of_inconsistency():
    rows = draw_network(tau=1.0)
    network = network_of(zip(rows["study"], rows["node"], strict=True), NODES)
    contrasts, _ = study_contrasts(rows, ModelSpec(treatment="node", covariates=("base",)), network)
    draw = np.random.default_rng(3)
    apart = [replace(c, estimate=c.estimate + draw.normal(0, 3, len(c.estimate))) for c in contrasts]
    extra = inconsistency_columns(network)
    random, common = (
        pooled_inconsistency(pool_network(apart, NODES, PoolSpec(), common), extra)
        for common in (False, True)
    )
    assert common.test.f > random.test.f
    assert not common.singular
