"""A network against lme4 with pbkrtest, nlme and metafor (regenerate/network.R)."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.builders.network_rows import NODES

from ipdma.model.network import (
    fit_network,
    inconsistency_columns,
    network_of,
    pool_network,
    pooled_inconsistency,
    study_contrasts,
)
from ipdma.model.spec import ModelSpec, PoolSpec

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "network.json").read_text())


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(HERE / "data" / "network.csv", dtype={"study": str})


@pytest.fixture(scope="module")
def network(rows):
    return network_of(zip(rows["study"], rows["node"], strict=True), NODES)


@pytest.fixture(scope="module")
def pool(rows, network):
    contrasts, silent = study_contrasts(rows, ModelSpec(treatment="node", covariates=("base",)), network)
    assert not silent
    return pool_network(contrasts, NODES, PoolSpec(ci="wald"))


def named(comparisons, field):
    return {f"{c.active} v {c.reference}": getattr(c.estimate, field) for c in comparisons}


def test_lme4_and_pbkrtest(rows, network):
    expected = EXPECTED["lme4"]
    fit = fit_network(rows, ModelSpec(treatment="node", covariates=("base",)), network)
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-7)
    assert fit.tau2 == pytest.approx(expected["tau2"], rel=1e-5)
    for field, rel in (("estimate", 1e-5), ("std_error", 1e-5), ("df", 1e-4)):
        assert named(fit.comparisons, field) == pytest.approx(expected[field], rel=rel)


def test_nlme_with_a_residual_variance_by_study(rows, network):
    expected = EXPECTED["nlme"]
    fit = fit_network(rows, ModelSpec(treatment="node", covariates=("base",), residual="by_study"), network)
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert fit.criterion < expected["criterion"]
    assert fit.tau2 == pytest.approx(expected["tau2"], rel=3e-4)  # nlme stops there
    assert named(fit.comparisons, "estimate") == pytest.approx(expected["estimate"], abs=1e-4)


def test_metafor_in_two_stages(pool):
    expected = EXPECTED["metafor"]
    assert pool.tau2 == pytest.approx(expected["tau2"], rel=1e-6)
    assert pool.q[0] == pytest.approx(expected["q"], rel=1e-9)
    for field in ("estimate", "std_error"):
        assert named(pool.comparisons, field) == pytest.approx(expected[field], rel=1e-6)
    assert pool.stacked.tau2("ml") == pytest.approx(expected["tau2_ml"], rel=1e-5)


def test_metafor_on_inconsistency(pool):
    expected = EXPECTED["inconsistency"]
    test = pooled_inconsistency(pool, inconsistency_columns(pool.network)).test
    assert test.df_num == expected["df"] == 6
    assert test.f * test.df_num == pytest.approx(expected["chi2"], rel=1e-6)
    assert test.p_value == pytest.approx(expected["p"], rel=1e-6)
