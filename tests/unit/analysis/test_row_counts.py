"""The flow of participants."""

from __future__ import annotations

import numpy as np
from tests.builders.analysis_rows import count, run


def test_flow_of_participants(rows):
    gone = rows.copy()
    gone.loc[gone.index[:10], "outcome"] = np.nan
    got = run(gone, ["rows"])
    total = count(got, what="analysed", study="", arm="").iloc[0]
    assert (total.n, total.of) == (len(rows) - 10, len(rows))
    assert count(got, what="missing_outcome", study="S01", arm="").n.iloc[0] == 10
    assert count(got, what="excluded").level.tolist() == ["one side of the contrast only"]
    assert count(got, what="standardiser", variable="hamd17").value.iloc[0] == 5.0
