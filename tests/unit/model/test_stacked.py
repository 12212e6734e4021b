"""All completed data sets at once against each of them fitted by itself, which several starts search."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.builders.completed_rows import draw_sets

from ipdma.errors import DataError, FitError
from ipdma.model.columns import read_columns
from ipdma.model.fit import fit_model
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.records import Fit
from ipdma.model.rubin import pool_rubin
from ipdma.model.spec import ModelSpec
from ipdma.model.stacked import fit_stacked, fit_together

BASE = {"outcome": "y", "study": "study", "treatment": "treat", "covariates": ["base"]}
MODELS = {
    "headline": {"residual": "by_study", "df": "nst"},
    "continuous": {"residual": "by_study", "df": "nst", "moderator": "z"},
    "levels": {"residual": "by_study", "moderator": "level", "moderator_type": "categorical"},
    "random": {"residual": "by_study", "df": "nst", "moderator": "z", "interaction_effect": "random"},
    "common": {"df": "satterthwaite", "moderator": "z"},
    "slopes": {"covariate_slopes": "common", "df": "k_minus_1"},
    "contrast": {"moderator": "z", "contrasts": {"at two": {"treatment": 1, "treatment:within:z": 2}}},
}


def model(name: str) -> ModelSpec:
    return ModelSpec.from_mapping({**BASE, **MODELS[name]}).replace(
        contrasts=MODELS[name].get("contrasts", {})
    )


def one_by_one(rows: pd.DataFrame, spec: ModelSpec) -> list[Fit]:
    return [
        fit_gaussian(part.drop(columns="imputation"), spec, profile=False)
        for _, part in rows.groupby("imputation", sort=True)
    ]


def together(rows: pd.DataFrame, spec: ModelSpec) -> list[Fit] | None:
    columns = read_columns(rows.drop(columns="imputation"), spec)
    return fit_together(columns, spec, rows["imputation"].to_numpy()[columns.row_index] - 1)


@pytest.mark.parametrize("sd", [0.0, 0.1, 0.8])
@pytest.mark.parametrize("name", MODELS)
def test_a_stack_is_fitted_as_each_of_its_sets(name: str, sd: float) -> None:
    """What Rubin's rules read, to the ninth digit; sets at the boundary (SD 0) and beside it among them.

    A variance at zero is known to 1e-6 of the residual one.
    """
    spec = model(name)
    for seed in range(4):
        rows = draw_sets(seed, sd=sd)
        fits = together(rows, spec)
        assert fits is not None
        for fit, twin in zip(fits, one_by_one(rows, spec), strict=True):
            check_same(fit, twin)


def told(fit: Fit) -> dict[str, float]:
    numbers = {name: value for name, value in fit.variance.numbers.items() if value is not None}
    return {**numbers, **(fit.variance.residual_by_study or {})}


def check_same(fit: Fit, twin: Fit) -> None:
    known = {e.term: e for e in twin.estimates}
    assert fit.criterion == pytest.approx(twin.criterion, abs=1e-7)
    for own in (*fit.estimates, *fit.contrasts):
        other = known.get(own.term) or twin.contrasts[0]
        assert own.estimate == pytest.approx(other.estimate, rel=1e-8, abs=1e-8)
        assert own.std_error == pytest.approx(other.std_error, rel=1e-8)
        assert own.df == pytest.approx(other.df, rel=1e-7)
        assert own.df_method == other.df_method
    assert fit.covariance == pytest.approx(twin.covariance, rel=1e-7, abs=1e-9)
    for test, other in zip(fit.tests, twin.tests, strict=True):
        assert (test.name, test.terms) == (other.name, other.terms)
        assert (test.f, test.df_den) == pytest.approx((other.f, other.df_den), rel=1e-7)
    assert told(fit) == pytest.approx(told(twin), rel=1e-6, abs=1e-6)
    assert (fit.singular, fit.converged) == (twin.singular, twin.converged)
    assert fit.informing == twin.informing
    assert set(fit.trials) == set(twin.trials)
    for term, trials in fit.trials.items():
        assert trials.studies == twin.trials[term].studies
        assert trials.estimate == pytest.approx(twin.trials[term].estimate, rel=1e-10)
        assert trials.variance == pytest.approx(twin.trials[term].variance, rel=1e-10)
        assert trials.df == twin.trials[term].df


@pytest.mark.parametrize("name", ["headline", "continuous", "random", "levels"])
def test_pooled_they_give_what_the_sets_give_one_by_one(name: str) -> None:
    """Intervals, prediction, tests and warnings of the pooled fit."""
    spec, rows = model(name), draw_sets(11, k=6)
    pooled = pool_rubin(fit_stacked(rows, spec))
    twin = fit_model(rows, spec.replace(imputation="imputation"))
    for own in pooled.estimates:
        other = twin.estimate(own.term)
        ends = (own.estimate, own.std_error, own.df, own.ci_low, own.ci_high, own.p_value, own.extra["fmi"])
        expected = (other.estimate, other.std_error, other.df, other.ci_low, other.ci_high, other.p_value)
        assert ends == pytest.approx((*expected, other.extra["fmi"]), rel=1e-7)
        assert set(own.beside) == set(other.beside)
    if twin.prediction is not None:
        assert pooled.prediction.low == pytest.approx(twin.prediction.low, rel=1e-7)
    assert [(t.name, t.df_num) for t in pooled.tests] == [(t.name, t.df_num) for t in twin.tests]
    assert set(pooled.warnings) == set(twin.warnings)
    assert (pooled.n_rows, pooled.n_rows_excluded) == (twin.n_rows, twin.n_rows_excluded)


def test_sets_that_differ_in_structure_are_fitted_in_turn() -> None:
    """In one set a trial's moderator does not vary, so that the trial informs no interaction there."""
    rows, spec = draw_sets(3), model("continuous")
    rows.loc[(rows["imputation"] == 2) & (rows["study"] == "S1"), "z"] = 1.0
    assert together(rows, spec) is None
    for fit, twin in zip(fit_stacked(rows, spec), one_by_one(rows, spec), strict=True):
        check_same(fit, twin)


