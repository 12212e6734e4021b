"""Rubin's rules against mice's numbers, and what happens at their edges."""

import numpy as np
import pandas as pd
import pytest

from ipdma.errors import DataError, FitError
from ipdma.model.fit import fit_model
from ipdma.model.imputed import data_sets
from ipdma.model.interval import make_estimate
from ipdma.model.records import Fit, JointTest
from ipdma.model.rubin import barnard_rubin, d1_df, pool_rubin, pool_term, reiter_df
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT
from ipdma.model.variance import VarianceComponents

Q = (-2.41, -2.78, -2.55, -2.30, -2.66)
U = (0.41, 0.44, 0.39, 0.42, 0.40)


def estimates(df):
    return [make_estimate("treatment", q, u**0.5, df, 0.95) for q, u in zip(Q, U, strict=True)]


@pytest.mark.parametrize(
    ("df", "expected", "fmi"),
    [(None, 429.972945, 0.1006253), (701, 255.817398, 0.1034337), (57, 44.619172, 0.1344005)],
)
def test_a_scalar_is_pooled_as_mice_pools_it(df, expected, fmi):
    row = pool_term(estimates(df), 0.95)
    assert row.estimate == pytest.approx(-2.54)
    assert row.std_error**2 == pytest.approx(0.45598)
    assert row.df == pytest.approx(expected, rel=1e-8)
    assert row.extra["fmi"] == pytest.approx(fmi, rel=1e-6)
    assert row.extra["riv"] == pytest.approx(0.10674757, rel=1e-7)
    assert row.extra["lambda"] == pytest.approx(0.10674757 / 1.10674757, rel=1e-7)
    assert row.extra["mc_error"] == pytest.approx(np.sqrt(0.03665 / 5))


def test_imputations_that_agree_leave_the_complete_data_df():
    same = [make_estimate("t", 1.0, 0.5, 20.0, 0.95)] * 4
    row = pool_term(same, 0.95)
    assert row.df == 20
    assert (row.ci_low, row.ci_high) == (same[0].ci_low, same[0].ci_high)
    assert row.extra == dict.fromkeys(("fmi", "lambda", "riv", "mc_error"), 0.0)
    assert barnard_rubin(4, 0.0, 0.25, None) is None


def test_d1_has_the_df_of_li_raghunathan_and_rubin():
    assert d1_df(2, 4, 0.1064141, None) == pytest.approx(109.5556278, rel=1e-6)
    assert d1_df(2, 3, 0.1064141, None) == pytest.approx(4 * 1.5 * (1 + 1 / 0.1064141) ** 2 / 2)


@pytest.mark.parametrize("complete", [3.0, 8.0, 30.0, 90.0])
def test_few_complete_data_df_bound_those_of_d1(complete):
    df = d1_df(2, 6, 0.1, complete)
    assert 0 < df <= complete
    assert reiter_df(10, 0.1, 2.0) is None


def fit_of(beta, covariance, df):
    rows = tuple(
        make_estimate(f"x{i}", float(b), float(covariance[i, i] ** 0.5), df, 0.95) for i, b in enumerate(beta)
    )
    test = JointTest("x", ("x0", "x1"), 1.0, 2, df, 0.5)
    return Fit(
        rows,
        tests=(test,),
        covariance=covariance,
        variance=VarianceComponents({TREATMENT: float(beta[0] ** 2)}),
    )


def test_a_joint_test_is_the_wald_statistic_of_the_means():
    rng = np.random.default_rng(3)
    covariance = np.array([[0.4, 0.1], [0.1, 0.3]])
    fits = [fit_of(rng.normal((1, -1), 0.2), covariance, None) for _ in range(6)]
    pooled = pool_rubin(fits)
    beta = np.array([[e.estimate for e in fit.estimates] for fit in fits])
    B = np.cov(beta, rowvar=False)
    r = (1 + 1 / 6) * np.trace(B @ np.linalg.inv(covariance)) / 2
    expected = beta.mean(0) @ np.linalg.inv(covariance) @ beta.mean(0) / 2 / (1 + r)
    assert pooled.tests[0].f == pytest.approx(expected)
    assert pooled.tests[0].df_num == 2
    assert pooled.criterion is None
    assert pooled.variance.treatment == pytest.approx(np.mean(beta[:, 0] ** 2))
    assert pooled.variance_range["treatment"] == pytest.approx(
        (np.min(beta[:, 0] ** 2), np.max(beta[:, 0] ** 2))
    )


