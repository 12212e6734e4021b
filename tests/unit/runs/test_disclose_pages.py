"""Numbers of few people on the trials' pages: planted ones are found, and what a run writes has none."""

import json

import pytest

from ipdma.errors import ReadError
from ipdma.runs.disclose_pages import few_in_pages, read_sizes, untold_pages

HEAD = "study,check,domain,outcome,subject,n,of,text\n"
COUNTS = "analysis_id,what,study,arm,variable,level,n,of,value,withheld\ncohort,participants,A,,,,157,,,\n"
NO_SCORES = '{"study": "A", "findings": [], "rows": {"read": 1, "excluded": 0}, "received": {"scores": [1]}}'
REPORT = {"study": "A", "findings": [], "rows": {"read": 157, "kept": 157, "excluded": 0}}


def found(folder, checks="", **report):
    """Level and size of each exposure."""
    (folder / "integrity").mkdir(parents=True, exist_ok=True)
    (folder / "validation").mkdir(exist_ok=True)
    (folder / "integrity" / "results.csv").write_text(HEAD + checks, encoding="utf-8")
    (folder / "counts.csv").write_text(COUNTS, encoding="utf-8")
    (folder / "validation" / "A.json").write_text(json.dumps({**REPORT, **report}), encoding="utf-8")
    return [(one.level, one.low) for one in few_in_pages(folder, 10)]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("episode_longer_than_life,6,passed,participants,0,153", [("without what it looks at", 4)]),
        ("episode_longer_than_life,6,passed,participants,0,all but <10", []),
        ("episode_longer_than_life,6,passed,participants,0,157", []),
        ("outliers,8,query,baseline variables,3,157", [("concerned", 3)]),
        ("outliers,8,query,baseline variables,<10,157", []),
        ("published_numbers,7,passed,age in stpp,76,78", [("not concerned", 2)]),
        ("repeated_blocks,1,passed,scores,0,3", []),
        ("allocation_ratio,5,passed,stpp and tau,4,157", []),
        ("date_violations,4,not checked,,,", []),
        ("outliers,8,query,baseline variables,\u00b2,157", []),
        (f"outliers,8,query,baseline variables,3,{'9' * 5000}", [("concerned", 3)]),
    ],
)
def test_of_a_check(tmp_path, check, said):
    assert found(tmp_path, f"A,{check},words\n") == said


@pytest.mark.parametrize(
    ("count", "of", "said"),
    [(4, 60, [("concerned", 4)]), (55, 60, [("not concerned", 5)]), ("<10", 60, []), ("all but <10", 60, [])],
)
def test_of_a_report_on_a_file(tmp_path, count, of, said):
    entry = {"code": "IPD-061", "variable": "age", "count": count, "of": of}
    assert found(tmp_path, findings=[entry]) == said


def test_of_rows_left_out(tmp_path):
    assert found(tmp_path, rows={"read": 60, "kept": 56, "excluded": 4}) == [("concerned", 4)]
    assert found(tmp_path, rows={"read": None, "kept": 56, "excluded": "<10"}) == []


@pytest.mark.parametrize("n", ["\u00b2", "9" * 5000, "<10"])
def test_a_damaged_size_is_none(tmp_path, n):
    (tmp_path / "counts.csv").write_text(COUNTS.replace("157", n), encoding="utf-8")
    assert read_sizes(tmp_path / "counts.csv") == {}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2: 20.1 (3.0)", [("mean and SD", 2)]),
        ("10: 20.1 (3.0)", []),
        ("all but <10: 20.1 (3.0)", []),
        ("<10", []),
        ("0", []),
    ],
)
def test_of_a_mean_that_is_told_back(tmp_path, cell, said):
    received = {"arms": ["stpp (n = 30)", "tau (n = 3)"], "scores": [["HAMD", "baseline", cell, "<10"]]}
    assert found(tmp_path, received=received) == said
    assert found(tmp_path, received=None) == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"study": 1}', "[" * 3000, '{"findings": [1], "rows": 2}', NO_SCORES]
)
def test_what_is_no_report_is_a_sentence(tmp_path, text):
    found(tmp_path)
    (tmp_path / "validation" / "A.json").write_text(text, encoding="utf-8")
    with pytest.raises(ReadError, match=r"validation/A\.json: expected a report"):
        list(few_in_pages(tmp_path, 10))


def test_pages_without_their_numbers_as_data_are_said_not_to_be_looked_at(tmp_path):
    (tmp_path / "validation").mkdir()
    assert untold_pages(tmp_path) == []
    (tmp_path / "validation" / "A.html").write_text("x", encoding="utf-8")
    assert "not looked at" in untold_pages(tmp_path)[0]
