"""The null-standardised t interval and the pivot against plain R (pinned by regenerate/nst.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from ipdma.model.pivot import pivot_interval
from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec

SETS = json.loads((Path(__file__).parent / "nst.json").read_text())


@pytest.mark.parametrize("one", SETS, ids=[f"{i}-k{len(s['yi'])}" for i, s in enumerate(SETS)])
def test_every_number_is_that_of_uniroot_and_t_test(one):
    y, v = np.array(one["yi"]), np.array(one["vi"])
    for answer in one["answers"]:
        spec = PoolSpec(ci="nst", level=answer["level"])
        ours = pool_effects([f"S{i}" for i in range(len(y))], y, np.sqrt(v), spec)
        assert ours.df == len(y) - 1
        for name in ("ci_low", "ci_high", "statistic", "estimate", "std_error"):
            assert getattr(ours, name) == pytest.approx(answer[name], rel=1e-7, abs=1e-9), name
        assert ours.p_value == pytest.approx(answer["p_value"], rel=1e-6)
        assert any("gap" in w for w in ours.warnings) == answer["gap"]
        if "pivot_low" in answer:
            expected = (answer["pivot_low"], answer["pivot_high"])
            assert pivot_interval(y, v, answer["level"]) == pytest.approx(expected, rel=1e-6)