def test_a_trial_of_one_level_is_no_reason_to_fit_in_turn() -> None:
    """In every set the same trial has no variation of the moderator, and another has one arm."""
    rows = draw_sets(4, k=7)
    rows.loc[rows["study"] == "S1", "z"] = 1.0
    rows.loc[rows["study"] == "S2", "treat"] = 1.0
    spec = model("continuous")
    fits = together(rows, spec)
    assert fits is not None
    for fit, twin in zip(fits, one_by_one(rows, spec), strict=True):
        check_same(fit, twin)


@pytest.mark.parametrize("name", ["headline", "continuous", "levels"])
@pytest.mark.parametrize("k", [1, 2])
def test_few_trials(k: int, name: str) -> None:
    """One trial has no variance between trials; an across-trial term of two takes it up."""
    rows, spec = draw_sets(7, k=k), model(name)
    assert together(rows, spec) is not None
    for fit, twin in zip(fit_stacked(rows, spec), one_by_one(rows, spec), strict=True):
        check_same(fit, twin)


def test_rows_left_out_are_counted_by_set() -> None:
    rows, spec = draw_sets(5), model("headline")
    rows.loc[rows["imputation"] == 1, "y"] = rows["y"].where(rows.index % 9 != 0)
    fits = fit_stacked(rows, spec)
    people = len(rows) // 4
    assert [fit.n_rows + fit.n_rows_excluded for fit in fits] == [people] * 4
    assert fits[0].n_rows_excluded > 0


def test_a_set_that_cannot_be_fitted_is_refused_as_by_itself() -> None:
    """In one set the outcome of a trial does not vary."""
    rows, spec = draw_sets(6), model("headline")
    rows.loc[(rows["imputation"] == 3) & (rows["study"] == "S2"), "y"] = 4.0
    with pytest.raises(FitError) as alone:
        one_by_one(rows, spec)
    with pytest.raises(FitError) as stacked:
        fit_stacked(rows, spec)
    assert str(stacked.value) == str(alone.value)


@pytest.mark.parametrize("number", [1, 3])
def test_a_set_without_a_complete_row_is_named(number):
    rows = draw_sets(3, m=3)
    rows.loc[rows["imputation"].rank(method="dense") == number, "base"] = float("nan")
    with pytest.raises(DataError, match=f"completed data set {number} of 3 has no row"):
        fit_stacked(rows, model("headline"))
