"""Over random plans and rows: what a run prints of an effect agrees with itself and with the rows used."""

import os
import re

import numpy as np
import pytest
from tests.builders.analysis_rows import BINARY_KEY, KEY, as_table, draw_rows, small_plan

from ipdma.analysis.run import analyse
from ipdma.report.boundary import boundary, cause
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.sentences import effect_sentences
from ipdma.report.tables_checks import tabulate_sensitivity

EXAMPLES = int(os.environ.get("IPDMA_EXAMPLES", "6"))
SENSITIVITY = {
    "equal_weights": {"model": {"pool": {"ci": "equal_weights"}}},
    "other_trials": {"model": {"covariates": ["baseline", "asked"]}, "moderators": ["age"]},
    "chosen": {"registry": {"rob_overall": ["low"]}},
    "error": {"reliability": 0.8},
}
CHOICES = {
    "residual": ["common", "by_study"],
    "covariates": [[], ["baseline"]],
    "treatment_effect": ["random", "common"],
    "interaction_effect": ["common", "random"],
    "intercept": ["stratified", "random"],
}
MODERATORS = {
    "age": {"column": "age", "per": 10},
    "severity": {"column": "baseline"},
    "antidepressant": {"column": "antidepressant_at_baseline", "type": "categorical"},
}


@pytest.fixture(scope="module", params=range(EXAMPLES))
def run(request):
    rng = np.random.default_rng(request.param)
    model = {key: values[rng.integers(len(values))] for key, values in CHOICES.items()}
    sizes = tuple(int(n) for n in rng.integers(12, 40, size=rng.integers(3, 7)))
    rows = draw_rows(sizes=sizes)
    lost = rng.random(len(rows)) < 0.1
    rows.loc[lost, "outcome"] = np.nan
    rows["asked"] = np.where(rows.study == "S01", np.nan, rng.normal(size=len(rows)))
    interval = ["nst", "kenward_roger"][request.param % 2]
    plan = small_plan(
        models={"primary": model}, moderators=MODERATORS, interval=interval, sensitivity=SENSITIVITY
    )
    parts = ["efficacy", "moderators", "sensitivity"]
    return rows[~lost], analyse({KEY: as_table(rows)}, plan, parts=parts), plan


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
    rows, records, _ = run
    heads = records.estimates[(records.estimates.moderator == "") & (records.estimates.model == "primary")]
    assert set(heads.stage) == {"one", "two"}
    assert (heads.k == rows.study.nunique()).all()
    assert (heads.n == len(rows)).all()


def test_weights_add_to_a_hundred(run):
    shown = run[1].study_estimates
    shown = shown[shown.stage == "two"]
    total = shown.groupby(["analysis_id", "term"]).weight.sum()
    assert total.to_numpy() == pytest.approx(np.full(len(total), 100.0))


def test_beside_other_trials_stand_those_same_trials(run):
    found = run[1].estimates
    found = found[found.term == "treatment"].set_index(["model", "stage", "moderator"])
    beside = [key for key in found.index if key[0].endswith(":same_trials")]
    assert {(model, stage) for model, stage, _ in beside} >= {
        ("other_trials:same_trials", "one"),
        ("other_trials:same_trials", "two"),
    }
    for model, stage, moderator in beside:
        assert found.k[model, stage, moderator] == found.k[model.split(":")[0], stage, moderator]
        assert found.k[model, stage, moderator] < run[0].study.nunique()


def test_the_arms_behind_an_effect_are_its_participants(run):
    arms = run[1].counts
    arms = arms[arms.what == "pooled_arm"].groupby("analysis_id").n.sum()
    rows = run[1].estimates.drop_duplicates("analysis_id").set_index("analysis_id").n
    assert len(arms)
    assert (arms == rows[arms.index]).all()


def assert_told_as_recorded(records, plan):
    """Who is favoured, or that it cannot be told, is what the row of the effect says; no number at a
    boundary."""
    material = Material(records.estimates, records.study_estimates, records.counts, plan.as_mapping())
    for analysis in material.analyses:
        said = " ".join(effect_sentences(material, analysis, Ledger().pen("report/results")))
        row = material.headline(analysis, "one") or material.headline(analysis, "two")
        if boundary(material, row):
            assert (cause(material, row) or "too few data to tell") in said
            assert not re.search(r"\d\.\d", said)
        else:
            excludes = row.number("ci_low") > 0 or row.number("ci_high") < 0
            assert ("favoured" in said) == excludes
            assert ("could not be told apart" in said) == (not excludes)
            printed = 0.0 if "p < .0" in said else float(re.search(r"p = (\.\d+)", said)[1])
            assert printed == 0.05 or (printed < 0.05) == excludes  # .050 is either side of the level
    return material


def test_no_sentence_contradicts_its_table(run):
    _, records, plan = run
    material = assert_told_as_recorded(records, plan)
    rows = [row for row in tabulate_sensitivity(material, Ledger()).rows if isinstance(row, tuple)]
    table = {(row[0], row[1]): row for row in rows}
    for stage in ("one", "two"):
        own = table["Other trials", f"{stage} stage{'s' * (stage == 'two')}"]
        row = records.estimates
        row = row[(row.model == "other_trials:same_trials") & (row.stage == stage) & (row.moderator == "")]
        assert own[7].startswith(f"{row.estimate.item():.2f} [".replace("-", "\u2212"))


@pytest.fixture(scope="module", params=range(EXAMPLES))
def events(request):
    rng = np.random.default_rng(100 + request.param)
    sizes = tuple(int(n) for n in rng.integers(20, 60, size=rng.integers(3, 7)))
    rows = draw_rows(seed=request.param, sizes=sizes, binary=True)
    pool = {
        "method": ["inverse_variance", "mantel_haenszel"][rng.integers(2)],
        "measure": ["or", "rr", "rd"][rng.integers(3)],
    }
    model = {"covariates": [[], ["baseline"]][rng.integers(2)]}
    model["treatment_effect"] = ["random", "common"][rng.integers(2)]
    model["estimator"] = "firth" if model["treatment_effect"] == "common" and rng.random() < 0.5 else None
    plan = small_plan(models={"primary": model}, moderators={}, pool=pool)
    return pool, plan, analyse({BINARY_KEY: as_table(rows)}, plan, parts=["efficacy"])


def test_absolute_effects_of_events_agree_with_their_odds_ratio(events):
    pool, plan, records = events
    found = records.estimates[records.estimates.model == "primary"].set_index("stage")
    for stage, row in found.iterrows():
        value = records.counts[records.counts.analysis_id == row.analysis_id].set_index("what").value
        if stage == "two" and pool["measure"] != "or":
            assert not set(value.index) & {"odds_ratio", "risk_difference", "nnt"}
            continue
        ends = {end: value[f"risk_difference{end}"] for end in ("", "_low", "_high")}
        assert -1 <= ends["_low"] <= ends[""] <= ends["_high"] <= 1
        ratio = {end: value[f"risk_ratio{end}"] - 1 for end in ("_low", "_high")}
        for told in (ends, ratio):
            assert (told["_low"] > 1e-12, told["_high"] < -1e-12) == (row.ci_low > 0, row.ci_high < 0)
        assert 1 / value["nnt"] == pytest.approx(ends[""])
        assert value["active_risk"] - value["control_risk"] == pytest.approx(ends[""])
    assert_told_as_recorded(records, plan)
