"""Two stages: the right fits are pooled, and what a study cannot say is said."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.logistic_rows import draw_trials

from ipdma.errors import FitError, SpecError
from ipdma.model.fit import fit_model
from ipdma.model.pool import pool_effects
from ipdma.model.spec import ModelSpec, PoolSpec


def draw(studies=5, n=30, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(studies):
        t, base, z = np.arange(n) % 2, rng.normal(20, 4, n), rng.normal(k, 1, n)
        lev = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
        y = 5 + 0.5 * base + z - (2 + rng.normal()) * t - 0.7 * t * z + rng.normal(0, 2 + k, n)
        parts.append(pd.DataFrame({"study": f"S{k}", "treat": t, "base": base, "z": z, "lev": lev, "y": y}))
    return pd.concat(parts, ignore_index=True)


def fit(rows, **keys):
    return fit_model(rows, ModelSpec.from_mapping({"stages": "two", **keys}))


def least_squares(rows, *columns):
    X = np.column_stack([rows.treat, np.ones(len(rows)), *columns])
    beta, rss, _, _ = np.linalg.lstsq(X, rows.y, rcond=None)
    return beta[0], np.sqrt(rss[0] / (len(rows) - X.shape[1]) * np.linalg.inv(X.T @ X)[0, 0])


def test_each_study_keeps_its_own_residual_variance():
    rows = draw()
    own = [least_squares(part, part.base) for _, part in rows.groupby("study")]
    expected = pool_effects(list("abcde"), *np.array(own).T, PoolSpec(ci="modified_hksj"))
    fitted = fit(rows, covariates=["base"], pool={"ci": "modified_hksj"})
    row = fitted.estimate("treatment")
    assert row.estimate == pytest.approx(expected.estimate, rel=1e-10)
    assert row.ci_high == pytest.approx(expected.ci_high, rel=1e-10)
    assert row.extra["i2"] == pytest.approx(expected.i2, rel=1e-8)
    assert fitted.variance.treatment == pytest.approx(expected.tau2, rel=1e-8)
    assert fitted.df_method == "modified_hksj"
    assert fitted.criterion is None
    assert [s.estimate for s in fitted.study_estimates] == pytest.approx([o[0] for o in own], rel=1e-10)
    assert sum(s.weight for s in fitted.study_estimates) == pytest.approx(100)


def test_tau2_left_open_follows_the_one_stage_effect():
    rows = draw()
    default = fit(rows, moderator="z")
    assert default.estimate("treatment").df == 4
    assert default.estimate("treatment:within:z").df is None
    assert default.variance.numbers["interaction"] == 0
    random = fit(rows, moderator="z", interaction_effect="random", treatment_effect="common")
    assert random.estimate("treatment").df is None
    assert random.estimate("treatment:within:z").df == 4
    assert fit(rows, moderator="z", pool={"tau2": "dl"}).estimate("treatment:within:z").df == 4


def test_within_does_not_move_when_a_study_shifts_its_moderator_and_naive_does():
    rows = draw()
    moved = rows.assign(z=rows.z + rows.study.map({f"S{k}": 10 * k for k in range(5)}))
    a, b = fit(rows, moderator="z"), fit(moved, moderator="z")
    for term in ("treatment", "treatment:within:z"):
        assert b.estimate(term).estimate == pytest.approx(a.estimate(term).estimate, rel=1e-8)
    naive = [fit(r, moderator="z", interaction="naive").estimate("treatment").estimate for r in (rows, moved)]
    assert abs(naive[0] - naive[1]) > 0.1


def test_studies_that_cannot_inform_a_term_are_named_with_the_reason():
    rows = draw()
    rows.loc[rows.study == "S1", "treat"] = 1
    rows.loc[rows.study == "S2", "z"] = 4.0
    fitted = fit(rows, moderator="z")
    assert fitted.studies_by_term == {"treatment": 4, "treatment:within:z": 3}
    assert fitted.n_studies == 5
    said = "\n".join(fitted.warnings)
    assert "treatment: no information from S1" in said
    assert "treatment:within:z: no information from S2" in said
    assert "treatment:across:z" in said


def test_a_study_too_small_for_its_columns_is_named():
    rows = draw()
    small = rows[(rows.study != "S4") | (rows.index % 30 < 3)]
    fitted = fit(small, covariates=["base"])
    assert fitted.studies_by_term["treatment"] == 4
    assert any("S4" in w and "too few" in w for w in fitted.warnings)


def test_an_arm_with_one_level_hides_the_interaction_but_not_the_treatment():
    rows = draw().assign(m=lambda r: (r.lev == "a").astype(float))
    rows.loc[(rows.study == "S3") & (rows.treat == 1), "m"] = 1.0
    fitted = fit(rows, moderator="m")
    assert fitted.studies_by_term == {"treatment": 5, "treatment:within:m": 4}
    own = next(s for s in fitted.study_estimates if s.study == "S3" and s.term == "treatment")
    part = rows[rows.study == "S3"]
    assert own.estimate == pytest.approx(least_squares(part, part.m)[0], rel=1e-9)


def test_a_level_that_a_study_lacks_and_a_reference_that_it_lacks():
    rows = draw(n=60)
    rows.loc[(rows.study == "S0") & (rows.lev == "c"), "lev"] = "b"
    rows.loc[(rows.study == "S1") & (rows.lev == "a"), "lev"] = "b"
    fitted = fit(rows, moderator="lev", moderator_type="categorical")
    assert fitted.studies_by_term == {
        "treatment": 5,
        "treatment:within:lev[b]": 4,
        "treatment:within:lev[c]": 3,
    }
    (test,) = fitted.tests
    assert test.df_num == 2
    assert test.df_den is None


def test_repeated_rows_are_fitted_with_a_participant_intercept():
    rng = np.random.default_rng(1)
    rows = draw(4, 20)
    rows["pid"] = [f"{s}-{i // 2}" for i, s in enumerate(rows.study)]
    rows["treat"] = (np.arange(len(rows)) // 2) % 2
    rows["y"] = rows.y + rows.pid.map({p: rng.normal(0, 6) for p in rows.pid.unique()})
    fitted = fit(rows, participant="pid")
    own = fit_model(
        rows[rows.study == "S0"],
        ModelSpec.from_mapping({"participant": "pid", "treatment_effect": "common", "df": "residual"}),
    )
    first = fitted.study_estimates[0]
    assert first.estimate == pytest.approx(own.estimate("treatment").estimate, rel=1e-8)
    assert first.std_error == pytest.approx(own.estimate("treatment").std_error, rel=1e-8)


def test_nothing_to_pool_is_refused_with_the_reasons():
    with pytest.raises(FitError, match="no study can estimate the treatment effect"):
        fit(draw(2, 2), treatment="treat")
    with pytest.raises(SpecError, match="contrasts need stages: one"):
        fit(draw(), contrasts={"a": {"treatment": 1}})


def test_one_study_is_its_own_answer():
    rows = draw(1)
    fitted = fit(rows, covariates=["base"])
    b, se = least_squares(rows, rows.base)
    assert fitted.estimate("treatment").estimate == pytest.approx(b)
    assert fitted.estimate("treatment").std_error == pytest.approx(se)
    assert fitted.prediction is None
    assert any("one study (S0)" in w for w in fitted.warnings)


def test_completed_data_sets_of_unlike_size_are_said():
    sets = pd.concat([draw().assign(imp=i) for i in range(3)])
    sets.loc[(sets.imp == 1) & (sets.index < 4), "y"] = np.nan
    result = fit(sets, imputation="imp")
    assert result.n_rows == [150, 146, 150]
    assert any("differ in analysed rows (150, 146, 150)" in w for w in result.warnings)


def test_studies_that_were_not_pooled_count_nowhere():
    rows = draw_trials(studies=5)
    silent = rows.study == "S2"
    rows.loc[silent, "y"] = 0.0
    fitted = fit_model(rows, ModelSpec.from_mapping({"family": "binomial", "stages": "two"}))
    assert (fitted.n_studies, fitted.estimate("treatment").extra["k"]) == (4, 4)
    assert (fitted.n_rows, fitted.n_rows_excluded) == ((~silent).sum(), silent.sum())