def rows(m=3, seed=0):
    rng = np.random.default_rng(seed)
    one = pd.DataFrame({"study": np.repeat(list("abcd"), 30), "treat": np.tile([0, 1], 60)})
    one["y"] = rng.normal(size=120) + 0.5 * one.treat
    parts = [one.assign(imp=i + 1, x=rng.normal(size=120)) for i in range(m)]
    return pd.concat(parts, ignore_index=True)


def test_data_sets_come_in_numeric_order_and_need_a_number_in_each_row():
    table = rows(12)
    spec = ModelSpec(imputation="imp")
    assert [label for label, _ in data_sets(table, spec)] == [str(i + 1) for i in range(12)]
    table["imp"] = table["imp"].astype(float)
    table.loc[0, "imp"] = np.nan
    with pytest.raises(DataError, match="1 of 1440 rows"):
        data_sets(table, spec)
    with pytest.raises(DataError, match="did you mean 'imp'"):
        data_sets(table, ModelSpec(imputation="impp"))


def test_row_counts_are_a_list_only_where_they_differ():
    spec = ModelSpec.from_mapping({"covariates": ["x"], "imputation": "imp"})
    assert fit_model(rows(), spec).n_rows == 120
    table = rows()
    table.loc[:4, "x"] = np.nan
    fit = fit_model(table, spec)
    assert fit.n_rows == [115, 120, 120]
    assert fit.n_rows_excluded == [5, 0, 0]
    assert any("differ in analysed rows" in w for w in fit.warnings)


def test_one_data_set_says_nothing_of_missing_information():
    spec = ModelSpec.from_mapping({"imputation": "imp"})
    fit = fit_model(rows(1), spec)
    alone = fit_model(rows(1), ModelSpec())
    assert fit.estimate("treatment").extra == dict.fromkeys(("fmi", "lambda", "riv", "mc_error"))
    assert fit.estimate("treatment").df == alone.estimate("treatment").df
    with pytest.raises(FitError, match="no completed data set"):
        pool_rubin([])


def test_in_two_stages_each_study_is_pooled_first():
    table = rows(4)
    base = {"covariates": ["x"], "imputation": "imp", "stages": "two", "pool": {"tau2": "common"}}
    fit = fit_model(table, ModelSpec.from_mapping(base))
    y, v = [], []
    for _, study in table.groupby("study"):
        q, u = [], []
        for _, part in study.groupby("imp"):
            X = np.column_stack([np.ones(30), part.treat, part.x])
            beta, rss = np.linalg.lstsq(X, part.y, rcond=None)[:2]
            q.append(beta[1])
            u.append(rss[0] / 27 * np.linalg.inv(X.T @ X)[1, 1])
        y.append(np.mean(q))
        v.append(np.mean(u) + 1.25 * np.var(q, ddof=1))
    w = 1 / np.array(v)
    row = fit.estimate("treatment")
    assert row.estimate == pytest.approx(w @ y / w.sum(), rel=1e-9)
    assert row.std_error == pytest.approx(w.sum() ** -0.5, rel=1e-9)
    assert 0 < row.extra["fmi"] < 1


def test_visits_in_two_stages_are_pooled_within_each_trial_first():
    table = rows(3)
    table["pid"] = [
        f"{s}-{i}" for s, i in zip(table.study, table.groupby("imp").cumcount() // 2, strict=True)
    ]
    table["visit"] = np.where(np.arange(len(table)) % 2, "late", "early")
    table["treat"] = (np.arange(len(table)) // 2) % 2
    keys = {"participant": "pid", "visit": "visit", "stages": "two", "covariates": ["x"]}
    table["x"] = table.groupby(["imp", "pid"]).x.transform("first")
    pooled = fit_model(table, ModelSpec.from_mapping({**keys, "imputation": "imp"}))
    sets = [fit_model(part, ModelSpec.from_mapping(keys)) for _, part in table.groupby("imp")]
    own = [[s for s in fit.study_estimates if (s.study, s.term) == ("a", "treatment[late]")] for fit in sets]
    q, u = [s.estimate for (s,) in own], [s.std_error**2 for (s,) in own]
    first = next(s for s in pooled.study_estimates if (s.study, s.term) == ("a", "treatment[late]"))
    assert first.estimate == pytest.approx(np.mean(q))
    assert first.std_error**2 == pytest.approx(np.mean(u) + 4 / 3 * np.var(q, ddof=1))
    assert pooled.n_rows == 120
