"""The flow of participants."""

from __future__ import annotations

import numpy as np
import pytest
from tests.builders.analysis_rows import KEY, as_table, count, draw_rows, small_plan

from ipdma.analysis.run import analyse

PLAIN = {"moderators": {}, "subgroups": {}, "risk_of_bias": []}


@pytest.fixture(scope="module")
def rows():
    return draw_rows()


def run(rows, parts, plan=None, **extra):
    return analyse({KEY: as_table(rows)}, plan or small_plan(**PLAIN), parts=parts, **extra)


def test_flow_of_participants(rows):
    gone = rows.copy()
    gone.loc[gone.index[:10], "outcome"] = np.nan
    got = run(gone, ["rows"])
    total = count(got, what="analysed", study="", arm="").iloc[0]
    assert (total.n, total.of) == (len(rows) - 10, len(rows))
    assert count(got, what="missing_outcome", study="S01", arm="").n.iloc[0] == 10
    assert count(got, what="excluded").level.tolist() == ["one side of the contrast only"]
    assert count(got, what="standardiser", variable="hamd17").value.iloc[0] == 5.0
