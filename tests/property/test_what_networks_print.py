"""Over random plans, networks and therapists: what is printed agrees with itself and with the rows used."""

import os
import re

import numpy as np
import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan
from tests.builders.nested_rows import draw_nested
from tests.builders.network_material import CONDITIONS, as_rows
from tests.builders.network_rows import ARMS, draw_network

from ipdma.analysis.run import analyse
from ipdma.plan import Plan
from ipdma.report.boundary import boundary
from ipdma.report.forest_rows import prediction_text
from ipdma.report.ledger import Ledger
from ipdma.report.material import Analysis, Material
from ipdma.report.network_words import beside_contrast, comparisons, networks
from ipdma.report.sections.network import network_sentence
from ipdma.report.sentences import effect_sentences
from ipdma.report.tables_checks import tabulate_sensitivity
from ipdma.report.tables_network import tabulate_network

EXAMPLES = int(os.environ.get("IPDMA_EXAMPLES", "3"))
WHERE = ("network", "depression", "post")
CONTRAST = {"stpp_control": {"active": ["stpp"], "reference": ["tau", "waitlist"]}}
MODEL = {
    "residual": ["common", "by_study"],
    "covariates": [[], ["baseline"]],
    "covariate_slopes": ["stratified", "common"],
    "treatment_effect": ["random", "common"],
    "df": ["kenward_roger", "satterthwaite", None],
}
POOL = {
    "tau2": ["reml", "ml", "dl", "pm", None],
    "ci": ["nst", "hksj", "modified_hksj", "wald", None],
    "prediction": [{"df": "k_minus_1", "se": "ci"}, {"df": "normal", "se": "wald"}, None],
}


def chosen(rng, choices):
    drawn = {key: values[rng.integers(len(values))] for key, values in choices.items()}
    return {key: value for key, value in drawn.items() if value is not None}


def assert_rows_agree(found):
    """A prediction interval contains its row's; p is below .05 exactly when the interval excludes 0."""
    predicted = found[found.pi_low.notna()]
    assert (predicted.pi_low <= predicted.ci_low).all()
    assert (predicted.pi_high >= predicted.ci_high).all()
    tested = found[found.p_value.notna() & found.ci_low.notna()]
    assert len(tested)
    assert ((tested.p_value < 0.05) == ((tested.ci_low > 0) | (tested.ci_high < 0))).all()
    assert (found.tau2.isna() <= found.pi_low.isna()).all()  # nothing is predicted without a variance


def material_of(records, plan):
    return Material(records.estimates, records.study_estimates, records.counts, plan.as_mapping())


@pytest.fixture(scope="module", params=range(EXAMPLES))
def network(request):
    rng = np.random.default_rng(200 + request.param)
    some = rng.permutation(list(ARMS))[: rng.integers(5, len(ARMS) + 1)]
    drawn = draw_network(request.param, {s: ARMS[s] for s in sorted(some)}, tau=float(rng.choice([0.0, 1.5])))
    drawn.loc[rng.random(len(drawn)) < 0.05, "base"] = np.nan
    plan = Plan.from_mapping(
        {
            "studies": "here",
            "contrasts": CONTRAST,
            "models": {"primary": (model := chosen(rng, MODEL))},
            "pool": chosen(rng, POOL),
            "moderators": {"severity": {"column": "baseline"}},
            "network": {"outcomes": ["depression"], "reference": "tau", "moderators": ["severity"]},
        }
    )
    inside = drawn[drawn.base.notna()] if model["covariates"] else drawn
    return inside.assign(node=inside.node.map(CONDITIONS)), analyse({WHERE: as_rows(drawn)}, plan), plan


def test_the_rows_of_a_network_agree_with_themselves(network):
    if len(network[1].estimates):
        assert_rows_agree(network[1].estimates)


def test_who_is_counted_in_a_network_is_in_its_models(network):
    rows, records, _ = network
    counts = records.counts[records.counts.what == "network_node"]
    assert (
        counts.set_index("arm").n.to_dict() == rows[rows.node.isin(counts.arm)].node.value_counts().to_dict()
    )
    arms = rows.groupby("study").node.unique()
    for stage in ("one", "two"):
        found = records.estimates
        found = found[(found.analysis_id == f"network.depression.post.network.{stage}")]
        for row in found.itertuples():
            assert row.n == counts.n.sum()
            assert row.k == sum(set(row.level.split(" v ")) <= set(own) for own in arms)


