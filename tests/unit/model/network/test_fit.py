"""The network in one stage: its pairwise special case, its dense twin, and what no answer may depend on."""

import numpy as np
import pytest
from tests.builders.dense_gaussian import Dense
from tests.builders.gaussian_rows import draw_rows
from tests.builders.network_rows import ARMS, NODES, draw_network

from ipdma.errors import FitError, SpecError
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.network import NotConnected, fit_network, network_of
from ipdma.model.network.design import build_network
from ipdma.model.spec import ModelSpec

MORE = {**ARMS, **{f"T{name}": arms for name, arms in ARMS.items()}}


def network_for(rows, nodes=NODES):
    return network_of(zip(rows["study"], rows["node"], strict=True), nodes)


@pytest.mark.parametrize("df", ["kenward_roger", "satterthwaite", "k_minus_1", "residual", "normal"])
@pytest.mark.parametrize(
    "keys", [{}, {"residual": "by_study"}, {"treatment_effect": "common"}, {"moderator": "z"}]
)
def test_two_nodes_are_the_pairwise_model(df, keys):
    rows = draw_rows(k=6)
    rows["node"] = np.where(rows["treat"] == 1, "active", "control")
    spec = ModelSpec(treatment="node", covariates=("base",), df=df, **keys)
    pairwise = fit_gaussian(rows, spec.replace(treatment="treat"))
    network = fit_network(rows, spec, network_for(rows, ["control", "active"]))
    (only,) = network.comparisons
    expected = pairwise.estimate("treatment")
    for field in ("estimate", "std_error", "df", "p_value", "ci_low", "ci_high"):
        value = getattr(expected, field)
        assert getattr(only.estimate, field) == (None if value is None else pytest.approx(value, rel=1e-9))
    assert network.criterion == pytest.approx(pairwise.criterion, abs=1e-9)
    if pairwise.variance.treatment is None:
        assert network.tau2 is None
        return
    assert network.tau2 == pytest.approx(pairwise.variance.treatment, rel=1e-7)
    assert network.tau2_interval() == pytest.approx(pairwise.variance_ci["treatment"], rel=1e-5)
    if "moderator" not in keys:
        ends = (pairwise.prediction.low, pairwise.prediction.high)
        assert only.prediction == pytest.approx(ends, rel=1e-8)
    else:
        (within,) = network.interactions()[""].values()
        there = pairwise.estimate("treatment:within:z")
        assert (within.estimate, within.std_error) == pytest.approx(
            (there.estimate, there.std_error), rel=1e-9
        )


def dense_twin(rows, spec, network, fit):
    """Every matrix of a network written out: V = tau2 (same trial and node) / 2 + residuals by trial."""
    design = build_network(rows, spec.resolved(), network)
    same = design.study[:, None] == design.study[None]
    node = rows.sort_values("study", kind="stable")["node"].to_numpy()
    parts = [same * (node[:, None] == node[None]) / 2.0]
    gamma = [fit.tau2]
    for name, value in fit.variance.residual_by_study.items():
        parts.append(np.diag((design.study == design.studies.index(name)).astype(float)))
        gamma.append(value)
    directions = (parts, np.array(gamma), [])
    terms = list(fit.inference.terms)
    return Dense(design, None, True, directions=directions, terms=terms), terms


@pytest.mark.parametrize(
    "keys", [{}, {"moderator": "base"}, {"moderator": "level", "moderator_type": "categorical"}]
)
def test_the_dense_twin_agrees(keys):
    rows = draw_network(seed=3, tau=1.5, arms=MORE, size=(8, 14))
    network = network_for(rows)
    spec = ModelSpec(treatment="node", covariates=("base",), residual="by_study", **keys)
    fit = fit_network(rows, spec, network)
    assert fit.converged
    assert fit.tau2 > 0
    dense, terms = dense_twin(rows, spec, network, fit)
    assert fit.criterion == pytest.approx(dense.deviance(), abs=1e-7)
    assert np.abs(dense.score()).max() < 1e-3
    covariance, w = dense.kenward_roger()
    for found in fit.comparisons:
        row = np.zeros(len(terms))
        for node, sign in ((found.active, 1.0), (found.reference, -1.0)):
            if node != network.reference:
                row[terms.index(f"treatment[{node}]")] = sign
        assert found.estimate.estimate == pytest.approx(row @ dense.beta, rel=1e-7)
        assert found.estimate.std_error == pytest.approx(np.sqrt(row @ covariance @ row), rel=1e-6)
        assert found.estimate.df == pytest.approx(dense.df(row, w), rel=1e-6)


