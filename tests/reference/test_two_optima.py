"""A model whose deviance has two optima, one of them at the boundary: nlme has the better one."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent


def test_the_better_optimum_is_found():
    rows = pd.read_csv(HERE / "data" / "two_optima.csv", dtype={"study": str})
    expected = json.loads((HERE / "two_optima.json").read_text())
    fit = fit_model(
        rows, ModelSpec.from_mapping({"treatment": "treat", "outcome": "y", "residual": "by_study"})
    )
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert fit.estimate("treatment").estimate == pytest.approx(expected["estimate"], abs=1e-4)
    assert fit.variance.as_json()["treatment"] == pytest.approx(
        expected["tau2"], rel=1e-3
    )  # nlme stops there
    assert not fit.singular
