"""The network of a plan: its rows in the records, what is left out, what cannot be fitted."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.network_material import CONDITIONS, as_rows
from tests.builders.network_rows import ARMS, draw_network

from ipdma.analysis.run import analyse
from ipdma.model.network import fit_network, network_of
from ipdma.model.spec import ModelSpec
from ipdma.plan import Plan

NODES = {
    "tau": ["tau"],
    "waitlist": ["waitlist"],
    "stpp": ["stpp"],
    "medication": ["antidepressant", "antidepressant_supportive"],
    "combined": ["combined"],
}
KEY = ("network", "depression", "post")
PLAN = {
    "studies": "here",
    "contrasts": {
        "stpp_control": {"active": ["stpp"], "reference": ["tau", "waitlist"]},
        "stpp_medication": {"active": ["stpp"], "reference": ["antidepressant"]},
    },
    "moderators": {
        "severity": {"column": "baseline"},
        "level": {"column": "level", "type": "categorical", "levels": ["a", "b", "c"]},
    },
    "network": {"outcomes": ["depression"], "nodes": NODES, "reference": "tau", "moderators": ["severity"]},
}


def run(drawn=None, aggregate=None, model=None, plan=None, **network):
    drawn = draw_network(tau=0.8) if drawn is None else drawn
    models = {"models": {"primary": model}} if model else {}
    plan = Plan.from_mapping({**PLAN, **models, **(plan or {}), "network": {**PLAN["network"], **network}})
    return analyse({KEY: as_rows(drawn)}, plan, aggregate=aggregate)


@pytest.fixture(scope="module")
def records():
    return run()


def of(records, ident, **columns):
    found = records.estimates[records.estimates["analysis_id"] == ident]
    for column, value in columns.items():
        found = found[found[column] == value]
    return found


def counts(records, what):
    return records.counts[records.counts["what"] == what]


def test_every_comparison_has_a_row_in_both_stages(records):
    one, two = (of(records, f"network.depression.post.network.{stage}") for stage in ("one", "two"))
    assert len(one) == len(two) == 10
    assert list(one["level"]) == list(two["level"])
    assert set(one["term"]) == {"treatment"}
    assert set(one["df_method"]) == {"kenward_roger"}
    assert set(two["df_method"]) == {"modified_hksj"}
    assert one.set_index("level")["k"]["combined v waitlist"] == 0
    assert one.set_index("level")["k"]["stpp v tau"] == 3
    assert (one["pi_low"] < one["ci_low"]).all()


def test_the_rows_are_the_model_s():
    drawn = draw_network(tau=0.8)
    records = run(drawn)
    spec = ModelSpec(treatment="node", covariates=("base",), residual="by_study")
    network = network_of(zip(drawn["study"], drawn["node"], strict=True), tuple(CONDITIONS))
    found = {(c.active, c.reference): c.estimate for c in fit_network(drawn, spec, network).comparisons}
    row = of(records, "network.depression.post.network.one", level="combined v medication").iloc[0]
    assert row["estimate"] == pytest.approx(found[("both", "ad")].estimate, rel=1e-9)
    assert row["std_error"] == pytest.approx(found[("both", "ad")].std_error, rel=1e-9)
    assert row["n"] == len(drawn)


def test_direct_indirect_and_inconsistency_stand_beside(records):
    head = "network.depression.post.network.one.none"
    sides = {v: of(records, f"{head}.{v}").set_index("level") for v in ("direct", "indirect", "difference")}
    assert set(sides["direct"].index) == set(sides["difference"].index)
    gap = sides["direct"]["estimate"] - sides["indirect"]["estimate"]
    assert np.allclose(gap, sides["difference"]["estimate"])
    test = of(records, f"{head}.inconsistency").iloc[0]
    assert 0 < test["p_value"] < 1
    assert counts(records, "df_num").iloc[0]["value"] == 6


def test_nodes_designs_and_ranks_are_counted(records):
    nodes = counts(records, "network_node").set_index("arm")
    assert nodes["n"].sum() == len(draw_network(tau=0.8))
    assert nodes["value"]["stpp"] == sum("stpp" in own for own in ARMS.values())
    assert counts(records, "network_design")["value"].sum() == len(ARMS)
    assert counts(records, "p_score")["value"].sum() == pytest.approx(2.5)


def test_a_moderator_has_an_interaction_for_each_comparison(records):
    found = of(records, "network.depression.post.network.one.severity")
    assert len(found) == 10
    assert set(found["term"]) == {"treatment:within:severity"}


def test_a_categorical_moderator_has_levels_and_a_joint_test():
    found = of(run(moderators=["level"]), "network.depression.post.network.one.level")
    assert set(found["term"]) == {f"treatment:within:level{end}" for end in ("[b]", "[c]", "")}
    joint = found[found["term"] == "treatment:within:level"]
    assert len(joint) == 10
    assert joint["statistic"].notna().all()


def test_a_trial_of_one_node_is_left_out_and_counted():
    lone = draw_network(arms={"X1": ("stpp",)})
    records = run(pd.concat([draw_network(), lone], ignore_index=True))
    (left,) = counts(records, "network_left_out").to_dict("records")
    assert (left["study"], left["n"]) == ("X1", len(lone))
    assert "stpp" in left["level"]


def test_a_network_that_is_not_connected_is_said_and_not_fitted():
    records = run(draw_network(arms={"A": ("tau", "stpp"), "B": ("ad", "both"), "C": ("ad", "both")}))
    assert not len(records.estimates)
    said = counts(records, "not_fitted")
    assert set(said["analysis_id"]) >= {f"network.depression.post.network.{s}" for s in ("one", "two")}
    assert said["level"].str.contains(r"\[tau, stpp; medication, combined\]").any()


def test_a_condition_in_no_trial_is_said():
    records = run(nodes={**NODES, "placebo": ["placebo"]})
    assert counts(records, "warning")["level"].str.contains("'placebo': no trial compares it").any()
    assert len(of(records, "network.depression.post.network.one")) == 10


def published(**columns):
    base = {"outcome": "depression", "timepoint": "post", "estimate": -0.4, "std_error": 0.2}
    return pd.DataFrame([{"study": "Z1", "n_active": 20, "n_reference": 21, **base, **columns}])


def test_a_published_contrast_of_two_nodes_joins_the_second_stage():
    records = run(aggregate=published(contrast="stpp_medication"))
    two = of(records, "network.depression.post.network.two", level="stpp v medication").iloc[0]
    assert two["k"] == 4
    assert two["n"] == len(draw_network(tau=0.8)) + 41
    own = records.study_estimates.set_index("study").loc["Z1"]
    assert (own["source"], own["estimate"], own["level"]) == ("aggregate", 0.4, "medication v stpp")


@pytest.mark.parametrize(
    ("columns", "joins"),
    [
        ({}, False),
        ({"reference": "tau"}, True),
        ({"reference": np.nan}, False),
        ({"reference": "placebo"}, False),
    ],
)
def test_a_side_of_several_nodes_joins_where_its_condition_is_named(columns, joins):
    records = run(aggregate=published(contrast="stpp_control", **columns))
    assert ("Z1" in set(records.study_estimates["study"])) == joins
    assert counts(records, "warning")["level"].str.contains("Z1 left out").any() != joins


def test_two_published_contrasts_of_one_trial_are_left_out():
    twice = pd.concat([published(contrast="stpp_medication")] * 2, ignore_index=True)
    records = run(aggregate=twice)
    assert counts(records, "warning")["level"].str.contains("2 contrasts, whose covariance").any()


def test_without_nodes_every_condition_is_one_and_the_commonest_the_reference():
    records = run(nodes={}, reference=None, moderators=[])
    (first, *_) = counts(records, "network_node")["arm"]
    assert first == "stpp"
    assert len(of(records, "network.depression.post.network.one")) == 10


def test_common_effects_have_no_variance_and_predict_no_trial():
    records = run(model={"covariates": ["baseline"], "treatment_effect": "common"}, moderators=[])
    for stage in ("one", "two"):
        rows = of(records, f"network.depression.post.network.{stage}")
        assert len(rows) == 10
        assert rows[["tau2", "pi_low", "pi_high"]].isna().all(axis=None)
        assert not rows["singular"].any()


def test_the_plans_pool_is_the_networks():
    chosen = {"tau2": "dl", "prediction": {"df": "normal", "se": "ci"}}
    default, other = (
        of(run(moderators=[], plan={"pool": pool}), "network.depression.post.network.two").iloc[0]
        for pool in ({}, chosen)
    )
    assert other.tau2 != pytest.approx(default.tau2, rel=1e-3)
    assert other.df_method == default.df_method == "modified_hksj"
    error = np.sqrt(other.tau2 + other.std_error**2)
    assert other.pi_low == pytest.approx(min(other.estimate - 1.959963985 * error, other.ci_low))


def test_only_people_in_the_models_are_counted():
    drawn = draw_network(tau=0.8)
    drawn.loc[::7, "base"] = np.nan
    records = run(drawn, moderators=[])
    inside = of(records, "network.depression.post.network.one").iloc[0]
    assert counts(records, "network_node")["n"].sum() == inside["n"] == drawn["base"].notna().sum()


@pytest.mark.parametrize(("key", "value"), [("intercept", "random"), ("interaction_effect", "random")])
def test_what_the_primary_model_has_and_a_network_has_not_is_said(key, value):
    records = run(model={"covariates": ["baseline"], key: value, "covariate_slopes": "common"}, moderators=[])
    assert counts(records, "warning")["level"].str.contains(f"not the primary model's {key}: {value}").any()
    assert len(of(records, "network.depression.post.network.one")) == 10


def test_methods_that_rest_on_trials_give_way_and_others_stay():
    for df, expected in (("hksj", "kenward_roger"), ("k_minus_1", "k_minus_1")):
        records = run(model={"covariates": ["baseline"], "df": df}, moderators=[])
        assert set(of(records, "network.depression.post.network.one")["df_method"]) == {expected}