def test_no_answer_depends_on_the_reference():
    rows = draw_network(seed=3, tau=1.5)
    spec = ModelSpec(treatment="node", covariates=("base",), residual="by_study")
    answers = []
    for nodes in (NODES, NODES[2:] + NODES[:2]):
        fit = fit_network(rows, spec, network_for(rows, nodes))
        signed = {}
        for c in fit.comparisons:
            flip = 1 if (c.active, c.reference) == tuple(sorted((c.active, c.reference))) else -1
            signed[tuple(sorted((c.active, c.reference)))] = (flip * c.estimate.estimate, c.estimate.df)
        answers.append((fit.criterion, signed))
    (first, one), (second, other) = answers
    assert first == pytest.approx(second, abs=1e-8)
    for pair, numbers in one.items():
        assert numbers == pytest.approx(other[pair], rel=1e-6)


def test_a_trial_of_three_arms_counts_its_control_once():
    """Its two contrasts are those of one least squares fit of all its arms."""
    rows = draw_network(arms={"A": ("tau", "stpp", "ad"), "B": ("tau", "stpp", "ad")}, tau=0.0)
    spec = ModelSpec(treatment="node", covariates=("base",), treatment_effect="common")
    fit = fit_network(rows, spec, network_for(rows))
    design = fit.prepared.design
    assert len(design.outcome) == len(rows)
    x = np.column_stack(
        [
            design.shared,
            np.eye(2)[design.study],
            *(np.where((design.study == k)[:, None], design.nuisance[:, 1:], 0) for k in (0, 1)),
        ]
    )
    beta, ss = np.linalg.lstsq(x, design.outcome, rcond=None)[:2]
    covariance = np.linalg.inv(x.T @ x) * ss[0] / (len(rows) - x.shape[1])
    for j, node in enumerate(("stpp", "ad")):
        found = next(c for c in fit.comparisons if (c.active, c.reference) == (node, "tau")).estimate
        assert found.estimate == pytest.approx(beta[j], rel=1e-9)
        assert found.std_error == pytest.approx(np.sqrt(covariance[j, j]), rel=1e-9)


def test_a_network_that_is_not_connected_is_said():
    rows = draw_network(arms={"A": ("tau", "stpp"), "B": ("ad", "both")})
    with pytest.raises(NotConnected, match=r"\[tau, stpp; ad, both\]"):
        fit_network(rows, ModelSpec(treatment="node"), network_for(rows))


def test_one_node_alone_is_said():
    rows = draw_network(arms={"A": ("tau",), "B": ("tau",)})
    with pytest.raises(FitError, match="two nodes"):
        fit_network(rows, ModelSpec(treatment="node"), network_for(rows))


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"family": "binomial"}, "family: gaussian"),
        ({"intercept": "random"}, "intercept: stratified"),
        ({"estimator": "ml"}, "estimator: reml"),
        ({"df": "nst"}, "indirect comparison"),
        ({"df": "hksj"}, "indirect comparison"),
    ],
)
def test_keys_that_a_network_lacks(keys, word):
    rows = draw_network()
    with pytest.raises(SpecError, match=word):
        fit_network(rows, ModelSpec(treatment="node", **keys), network_for(rows))


def test_without_a_moderator_there_are_no_interactions_to_test():
    rows = draw_network(6)
    found = fit_network(rows, ModelSpec(treatment="node", covariates=("base",)), network_for(rows))
    assert found.interactions() == {}
    assert found.interaction_tests() == {}
