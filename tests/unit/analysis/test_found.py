"""What was found is taken again where nothing that it was made from has changed; records stay the same."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from tests.builders.analysis_rows import draw_rows

from ipdma.analysis import reads
from ipdma.analysis import run as run_module
from ipdma.analysis.found import Found, Shard
from ipdma.analysis.kept import Kept
from ipdma.analysis.reads import READS
from ipdma.analysis.run import ANALYSES, analyse
from ipdma.cohort import AnalysisRows
from ipdma.plan import Plan

MADE_WITH = {"code": "c"}
KEY = ("main", "depression", "post")
VALUES = {
    "studies": "trials",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist", "tau", "placebo"], "label": "A"}},
    "outcomes": {"depression": {"family": "gaussian"}},
    "time_points": {"post": {"timepoint": "post"}},
    "moderators": {"severity": {"column": "baseline"}},
    "sensitivity": {
        "common": {"model": {"treatment_effect": "common"}},
        "women": {"participants": {"sex": ["female"]}},
    },
    "engines": [],
    "risk_of_bias": [],
    "missing": {"method": "multiple_imputation", "m": 2, "iterations": 2},
}
ROWS = draw_rows(sizes=(16, 18, 17), missing=0.1)


def run(values, rows=ROWS, earlier=""):
    """Records and what was found of a run that may find an earlier one's."""
    found = Found(MADE_WITH, earlier)
    return analyse({KEY: rows}, Plan.from_mapping(values), found=found), found


@pytest.fixture(scope="module")
def first():
    return run(VALUES)


def again(first, values, rows=ROWS):
    """Analyses made anew after a change; records and what is kept are those of a run from nothing."""
    records, found = run(values, rows, first[1].text())
    anew, kept = run(values, rows)
    for name, table in vars(anew).items():
        assert_frame_equal(getattr(records, name), table, obj=name)
    assert found.text() == kept.text()
    return found.again


def test_every_analysis_says_what_it_reads():
    assert set(READS) == set(ANALYSES)


def test_nothing_changed_nothing_is_made(first):
    assert first[1].again == len(first[1].used) > 5
    assert again(first, VALUES) == 0


def test_shards_make_each_result_once_and_what_gathers_them_makes_none(first):
    plan, kept = Plan.from_mapping(VALUES), []
    for turn in (1, 2, 3):
        shard = Shard(MADE_WITH, turn=turn, of=3)
        analyse({KEY: ROWS}, plan, found=shard)
        assert 2 < shard.again < len(first[1].used) - 4
        kept.append(shard)
    assert sum(len(shard.used) for shard in kept) == len(first[1].used)
    found = Found(MADE_WITH, *(shard.text() for shard in kept))
    records = analyse({KEY: ROWS}, plan, found=found)
    assert found.again == 0
    assert found.text() == first[1].text()
    for name, table in vars(first[0]).items():
        assert_frame_equal(getattr(records, name), table, obj=name)


def test_words_are_no_change(first):
    contrasts = {"main": {**VALUES["contrasts"]["main"], "label": "B", "negative_favours": "reference"}}
    sensitivity = {name: {**keys, "label": name} for name, keys in VALUES["sensitivity"].items()}
    assert again(first, {**VALUES, "title": "B", "contrasts": contrasts, "sensitivity": sensitivity}) == 0


def test_a_new_sensitivity_analysis_is_made_and_no_other(first):
    new = {"new": {"model": {"residual": "common"}}}
    assert again(first, {**VALUES, "sensitivity": {**VALUES["sensitivity"], **new}}) == 1


def test_one_that_changes_rows_makes_the_multiverse_as_well(first):
    new = {"men": {"participants": {"sex": ["male"]}}}
    assert again(first, {**VALUES, "sensitivity": {**VALUES["sensitivity"], **new}}) == 2


def test_a_key_concerns_the_analyses_that_read_it(first):
    assert (
        again(first, {**VALUES, "absolute": {"severity": {"mild": 10}}}) == 3
    )  # headline, moderators, prediction
    assert again(first, {**VALUES, "missing": {**VALUES["missing"], "m": 3}}) == 1


def test_who_was_left_out_of_another_trial_concerns_the_counts_alone():
    empty = pd.DataFrame({"study": [], "reason": [], "n": []})
    table = AnalysisRows(ROWS, empty, pd.DataFrame())
    more = AnalysisRows(ROWS, pd.DataFrame({"study": ["Z"], "reason": ["no arm"], "n": [9]}), table.scales)
    assert again(run(VALUES, table), VALUES, more) == 1


def test_other_rows_and_other_code_make_all(first):
    rows = ROWS.copy()
    rows.loc[0, "baseline"] += 1e-12
    assert (
        again(first, VALUES, rows) == len(first[1].used) - 2
    )  # the other two trials' completed sets are found
    found = Found({"code": "d"}, first[1].text())
    assert found.earlier == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"made_with": {"code": "c"}, "found": 3}'])
def test_what_cannot_be_read_is_made_again(text):
    assert Kept(MADE_WITH, text).earlier == {}


def test_an_analysis_is_given_what_it_names_and_nothing_else(monkeypatch):
    monkeypatch.setitem(ANALYSES, "subgroups", lambda cell, context: context.settings.plan["missing"])
    with pytest.raises(KeyError):
        run(VALUES)
    monkeypatch.setitem(ANALYSES, "subgroups", lambda cell, context: context.settings.family or pd)
    with pytest.raises(LookupError):
        run(VALUES)


WIDE = {
    **VALUES,
    "contrasts": {
        **VALUES["contrasts"],
        "other": {"active": ["combined"], "reference": ["antidepressant"], "label": "B"},
        "third": {"active": ["stpp"], "reference": ["antidepressant"], "label": "C"},
    },
    "outcomes": {"depression": {"family": "gaussian"}, "anxiety": {"family": "gaussian"}},
    "time_points": {"post": {"timepoint": "post"}, "follow_up": {"timepoint": "follow_up"}},
    "moderators": {"severity": {"column": "baseline"}, "age": {"column": "age"}, "sex": {"column": "sex"}},
    "prediction": {"variables": ["severity", "age"], "outcomes": ["depression", "anxiety"]},
    "tree": {"variables": ["severity", "age"], "resamples": 10},
    "multiverse": {"enabled": True},
}
CELLS = [(c, o, "post") for c in ("main", "other", "third") for o in ("depression", "anxiety")]


def test_what_an_analysis_is_given_is_all_that_it_reads(monkeypatch):
    """The records are those of analyses that are given everything."""
    tables = {key: draw_rows(sizes=(16, 18, 17), missing=0.1, seed=i) for i, key in enumerate(CELLS)}
    plan = Plan.from_mapping(WIDE)
    narrow = analyse(tables, plan)
    monkeypatch.setattr(run_module, "settings_read", lambda part, settings, values: settings)
    monkeypatch.setattr(run_module, "cell_read", lambda part, cell, context: cell)
    monkeypatch.setattr(run_module, "units_of", whole_units)
    monkeypatch.setattr(run_module, "context_read", lambda unit, cell, context, settings: context)
    whole = analyse(tables, plan)
    for name, table in vars(narrow).items():
        assert_frame_equal(table, getattr(whole, name), obj=name)
    asked = narrow.counts.query("what == 'prediction_verdict'").value.astype(float)
    assert list(asked) == pytest.approx([0.05 / 6] * 6)


def whole_units(part, cell, plan):
    """One unit that reads all of the plan."""
    yield reads.Unit(part, {key: plan[key] for key in plan})