def test_no_sentence_of_a_network_contradicts_its_table(network):
    _, records, plan = network
    material, pen = material_of(records, plan), Ledger().pen("report/network")
    (asked,) = networks(material)
    said = network_sentence(material, asked, pen)
    rows = comparisons(material, asked)
    if not rows:
        assert "no network was fitted: " in said
        return
    assert f"{rows[0].number('n'):,.0f}".replace(",", "") in re.sub(r"\D", " ", said).split()
    varies = rows[0].number("tau2") is not None and not all(boundary(material, row) for row in rows)
    assert ("variance between trials" in said) == varies
    answers = beside_contrast(material, Analysis("stpp_control", "depression", "post"), pen)
    table = [row for row in tabulate_network(material, Ledger())[2].rows if isinstance(row, tuple)]
    assert len(table) == len(rows)
    for row, printed in zip(rows, table, strict=True):
        assert (printed[4] == "\u2014") == (row.number("pi_low") is None)
        if row.text("level").startswith("stpp v") and not boundary(material, row):
            assert row.text("level") not in ("stpp v tau", "stpp v waitlist") or pen.effect(row) in answers


@pytest.fixture(scope="module", params=range(EXAMPLES))
def nested(request):
    rng = np.random.default_rng(300 + request.param)
    drawn = draw_nested(
        request.param,
        k=int(rng.integers(2, 6)),
        therapists=int(rng.integers(3, 7)),
        sd=float(rng.choice([0, 3])),
    ).rename(columns={"y": "outcome", "base": "baseline"})
    if rng.random() < 0.5:
        drawn.loc[drawn.study == "S0", "therapist"] = None
    rows = drawn.assign(participant=np.arange(len(drawn)).astype(str))
    keys = {
        "studies": "here",
        "contrasts": {"stpp_control": {"active": ["stpp"], "reference": ["tau"]}},
        "models": {"primary": chosen(rng, MODEL)},
        "nesting": {"column": "therapist"},
    }
    plan = Plan.from_mapping(keys)
    return rows, analyse({KEY: rows}, plan, parts=["nesting", "efficacy"]), plan


def test_the_rows_of_therapists_agree_with_themselves_and_the_rows_used(nested):
    rows, records, _ = nested
    assert_rows_agree(records.estimates)
    own = records.estimates[records.estimates.model == "nesting"]
    assert set(own.stage) == {"one", "two"}
    one = own[own.stage == "one"].iloc[0]
    assert (one.k, one.n) == (rows.study.nunique(), len(rows))
    counted = records.counts[records.counts.what == "nesting_studies"].iloc[0]
    recorded = rows[rows.therapist.notna()].study.nunique()
    assert (counted.n, counted.of) == (recorded, rows.study.nunique())
    share = records.counts[records.counts.what.str.startswith("icc") & (records.counts.study == "")]
    value = share.set_index("what").value
    assert 0 <= value["icc_low"] <= value["icc"] <= value["icc_high"] <= 1


def test_no_line_of_therapists_contradicts_its_record(nested):
    _, records, plan = nested
    material = material_of(records, plan)
    lines = [row for row in tabulate_sensitivity(material, Ledger()).rows if isinstance(row, tuple)]
    own = [line for line in lines if line[0].startswith("Therapists")]
    found = records.estimates[records.estimates.model == "nesting"].set_index("stage")
    assert len(own) == len(found) == 2
    for line in own:
        row = found.loc["one" if line[1].startswith("one") else "two"]
        assert line[4].startswith(f"{row.estimate:.2f} [".replace("-", "\u2212"))
        assert (line[2], line[3]) == (f"{row.k:.0f}", f"{row.n:.0f}")


@pytest.mark.parametrize("seed", range(EXAMPLES))
@pytest.mark.parametrize("kept", [1, 2, 4])
def test_where_no_trial_can_be_predicted_nothing_says_that_one_is(seed, kept):
    """One or two trials, or effects that are common to all."""
    rng = np.random.default_rng(400 + seed)
    model = {key: value for key, value in chosen(rng, MODEL).items() if key != "df"}
    model |= {"treatment_effect": "common"} if kept > 2 else {}
    rows = draw_rows(seed, sizes=(40, 60, 30, 50)[:kept])
    plan = small_plan(models={"primary": model}, moderators={})
    records = analyse({KEY: as_table(rows)}, plan, parts=["efficacy"])
    found = records.estimates[
        (records.estimates.term == "treatment") & (records.estimates.model == "primary")
    ]
    assert found[["pi_low", "pi_high"]].isna().all(axis=None)
    material, pen = material_of(records, plan), Ledger().pen("report/results")
    (analysis,) = material.analyses
    for stage in found.stage:
        row = material.headline(analysis, stage)
        assert prediction_text(material, pen, row, False) == "\u2014"
    assert "prediction interval" not in " ".join(effect_sentences(material, analysis, pen))
    told = records.counts[records.counts.analysis_id == "stpp_control.depression.post.primary.two"]
    told = told[told.variable == "treatment"].set_index("what").value
    assert ("q_p" in told) == (told["q_df"] > 0)
