"""What a run tells rounded is held against what the rows say, rounded alike."""

from __future__ import annotations

import pandas as pd

from ipdma.report.compare import check_claims
from ipdma.report.records import Records
from ipdma.runs.recompute import round_as_told

COLUMNS = ["analysis_id", "what", "study", "arm", "variable", "level", "n", "of", "value", "withheld"]


def records(*rows):
    return Records.from_tables(None, None, pd.DataFrame(rows, columns=COLUMNS))


def mean(n, value, withheld="", study="A"):
    return ["cohort", "characteristic_mean", study, "active", "age", "", n, None, value, withheld]


def claim(value, printed, study="A"):
    key = f"characteristic_mean|{study}|active|age|"
    return {
        "file": "counts", "analysis_id": "cohort", "key": key, "field": "value", "value": value,
        "digits": "1", "printed": printed,
    }  # fmt: skip


def test_a_mean_of_withheld_people_holds_as_it_was_told_and_no_other():
    told = records(mean(None, 31.4, "<10"), mean(40, 30.25, study="B"))
    again = records(mean(7, 31.368), mean(40, 30.21, study="B"))
    claims = [claim(31.4, "31.4"), claim(30.25, "30.2", "B")]
    assert [bool(v.why) for v in check_claims(claims, again, "they")] == [True, True]
    found = round_as_told(again, told)
    assert [bool(v.why) for v in check_claims(claims, found, "they")] == [False, True]
    wrong = round_as_told(records(mean(7, 31.46), mean(40, 30.25, study="B")), told)
    assert [bool(v.why) for v in check_claims(claims, wrong, "they")] == [True, False]
    assert again.counts[0].number("value") == 31.368
