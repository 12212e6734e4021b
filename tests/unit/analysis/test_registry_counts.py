"""Trials counted by status."""

from __future__ import annotations

import pandas as pd
from tests.builders.analysis_rows import count, small_plan

from ipdma.analysis.run import analyse


def test_registry_counts_trials_by_status(rows):
    registry = pd.DataFrame(
        {
            "study": ["S01", "S02", "X1", "X2"],
            "status": ["ipd", "ipd", "aggregate", "not_obtained"],
            "reason": ["", "", "no reply", "data lost"],
            "randomised": ["44", "66", "42", ""],
            "rob_overall": ["low", "high", "high", ""],
        }
    )
    got = analyse({}, small_plan(), registry=registry, participants=rows)
    status = count(got, what="registry").set_index("variable")
    assert status.n.to_dict() == {"eligible": 4, "ipd": 2, "aggregate": 1, "not_obtained": 1, "in_run": 2}
    assert status.value["ipd"] == 110
    assert set(count(got, what="registry_reason").level) == {"no reply", "data lost"}
    assert count(got, what="without_ipd", variable="randomised").value.iloc[0] == 42
    assert count(got, what="randomised", study="S02").n.iloc[0] == 66
