"""Over random plans and rows: what a run prints of an effect agrees with itself and with the rows used."""

import numpy as np
import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan

from ipdma.analysis.run import analyse

CHOICES = {
    "residual": ["common", "by_study"],
    "covariates": [[], ["baseline"]],
    "treatment_effect": ["random", "common"],
    "interaction_effect": ["common", "random"],
    "intercept": ["stratified", "random"],
}
MODERATORS = {
    "age": {"column": "age", "per": 10},
    "antidepressant": {"column": "antidepressant_at_baseline", "type": "categorical"},
}


@pytest.fixture(scope="module", params=range(6))
def run(request):
    rng = np.random.default_rng(request.param)
    model = {key: values[rng.integers(len(values))] for key, values in CHOICES.items()}
    sizes = tuple(int(n) for n in rng.integers(12, 40, size=rng.integers(3, 7)))
    rows = draw_rows(sizes=sizes)
    lost = rng.random(len(rows)) < 0.1
    rows.loc[lost, "outcome"] = np.nan
    interval = ["nst", "kenward_roger"][request.param % 2]
    plan = small_plan(models={"primary": model}, moderators=MODERATORS, interval=interval)
    return rows[~lost], analyse({KEY: as_table(rows)}, plan, parts=["efficacy", "moderators"])


def test_a_prediction_interval_contains_its_rows_interval(run):
    found = run[1].estimates
    found = found[found.pi_low.notna()]
    assert (found.pi_low <= found.ci_low).all()
    assert (found.pi_high >= found.ci_high).all()


def test_p_is_below_the_level_exactly_when_the_interval_excludes_zero(run):
    found = run[1].estimates
    found = found[found.p_value.notna() & found.ci_low.notna()]
    assert len(found)
    assert ((found.p_value < 0.05) == ((found.ci_low > 0) | (found.ci_high < 0))).all()


def test_k_and_n_are_those_of_the_rows_used(run):
    rows, records = run
    heads = records.estimates[(records.estimates.moderator == "") & (records.estimates.model == "primary")]
    assert set(heads.stage) == {"one", "two"}
    assert (heads.k == rows.study.nunique()).all()
    assert (heads.n == len(rows)).all()


def test_weights_add_to_a_hundred(run):
    shown = run[1].study_estimates
    shown = shown[shown.stage == "two"]
    total = shown.groupby(["analysis_id", "term"]).weight.sum()
    assert total.to_numpy() == pytest.approx(np.full(len(total), 100.0))
