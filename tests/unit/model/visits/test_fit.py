"""The model over visits: refusals, warnings, invariances, contrasts, two stages."""

import numpy as np
import pandas as pd
import pytest

from ipdma.errors import DataError, SpecError
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec


def draw_rows(seed=3, k=5, n=24, visits=("0", "8", "24")):
    """Small trials with effects that vary, and participants who leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(k):
        effects = rng.normal([0, -2, -3], 1.0)
        for i in range(n + 4 * s):
            person, severity, gone = rng.normal(0, 3), round(rng.normal(), 2), False
            for j, v in enumerate(visits):
                gone = gone or (j > 0 and rng.random() < 0.15)
                if not gone:
                    y = 20 - 2 * j + person + rng.normal(0, 3) + (i % 2) * effects[j]
                    rows.append((f"S{s}", f"{s}-{i}", v, i % 2, severity, y))
    return pd.DataFrame(rows, columns=["study", "pid", "visit", "treat", "severity", "y"])


def fit(rows, **keys):
    base = {"participant": "pid", "visit": "visit", "baseline_visit": "0", "covariance": "unstructured"}
    return fit_model(rows, ModelSpec.from_mapping({**base, **keys}))


def test_a_participant_twice_at_a_visit_is_refused():
    rows = draw_rows()
    with pytest.raises(DataError, match="more than one row.*'8' in S0") as caught:
        fit(pd.concat([rows, rows[(rows.pid == "0-3") & (rows.visit == "8")]]))
    assert "0-3" not in str(caught.value)


def test_a_treatment_that_changes_between_visits_is_refused():
    rows = draw_rows()
    rows.loc[(rows.pid == "2-4") & (rows.visit == "8"), "treat"] = 1
    with pytest.raises(DataError, match="treatment changes between visits for 1 of .*S2"):
        fit(rows)


def test_both_faults_are_said_at_once():
    rows = draw_rows()
    rows.loc[(rows.pid == "2-4") & (rows.visit == "8"), "treat"] = 1
    with pytest.raises(DataError) as caught:
        fit(pd.concat([rows, rows[(rows.pid == "0-3") & (rows.visit == "8")]]))
    assert "more than one row" in str(caught.value)
    assert "changes between visits" in str(caught.value)


def test_a_visit_of_one_study_is_refused_when_its_effect_is_random():
    rows = draw_rows()
    rows = rows[(rows.visit != "24") | (rows.study == "S1")]
    with pytest.raises(DataError, match="'24' \\(in S1 alone\\)"):
        fit(rows)
    common = fit(rows, treatment_effect="common")
    assert any("'24' (in S1 alone)" in w for w in common.warnings)


def test_an_unknown_baseline_visit_names_the_nearest():
    with pytest.raises(SpecError, match="'week0' is not a visit in column 'visit'; did you mean 'week 0'"):
        fit(draw_rows().replace({"visit": {"0": "week 0"}}), baseline_visit="week0")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"covariance": "unstructured", "residual": "by_study"}, "residual: by_study"),
        ({"visit": None}, "covariance: unstructured needs visit"),
        ({"participant": None}, "visit needs participant"),
        ({"df": "hksj"}, "df: hksj"),
    ],
)
def test_keys_that_exclude_each_other(keys, words):
    with pytest.raises(SpecError, match=words):
        fit(draw_rows(), **keys)


def test_contrasts_average_and_change():
    weights = {
        "average": {"treatment[8]": 0.5, "treatment[24]": 0.5},
        "change": {"treatment[24]": 1, "treatment[8]": -1},
    }
    found = fit(draw_rows(), contrasts=weights)
    effects = np.array([found.estimate(f"treatment[{v}]").estimate for v in ("8", "24")])
    average, change = found.contrasts
    assert average.estimate == pytest.approx(effects.mean())
    assert change.estimate == pytest.approx(effects[1] - effects[0])
    names = [e.term for e in found.estimates]
    at = [names.index(f"treatment[{v}]") for v in ("8", "24")]
    half = np.array([0.5, 0.5])
    assert average.std_error**2 == pytest.approx(half @ found.covariance[np.ix_(at, at)] @ half)
    with pytest.raises(SpecError, match="no term 'treatment\\[9\\]'"):
        fit(draw_rows(), contrasts={"x": {"treatment[9]": 1}})


@pytest.mark.parametrize("covariance", ["intercept", "unstructured", "unstructured_by_study"])
def test_order_of_rows_and_names_do_not_matter(covariance):
    rows = draw_rows(k=3, n=30)
    first = fit(rows, covariance=covariance)
    shuffled = rows.sample(frac=1, random_state=1).assign(pid=lambda d: "x" + d.pid)
    second = fit(shuffled, covariance=covariance)
    assert second.criterion == pytest.approx(first.criterion, abs=1e-6)
    for v in ("8", "24"):
        a, b = first.estimate(f"treatment[{v}]"), second.estimate(f"treatment[{v}]")
        assert b.estimate == pytest.approx(a.estimate, abs=1e-5)
        assert b.std_error == pytest.approx(a.std_error, rel=1e-4)


def test_units_and_origin_of_the_outcome():
    rows = draw_rows()
    first = fit(rows, moderator="severity")
    second = fit(rows.assign(y=1000 + 10 * rows.y), moderator="severity")
    for term in ("treatment[8]", "treatment[24]:within:severity"):
        a, b = first.estimate(term), second.estimate(term)
        assert b.estimate == pytest.approx(10 * a.estimate, rel=1e-4, abs=1e-6)
        assert b.df == pytest.approx(a.df, rel=1e-4)
        assert b.p_value == pytest.approx(a.p_value, rel=1e-3)


def test_swapping_the_arms_flips_the_effects():
    rows = draw_rows()
    first, second = fit(rows), fit(rows.assign(treat=1 - rows.treat))
    for v in ("8", "24"):
        flipped = -second.estimate(f"treatment[{v}]").estimate
        assert flipped == pytest.approx(first.estimate(f"treatment[{v}]").estimate, abs=1e-3)


def test_a_constant_added_to_the_moderator_leaves_the_within_terms():
    rows = draw_rows()
    first = fit(rows, moderator="severity")
    second = fit(rows.assign(severity=rows.severity + 2005), moderator="severity")
    for v in ("8", "24"):
        a, b = (f.estimate(f"treatment[{v}]:within:severity") for f in (first, second))
        assert b.estimate == pytest.approx(a.estimate, abs=1e-4)
        assert b.std_error == pytest.approx(a.std_error, rel=1e-4)


def test_hksj_by_visit_counts_the_studies():
    found = fit(draw_rows(), covariance="intercept", df="hksj")
    assert found.estimate("treatment[8]").df == 4
    assert found.df_method == "hksj"


def test_a_categorical_moderator_has_a_joint_test_over_levels_and_visits():
    rows = draw_rows(n=40)
    rows["group"] = np.where(
        rows.pid.str[-1].isin(list("012")), "a", np.where(rows.pid.str[-1] < "6", "b", "c")
    )
    found = fit(rows, moderator="group", moderator_type="categorical", treatment_effect="common")
    test = next(t for t in found.tests if t.name == "treatment:within:group")
    assert test.df_num == 4
    assert set(test.terms) == {f"treatment[{v}]:within:group[{g}]" for v in ("8", "24") for g in "bc"}


def test_two_stages_pool_each_visit_and_test_the_vectors_by_their_precision():
    rows = draw_rows(k=3, n=40)
    pooled = fit(rows, stages="two", treatment_effect="common")
    vectors, precisions, alone = [], [], []
    for s in ("S0", "S1", "S2"):
        own = fit(rows[rows.study == s], treatment_effect="common", df="normal")
        at = [i for i, e in enumerate(own.estimates) if e.term.startswith("treatment[")]
        precisions.append(np.linalg.inv(own.covariance[np.ix_(at, at)]))
        vectors.append(precisions[-1] @ np.array([own.estimates[i].estimate for i in at]))
        alone.append([(own.estimates[i].estimate, own.estimates[i].std_error ** -2) for i in at])
    for j, v in enumerate(("8", "24")):
        y, w = np.array([row[j] for row in alone]).T
        assert pooled.estimate(f"treatment[{v}]").estimate == pytest.approx(w @ y / w.sum(), rel=1e-6)
    (test,) = pooled.tests
    together = np.linalg.solve(sum(precisions), sum(vectors))
    assert test.name == "treatment"
    assert 2 * test.f == pytest.approx(together @ sum(precisions) @ together, rel=1e-6)
    assert pooled.df_method == "wald"


def test_two_stages_over_visits_carry_the_keys_of_pooling():
    row = fit(draw_rows(k=5), stages="two").estimate("treatment[24]")
    assert row.df == 4
    assert {"tau2", "i2", "q", "pi_low", "k", "weights"} <= set(row.extra)
    assert sum(row.extra["weights"].values()) == pytest.approx(100)


def test_two_stages_allow_a_visit_missing_from_a_trial():
    rows = draw_rows(k=5)
    rows = rows[(rows.visit != "24") | (rows.study != "S2")]
    pooled = fit(rows, stages="two")
    assert pooled.studies_by_term == {"treatment[8]": 5, "treatment[24]": 4}
    assert len([s for s in pooled.study_estimates if s.term == "treatment[24]"]) == 4


def test_two_studies_and_one():
    one = fit(draw_rows(k=1))
    assert any("one study" in w for w in one.warnings)
    two = fit(draw_rows(k=2, n=40))
    assert any("two studies" in w for w in two.warnings)


@pytest.mark.parametrize(("visits", "alone"), [(["0", "8", "24"], True), (["0", "8"], False)])
def test_a_tiny_study_shares_its_residual_variance_by_the_rule_without_visits(visits, alone):
    """Six rows, two columns informed: more than 2 + 3, its own variance. Four rows, one column: not so."""
    rows = draw_rows()
    table = [
        ("S9", f"9-{i}", v, i, 0.5 * i, 15.0 + 4 * i - j + i * j)
        for i in range(2)
        for j, v in enumerate(visits)
    ]
    result = fit(
        pd.concat([rows, pd.DataFrame(table, columns=rows.columns)]),
        residual="by_study",
        covariance="intercept",
    )
    values = list(result.variance.residual_by_study.values())
    assert (len(set(values)) == len(values)) == alone
    assert any("S9" in w and "share" in w for w in result.warnings) != alone


def test_a_baseline_visit_may_be_a_fraction():
    rows = draw_rows()
    rows["visit"] = rows.visit.replace({"0": "0.5"})
    assert fit(rows, baseline_visit=0.5, treatment_effect="common").variance.visits["visits"][0] == "0.5"


def test_a_contrast_of_an_unknown_term_is_refused_before_the_search(monkeypatch):
    monkeypatch.setattr("ipdma.model.visits.fit.minimise", None)
    with pytest.raises(SpecError, match=r"'late': no term 'treatment'; did you mean 'treatment\[8\]'"):
        fit(draw_rows(), contrasts={"late": {"treatment": 1}})
