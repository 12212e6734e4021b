"""All visits in one model: who is counted, and what stands beside a visit with fewer trials."""

import numpy as np
import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, pick, small_plan

from ipdma.analysis.run import analyse
from ipdma.analysis.same_trials import BESIDE

LATER = (*KEY[:2], "follow_up")
ELSEWHERE, NEVER = "S02", "S05"  # scored on another instrument at follow-up; not seen there
PLAN = {
    "moderators": {},
    "time_points": {
        "post": {"timepoint": "post"},
        "follow_up": {"timepoint": "follow_up", "weeks": [30, 60]},
    },
    "longitudinal": {"visits": ["post", "follow_up"]},
}


@pytest.fixture(scope="module")
def rows():
    return draw_rows()


@pytest.fixture(scope="module")
def later(rows):
    drawn = rows.assign(outcome=rows.outcome + np.random.default_rng(3).normal(0, 0.5, len(rows)), weeks=52.0)
    drawn = drawn[drawn.study != NEVER].reset_index(drop=True)
    return drawn.assign(instrument=drawn.instrument.where(drawn.study != ELSEWHERE, "qids_sr"))


@pytest.fixture(scope="module")
def found(rows, later):
    cells = {KEY: as_table(rows), LATER: as_table(later)}
    return analyse(cells, small_plan(**PLAN), parts=["longitudinal"])


def test_participants_of_a_visit_are_those_of_the_trials_that_have_it(rows, found):
    for stage in ("one", "two"):
        own = {"model": "longitudinal", "stage": stage}
        assert pick(found.estimates, timepoint="post", **own).n == len(rows)
        follow_up = pick(found.estimates, timepoint="follow_up", **own)
        assert follow_up.k == 4
        assert follow_up.n == (~rows.study.isin([ELSEWHERE, NEVER])).sum()
        assert pick(found.estimates, timepoint="visits", **own).n == len(rows)  # people, not rows


@pytest.mark.parametrize("stage", ["one", "two"])
def test_beside_a_visit_with_fewer_trials_stands_the_primary_model_on_them(later, found, stage):
    ident = f"stpp_control.depression.follow_up.longitudinal.{stage}"
    counts = found.counts[found.counts.analysis_id == ident]
    word = counts[counts.what == "same_trials"]
    assert [(row.level, row.n, row.of) for row in word.itertuples()] == [(BESIDE, 4, 4)]
    alone = {LATER: as_table(later[later.study != ELSEWHERE])}
    expected = pick(
        analyse(alone, small_plan(**PLAN), parts=["efficacy"]).estimates,
        model="primary",
        stage=stage,
        term="treatment",
    )
    numbers = counts[counts.level == "same_trials"].set_index("what").value
    assert numbers["beside"] == pytest.approx(expected.estimate)
    assert numbers["beside_low"] == pytest.approx(expected.ci_low)
    post = found.counts[found.counts.analysis_id == ident.replace("follow_up", "post")]
    assert "same_trials" not in set(post.what)
