"""What must not change, and what must change in a known way, when the data are altered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY, as_table, count, draw_rows, pick, small_plan

from ipdma.analysis.run import analyse

LEAN = {"subgroups": {}, "risk_of_bias": [], "moderators": {"age": {"column": "age"}}}
PARTS = ["efficacy", "moderators"]


def run(rows, plan=None, parts=PARTS, **extra):
    return analyse({KEY: as_table(rows)}, plan or small_plan(**LEAN), parts=parts, **extra)


@pytest.fixture(scope="module")
def rows():
    return draw_rows()


@pytest.fixture(scope="module")
def base(rows):
    return run(rows).estimates


def effects(estimates: pd.DataFrame, *starts: str) -> pd.DataFrame:
    """Rows whose term starts so, by id and term."""
    found = estimates[
        estimates.term.str.startswith(starts) & ~estimates.analysis_id.str.endswith(("at", "curve"))
    ]
    return found.set_index(["analysis_id", "term"])


def test_swapping_the_arms_flips_every_sign(rows, base):
    swapped = effects(run(rows.assign(treat=1 - rows.treat)).estimates, "treatment")
    before = effects(base, "treatment")
    assert swapped.index.equals(before.index)
    # under REML the random effect of a 0/1 treatment with stratified intercepts does not depend on its coding
    assert swapped.estimate.to_numpy() == pytest.approx(-before.estimate.to_numpy(), abs=1e-6)
    assert swapped.std_error.to_numpy() == pytest.approx(before.std_error.to_numpy(), abs=1e-6)


def test_a_constant_per_trial_leaves_the_within_trial_interaction(rows, base):
    shift = rows.study.map({s: 100.0 * i for i, s in enumerate(sorted(rows.study.unique()))})
    moved = run(rows.assign(age=rows.age + shift)).estimates
    within, before = effects(moved, "treatment:within:"), effects(base, "treatment:within:")
    two = within.index.get_level_values(0).str.contains(".two.", regex=False)
    assert within.estimate[two].to_numpy() == pytest.approx(before.estimate[two].to_numpy(), rel=1e-9)
    # in one stage the across term is another column, which reaches the within term through chance alone
    gap = (within.estimate - before.estimate)[~two] / before.std_error[~two]
    assert gap.abs().max() < 0.1
    across, was = effects(moved, "treatment:across:"), effects(base, "treatment:across:")
    assert abs(across.estimate.iloc[0]) < 0.1 * abs(was.estimate.iloc[0])
    naive, was = effects(moved, "treatment:age"), effects(base, "treatment:age")
    assert abs(naive.estimate.iloc[0] - was.estimate.iloc[0]) > 0.01 * abs(was.estimate.iloc[0])


def test_a_trial_with_one_arm_changes_no_contrast(rows, base):
    extra = rows[(rows.study == "S04") & (rows.treat == 1)].assign(study="ONE-ARM")
    got = run(pd.concat([rows, extra], ignore_index=True)).estimates
    pd.testing.assert_frame_equal(got, base)


def test_the_order_of_rows_and_trials_does_not_matter(rows, base):
    shuffled = rows.sample(frac=1, random_state=3)
    got = run(shuffled).estimates
    for name in ("estimate", "std_error", "df", "tau2"):
        assert got[name].to_numpy() == pytest.approx(base[name].to_numpy(), rel=1e-5, abs=1e-8, nan_ok=True)


def test_another_unit_of_the_outcome_scales_everything(rows, base):
    scaled = rows.assign(outcome=10 * rows.outcome, baseline=10 * rows.baseline)
    got, before = effects(run(scaled).estimates, "treatment"), effects(base, "treatment")
    assert got.estimate.to_numpy() == pytest.approx(10 * before.estimate.to_numpy(), rel=1e-5, nan_ok=True)
    assert got.p_value.to_numpy() == pytest.approx(before.p_value.to_numpy(), rel=1e-3, abs=1e-9, nan_ok=True)


def test_renaming_trials_changes_names_alone(rows, base):
    got = run(rows.assign(study="T" + rows.study)).estimates
    assert got.estimate.to_numpy() == pytest.approx(base.estimate.to_numpy(), nan_ok=True)


def test_aggregation_bias_shows_in_the_naive_estimate_alone():
    """The closed form: within -1, across 2, naive 11/7 (the wrong sign), with noise too small to matter."""
    rng = np.random.default_rng(1)
    parts = []
    for k, (m, a) in enumerate(((0, 10), (3, 14), (6, 9))):
        z, t = np.repeat([m - 1.0, m + 1.0], 20), np.tile([0, 1], 20)
        y = a + 0.5 * z + t * (-3 + 2 * m - (z - m)) + 1e-4 * rng.normal(size=40)
        parts.append(pd.DataFrame({"study": f"T{k}", "treat": t, "outcome": y, "z": z}))
    plan = small_plan(
        models={"primary": {"treatment_effect": "common"}},
        moderators={"z": {"column": "z"}},
    )
    e = run(pd.concat(parts, ignore_index=True), plan, ["moderators"]).estimates
    e = e[e.model == "primary"]
    assert pick(e, term="treatment:within:z", stage="one").estimate == pytest.approx(-1, abs=1e-3)
    assert pick(e, term="treatment:within:z", stage="two").estimate == pytest.approx(-1, abs=1e-3)
    assert pick(e, term="treatment:across:z").estimate == pytest.approx(2, abs=1e-3)
    assert pick(e, term="treatment:z").estimate == pytest.approx(11 / 7, abs=1e-3)
    assert pick(e, term="treatment", stage="one", moderator="z").estimate == pytest.approx(3, abs=1e-3)


def test_the_multiverse_holds_the_headline_and_its_leave_one_out(rows):
    plan = small_plan(
        sensitivity={"loo": {"leave_one_out": True}, "low": {"registry": {"rob_overall": ["low"]}}}
    )
    got = run(rows, plan, ["efficacy", "sensitivity", "multiverse"])
    specs = got.estimates[got.estimates.model.str.startswith("multiverse:")]
    assert len(specs) >= 150
    assert not specs.duplicated(["estimate", "std_error", "ci_low", "ci_high"]).any()
    assert set(specs.df_method) <= {"kenward_roger", "modified_hksj", "nst", "wald"}
    assert (specs.df.dropna() >= 1).all()
    choices = count(got, what="choice").pivot_table(
        index="analysis_id", columns="variable", values="level", aggfunc="first"
    )
    picked = specs.set_index("analysis_id").join(choices.add_suffix("_choice"))
    plain = {
        "stage": "one",
        "rows": "all",
        "covariates": "baseline",
        "slopes": "stratified",
        "intercept": "stratified",
    }
    for name, value in plain.items():
        picked = picked[picked[f"{name}_choice"] == value]
    head = picked[(picked.studies_choice == "all") & (picked.residual_choice == "by_study")]
    head = head[head.treatment_effect_choice == "random"]
    primary = pick(got.estimates, analysis_id="stpp_control.depression.post.primary.one")
    assert head.estimate.tolist() == pytest.approx([primary.estimate])
    models = {"primary": {"covariates": ["baseline"], "df": "kenward_roger"}}
    alone = run(
        rows[rows.study != "S02"], small_plan(**{**LEAN, "moderators": {}}, models=models), ["efficacy"]
    )
    expected = pick(alone.estimates, analysis_id="stpp_control.depression.post.primary.one")
    without = picked[(picked.studies_choice == "without S02") & (picked.df_method == "kenward_roger")]
    assert without.estimate.tolist() == pytest.approx([expected.estimate], rel=1e-5)
    assert without.std_error.tolist() == pytest.approx([expected.std_error], rel=1e-4)
    total = count(got, what="multiverse", variable="specifications").n.iloc[0]
    assert total == len(specs)


def test_engines_agree_on_the_model_that_they_share(rows):
    got = run(rows, small_plan(engines=["statsmodels"]), ["engines"])
    ours = pick(got.estimates, model="engine_ipdma")
    theirs = pick(got.estimates, model="statsmodels")
    assert ours.estimate == pytest.approx(theirs.estimate, abs=1e-3)
    like = count(got, analysis_id=theirs.analysis_id).set_index("what")
    assert (ours.df_method, theirs.df_method, like.level["ours"]) == ("kenward_roger", "normal", "normal")
    assert like.value["ours_se"] == pytest.approx(theirs.std_error, rel=0.01)
    assert like.value["ours_p"] == pytest.approx(theirs.p_value, rel=0.2)
    assert "ours_df" not in like.index
    assert set(count(got, what="engine_version").analysis_id) == {
        "stpp_control.depression.post.engine_ipdma.one",
        "stpp_control.depression.post.statsmodels.one",
    }


@pytest.mark.needs_r
def test_lme4_agrees(rows):
    got = run(rows, small_plan(engines=["lme4"]), ["engines"])
    lines = count(got, what="engine_version").level
    if lines.str.startswith("not run").any():
        pytest.skip(lines[lines.str.startswith("not run")].iloc[0])
    ours, theirs = [pick(got.estimates, model=m) for m in ("engine_ipdma", "lme4")]
    assert (ours.estimate, ours.std_error, ours.df) == pytest.approx(
        (theirs.estimate, theirs.std_error, theirs.df), rel=1e-3
    )


@pytest.mark.slow
def test_shuffled_treatment_rejects_no_more_often_than_its_level():
    """Treatment shuffled within trials: Kenward-Roger is conservative, rejections stay under 6.5 percent."""
    rng = np.random.default_rng(5)
    rejected = {"treatment": 0, "treatment:within:age": 0}
    times = 200
    for seed in range(times):
        rows = draw_rows(seed=seed, tau=0.0, effect=0.0, within=0.0, sizes=(40, 30, 24, 36, 30))
        rows["treat"] = rows.groupby("study").treat.transform(lambda t: rng.permutation(t.to_numpy()))
        e = run(rows, small_plan(**LEAN, moderator_analysis={"naive": False})).estimates
        one = e[(e.stage == "one") & (e.model == "primary")]
        rejected["treatment"] += pick(one, term="treatment", moderator="").p_value < 0.05
        rejected["treatment:within:age"] += pick(one, term="treatment:within:age").p_value < 0.05
    assert rejected["treatment"] / times <= 0.065
    assert rejected["treatment:within:age"] / times <= 0.085  # level .05 with a Monte-Carlo error of .015
