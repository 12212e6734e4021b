"""Participants counted by contrast and side; standardised differences by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import count, small_plan

from ipdma.analysis.run import analyse


def test_participants_are_counted_by_contrast_and_side(rows):
    people = pd.concat([rows, rows[(rows.study == "S01") & (rows.treat == 1)].assign(study="ONE-ARM")])
    got = analyse({}, small_plan(), participants=people)
    total = count(got, analysis_id="cohort", what="participants", study="", arm="").n.iloc[0]
    side = count(got, analysis_id="stpp_control", what="participants", study="", arm="active").n.iloc[0]
    assert (total, side) == (len(people), (rows.treat == 1).sum())
    mean = count(
        got, analysis_id="stpp_control", what="characteristic_mean", variable="age", arm="active", study=""
    )
    assert mean.value.iloc[0] == pytest.approx(rows[rows.treat == 1].age.mean())
    share = count(
        got,
        analysis_id="stpp_control",
        what="characteristic_share",
        variable="sex",
        level="female",
        arm="",
        study="",
    )
    assert share.value.iloc[0] == pytest.approx((rows.sex == "female").mean())
    gone = count(got, what="characteristic_missing", variable="antidepressant_at_baseline", study="S02").iloc[
        0
    ]
    assert (gone.level, gone.n) == ("systematic", 60)


def test_standardised_difference_by_hand(rows):
    got = analyse({}, small_plan(), participants=rows)
    smd = count(got, analysis_id="stpp_control", what="smd", variable="age", study="S01").value.iloc[0]
    a, b = [rows[(rows.study == "S01") & (rows.treat == t)].age for t in (1, 0)]
    assert smd == pytest.approx((a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2))


def test_a_contrast_whose_job_counts_nobody_else_loses_nothing_of_its_own(rows):
    whole = analyse({}, small_plan(), participants=rows).counts
    own = analyse(
        {}, small_plan(), participants=rows, registry=rows[["study"]].assign(status="ipd"), everyone=False
    )
    assert len(own.counts)
    pd.testing.assert_frame_equal(own.counts, whole[whole.analysis_id != "cohort"].reset_index(drop=True))
