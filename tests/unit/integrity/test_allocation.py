"""Alternating allocation, and a ratio that is none."""

import numpy as np
from tests.builders.integrity_upload import draw_upload

from ipdma.codebook import load_codebook
from ipdma.integrity import check_integrity, read_tables, tabulate_results

CODEBOOK = load_codebook()


def outcomes(people, assessments, declared=None):
    results = check_integrity(read_tables("XX-A", declared or {}, people, assessments, CODEBOOK))
    table = tabulate_results(results)
    return table, set(table.loc[table.outcome.isin(["query", "fail"]), "check"])


def test_alternating_allocation_and_a_ratio_that_is_none():
    people, assessments = draw_upload()
    order = np.argsort(np.tile([0, 1], 40), kind="stable")
    sorted_people = people.sort_values("arm", kind="stable").iloc[np.argsort(order, kind="stable")]
    assert "runs" in outcomes(sorted_people, assessments)[1]
