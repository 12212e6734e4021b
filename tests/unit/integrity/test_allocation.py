"""Alternating allocation, and a ratio that is none."""

import numpy as np
from tests.builders.integrity_upload import draw_upload, outcomes


def test_alternating_allocation_and_a_ratio_that_is_none():
    people, assessments = draw_upload()
    order = np.argsort(np.tile([0, 1], 40), kind="stable")
    sorted_people = people.sort_values("arm", kind="stable").iloc[np.argsort(order, kind="stable")]
    assert "runs" in outcomes(sorted_people, assessments)[1]
