"""Therapists in a plan: the headline with a variance between them."""

import numpy as np
import pytest
from tests.builders.nested_rows import draw_nested

from ipdma.analysis.run import analyse
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.plan import Plan

KEY = ("stpp_control", "depression", "post")
PLAN = {
    "studies": "here",
    "contrasts": {"stpp_control": {"active": ["stpp"], "reference": ["tau"]}},
    "nesting": {"column": "therapist"},
}
HEAD = "stpp_control.depression.post.nesting"


def rows_of(drawn):
    renamed = drawn.rename(columns={"y": "outcome", "base": "baseline"})
    return renamed.assign(participant=np.arange(len(renamed)).astype(str))


def run(drawn, **keys):
    plan = Plan.from_mapping({**PLAN, "nesting": {**PLAN["nesting"], **keys}})
    return analyse({KEY: rows_of(drawn)}, plan, parts=["nesting"])


def values(records, what):
    found = records.counts[records.counts["what"] == what]
    return found.set_index("study")["value"].to_dict()


def test_the_rows_are_the_model_s():
    drawn = draw_nested()
    records = run(drawn)
    spec = ModelSpec(covariates=("base",), nesting="therapist", residual="by_study")
    fit = fit_model(drawn, spec)
    one, two = (records.estimates[records.estimates["stage"] == stage].iloc[0] for stage in ("one", "two"))
    assert (one["analysis_id"], two["analysis_id"]) == (f"{HEAD}.one", f"{HEAD}.two")
    assert one["std_error"] == pytest.approx(fit.estimate("treatment").std_error, rel=1e-6)
    assert one["df_method"] == "kenward_roger"
    assert two["k"] == 5
    residual = np.mean(list(fit.variance.residual_by_study.values()))
    share = fit.variance.nesting / (fit.variance.nesting + residual)
    icc = values(records, "icc")
    assert icc[""] == pytest.approx(share, rel=1e-6)
    assert values(records, "icc_low")[""] <= share <= values(records, "icc_high")[""]
    assert set(icc) == {"", "S0", "S1", "S2", "S3", "S4"}
    assert values(records, "therapists") == dict.fromkeys(["S0", "S1", "S2", "S3", "S4"], 6.0)


def test_a_patient_without_a_code_has_a_therapist_of_their_own():
    drawn = draw_nested()
    lost = drawn.index[drawn["treat"] == 1][:3]
    blank, own = drawn.copy(), drawn.copy()
    blank.loc[lost, "therapist"] = None
    own.loc[lost, "therapist"] = ["X1", "X2", "X3"]
    counted = run(blank).counts
    counted = counted[counted["what"] == "therapists"]
    assert counted["n"].sum() == 3
    assert counted["value"].max() <= 6
    first, second = (run(rows).estimates["std_error"].to_numpy() for rows in (blank, own))
    assert first == pytest.approx(second, rel=1e-9)


def test_codes_of_the_other_arm_count_only_where_the_plan_says_so():
    drawn = draw_nested()
    both = drawn.assign(therapist=drawn["therapist"].fillna("T1"))
    plain, active, all_arms = run(drawn), run(both), run(both, arms="both")
    assert active.estimates["std_error"].to_numpy() == pytest.approx(plain.estimates["std_error"].to_numpy())
    assert all_arms.estimates["std_error"].iloc[0] != pytest.approx(plain.estimates["std_error"].iloc[0])


def test_a_trial_that_cannot_tell_them_apart_is_said():
    drawn = draw_nested()
    one = (drawn["study"] == "S0") & (drawn["treat"] == 1)
    records = run(drawn.assign(therapist=drawn["therapist"].mask(one, "T1")))
    said = records.counts[records.counts["what"] == "not_estimable"]
    assert list(said["study"]) == ["S0"]
    assert len(records.estimates) == 2


def test_no_codes_at_all_is_said():
    records = run(draw_nested().assign(therapist=None))
    assert not len(records.estimates)
    assert records.notes["text"].str.contains("no trial of this contrast recorded 'therapist'").any()
