"""The analyses give back the truth that rows were drawn from, as often as their intervals say."""

from __future__ import annotations

import numpy as np
import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan

from ipdma.analysis.run import analyse

TRUTH = {"treatment": -0.6, "treatment:within:severity": -0.3}
LEAN = {"subgroups": {}, "risk_of_bias": [], "moderator_analysis": {"naive": False}}


@pytest.mark.slow
def test_effect_and_interaction_are_covered_and_unbiased():
    """150 consortia of seven trials: coverage of 95 percent intervals at least 93, bias under 0.02 SD."""
    times, hits, errors = 150, {}, {}
    for seed in range(times):
        rows = draw_rows(seed=1000 + seed, sizes=(40, 60, 30, 80, 50, 44, 24), missing=0.1)
        plan = small_plan(**LEAN, moderators={"severity": {"column": "baseline"}})
        e = analyse({KEY: as_table(rows)}, plan, parts=["efficacy", "moderators"]).estimates
        e = e[e.model == "primary"]
        for stage in ("one", "two"):
            for term, truth in TRUTH.items():
                moderator = "severity" if "within" in term else ""
                row = e[(e.stage == stage) & (e.term == term) & (e.moderator == moderator)].iloc[0]
                hits[stage, term] = hits.get((stage, term), 0) + (row.ci_low <= truth <= row.ci_high)
                errors.setdefault((stage, term), []).append(row.estimate - truth)
    for key, n in hits.items():
        assert n / times >= 0.93 - 0.018, (key, n / times)  # one Monte-Carlo standard error below 93
        assert abs(np.mean(errors[key])) < 0.02 + 2 * np.std(errors[key]) / np.sqrt(times), key
