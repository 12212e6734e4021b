"""`df: nst`: the trials' own estimates from their own rows alone, beside the model's estimate."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.builders.gaussian_rows import draw_rows
from tests.builders.logistic_rows import draw_trials

from ipdma.errors import SpecError
from ipdma.model.fit import fit_model
from ipdma.model.interval import make_estimate
from ipdma.model.nst import null_standardised
from ipdma.model.pivot import pivot_interval
from ipdma.model.spec import ModelSpec

NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def fit(rows, **keys):
    return fit_model(rows, ModelSpec.from_mapping({"df": "nst", **keys}))


def least_squares(rows):
    """Each trial's treatment effect, variance and residual df, adjusted for base."""
    found = []
    for _, part in rows.groupby("study"):
        x = np.column_stack([part.treat, np.ones(len(part)), part.base])
        beta, ss = np.linalg.lstsq(x, part.y, rcond=None)[:2]
        df = len(part) - 3
        found.append((beta[0], ss[0] / df * np.linalg.inv(x.T @ x)[0, 0], df))
    return np.array(found).T


@pytest.mark.parametrize("residual", ["common", "by_study"])
def test_the_interval_is_that_of_each_trial_alone_and_the_estimate_the_models(residual):
    rows, keys = draw_rows(k=5), {"covariates": ["base"], "residual": residual}
    ours, model = fit(rows, **keys), fit(rows, **{**keys, "df": "normal"})
    y, v, _ = least_squares(rows)
    row, expected = ours.estimate("treatment"), null_standardised(y, v, 0.95)
    assert (row.ci_low, row.ci_high) == pytest.approx((expected.low, expected.high), rel=1e-8)
    assert (row.statistic, row.p_value, row.df) == pytest.approx((expected.statistic, expected.p_value, 4))
    plain = model.estimate("treatment")
    assert (row.estimate, row.std_error) == pytest.approx((plain.estimate, plain.std_error), rel=1e-10)
    low, high = pivot_interval(y, v, 0.95)
    widened = (min(low, row.ci_low), max(high, row.ci_high))
    assert (ours.prediction.low, ours.prediction.high) == pytest.approx(widened, rel=1e-8)
    assert (ours.prediction.df, ours.df_method) == (None, "nst")


def test_two_stages_say_the_same():
    rows = draw_rows(k=4)
    one = fit(rows, covariates=["base"]).estimate("treatment")
    keys = {"covariates": ["base"], "stages": "two", "pool": {"ci": "nst"}}
    two = fit_model(rows, ModelSpec.from_mapping(keys))
    row = two.estimate("treatment")
    assert (one.ci_low, one.ci_high, one.p_value) == pytest.approx((row.ci_low, row.ci_high, row.p_value))
    assert two.prediction.df is None


def test_random_interactions_have_it_and_the_other_rows_carry_kenward_roger():
    rows, keys = draw_rows(k=6), {"moderator": "z", "interaction_effect": "random"}
    ours, other = fit(rows, **keys), fit(rows, **keys, df="kenward_roger")
    assert ours.estimate("treatment:within:z").df == 5
    assert ours.estimate("treatment:within:z").ci_low != other.estimate("treatment:within:z").ci_low
    theirs = other.estimate("treatment")
    assert ours.estimate("treatment") == replace(theirs, df_method="kenward_roger")
    (note,) = [w for w in ours.warnings if w.startswith("df: nst:")]
    assert "treatment, treatment:across:z carry Kenward-Roger" in note


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"treatment_effect": "common"}, "treatment_effect: common"),
        ({"estimator": "ml"}, "estimator: reml"),
        ({"intercept": "random"}, "intercept: stratified"),
        ({"covariates": ["base"], "covariate_slopes": "common"}, "covariate_slopes: stratified"),
        ({"participant": "id"}, "one row for each participant"),
    ],
)
def test_what_it_cannot_go_with_is_refused(keys, words):
    with pytest.raises(SpecError, match=words):
        ModelSpec.from_mapping({"df": "nst", **keys})


