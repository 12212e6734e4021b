"""`pool_effects` against metafor (pinned by regenerate/pool.R): 18 sets, four estimators, three intervals."""

import json
from pathlib import Path

import pytest

from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec

SETS = json.loads((Path(__file__).parent / "pool.json").read_text())
CI = {"knha": "hksj", "adhoc": "modified_hksj", "z": "wald"}
NUMBERS = ("estimate", "std_error", "p_value", "ci_low", "ci_high", "h2", "q", "q_p")


@pytest.mark.parametrize("one", SETS, ids=[f"{i}-k{len(s['yi'])}" for i, s in enumerate(SETS)])
def test_every_number_is_metafors(one):
    names = [f"S{i}" for i in range(len(one["yi"]))]
    for answer in one["answers"]:
        spec = PoolSpec(tau2=answer["method"], ci=CI[answer["test"]], level=answer["level"])
        ours = pool_effects(names, one["yi"], one["sei"], spec)
        for name in NUMBERS:
            assert getattr(ours, name) == pytest.approx(answer[name], rel=1e-9, abs=1e-11), name
        for name in ("tau2", "i2", "tau2_ci_low", "tau2_ci_high"):
            assert getattr(ours, name) == pytest.approx(answer[name], rel=1e-8, abs=1e-9), name
        assert list(ours.weights.values()) == pytest.approx(answer["weights"], rel=1e-8)