def test_one_informative_trial_has_its_own_t_interval():
    rows = draw_rows(k=3)
    first = rows.study == rows.study.iloc[0]
    rows.loc[~first, "treat"] = 1
    y, v, df = (part[0] for part in least_squares(rows[first]))
    expected = make_estimate("treatment", y, v**0.5, df, 0.95)
    for data in (rows, rows[first]):
        found = fit(data, covariates=["base"])
        row = found.estimate("treatment")
        for name in NUMBERS:
            assert getattr(row, name) == pytest.approx(getattr(expected, name), rel=1e-8), name
        assert any("one study" in w and "own" in w for w in found.warnings)


def trial(name, cells):
    """Rows of a binary trial from (no, yes) among untreated and treated."""
    rows = [(name, t, y) for t, arm in enumerate(cells) for y, n in enumerate(arm) for _ in range(n)]
    return pd.DataFrame(rows, columns=["study", "treat", "y"])


def test_binary_trials_have_their_own_log_odds_ratios_and_an_empty_cell_is_filled():
    cells = {
        "A": ((20, 10), (12, 18)),
        "B": ((15, 15), (10, 20)),
        "C": ((18, 2), (20, 0)),
        "D": ((9, 8), (5, 12)),
    }
    rows = pd.concat([trial(name, table) for name, table in cells.items()], ignore_index=True)
    found = fit(rows, family="binomial")
    tables = np.array([np.array(c, dtype=float) + (0.5 if name == "C" else 0) for name, c in cells.items()])
    y = np.log(tables[:, 1, 1] * tables[:, 0, 0] / (tables[:, 1, 0] * tables[:, 0, 1]))
    expected = null_standardised(y, (1 / tables).sum(axis=(1, 2)), 0.95)
    row = found.estimate("treatment")
    assert (row.ci_low, row.ci_high) == pytest.approx((expected.low, expected.high), rel=1e-6)
    assert any("empty cell in C: 0.5 is added" in w for w in found.warnings)
    plain = fit(rows, family="binomial", df="k_minus_1")
    assert found.estimate("intercept[A]") == replace(plain.estimate("intercept[A]"), df_method="k_minus_1")


def stacked(rows, m, spread):
    """m completed data sets, the outcome of every fifth row drawn anew in each."""
    random, sets = np.random.default_rng(3), []
    for i in range(m):
        one = rows.assign(imp=i + 1)
        one.loc[::5, "y"] += spread * random.standard_normal(len(one.loc[::5]))
        sets.append(one)
    return pd.concat(sets, ignore_index=True)


@pytest.mark.parametrize("keys", [{"df": "nst"}, {"df": None, "stages": "two", "pool": {"ci": "nst"}}])
def test_identical_completed_sets_change_nothing(keys):
    rows, keys = draw_rows(k=5), {"covariates": ["base"], **keys}
    single, pooled = fit(rows, **keys), fit(stacked(rows, 4, 0.0), imputation="imp", **keys)
    one, many = single.estimate("treatment"), pooled.estimate("treatment")
    for name in NUMBERS:
        assert getattr(many, name) == pytest.approx(getattr(one, name), rel=1e-9), name
    assert (many.extra["fmi"], many.extra["lambda"]) == (0, 0)
    ends = (single.prediction.low, single.prediction.high)
    assert (pooled.prediction.low, pooled.prediction.high) == pytest.approx(ends, rel=1e-9)


def test_rubins_rules_go_within_each_trial_and_the_interval_is_taken_once():
    rows = stacked(draw_rows(k=5), 6, 0.8)
    found = fit(rows, covariates=["base"], imputation="imp").estimate("treatment")
    sets = np.array([least_squares(part) for _, part in rows.groupby("imp")])
    total = sets[:, 1].mean(axis=0) + (1 + 1 / 6) * sets[:, 0].var(axis=0, ddof=1)
    expected = null_standardised(sets[:, 0].mean(axis=0), total, 0.95)
    assert (found.ci_low, found.ci_high) == pytest.approx((expected.low, expected.high), rel=1e-8)
    assert found.df == 4
    assert 0 < found.extra["lambda"] < found.extra["fmi"]


def test_drawn_binary_trials_agree_between_p_and_interval():
    found = fit(draw_trials(studies=6), family="binomial").estimate("treatment")
    assert (found.p_value < 0.05) == (not found.ci_low <= 0 <= found.ci_high)
