"""Other engines give the same record, or a sentence; their known traps are guarded."""

import importlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.builders.logistic_rows import draw_trials

from ipdma.model import engines
from ipdma.model.engines import fit_engine, fit_engines, note_shortfall
from ipdma.model.fit import fit_model
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec


def draw(studies=6, n=40, tau=2.0, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(studies):
        t, base = np.arange(n) % 2, rng.normal(20, 4, n)
        z = rng.normal(k, 1, n)
        y = (
            rng.normal(5, 3)
            + 0.5 * base
            - (2 + tau * rng.normal()) * t
            + rng.normal(0.4, 1) * t * (z - k)
            + rng.normal(0, 4, n)
        )
        parts.append(pd.DataFrame({"study": f"S{k}", "treat": t, "base": base, "z": z, "y": y}))
    return pd.concat(parts, ignore_index=True)


def spec_of(**keys):
    return ModelSpec.from_mapping(keys)


def assert_alike(theirs, ours, se=2e-2):
    assert isinstance(theirs, Fit), theirs
    assert theirs.criterion == pytest.approx(ours.criterion, abs=1e-4)
    assert [e.term for e in theirs.estimates] == [e.term for e in ours.estimates]
    for mine, other in zip(ours.estimates, theirs.estimates, strict=True):
        assert other.estimate == pytest.approx(mine.estimate, abs=2e-3 * mine.std_error)
    assert theirs.estimate("treatment").std_error == pytest.approx(
        ours.estimate("treatment").std_error, rel=se
    )
    assert theirs.variance.treatment == pytest.approx(ours.variance.treatment, rel=2e-3, abs=1e-4)


@pytest.mark.parametrize(
    "keys",
    [
        {"covariates": ["base"], "df": "normal"},
        {"covariates": ["base"], "covariate_slopes": "common", "intercept": "random", "df": "normal"},
        {"moderator": "z", "interaction_effect": "random", "df": "normal"},
        {"covariates": ["base"], "estimator": "ml", "df": "normal"},
    ],
)
def test_statsmodels_agrees(keys):
    spec = spec_of(**keys)
    results = fit_engines(draw(), spec, ("ipdma", "statsmodels"))
    assert results["statsmodels"].engine == "statsmodels"
    assert_alike(results["statsmodels"], results["ipdma"])


def test_statsmodels_never_answers_with_nothing():
    """Where tau2 is zero MixedLM can answer 0 with a standard error that is no number: it never comes out."""
    for seed in range(4):
        rows, spec = draw(5, 20, tau=0.0, seed=seed), spec_of(covariates=["base"])
        result = fit_engine(rows, spec, "statsmodels")
        if isinstance(result, str):
            assert "finite" in result
            continue
        row = result.estimate("treatment")
        assert np.isfinite(row.std_error)
        assert row.std_error > 0
        assert abs(row.estimate) > 1e-6


def test_an_unusable_answer_of_every_optimiser_is_a_reason(monkeypatch):
    monkeypatch.setattr(engines.statsmodels, "is_usable", lambda fit, mask: False)
    assert "none of its optimisers" in fit_engine(draw(), spec_of(), "statsmodels")


@pytest.mark.parametrize(
    ("engine", "keys", "word"),
    [
        ("statsmodels", {"family": "binomial"}, "logistic"),
        ("statsmodels", {"residual": "by_study"}, "one residual variance"),
        ("lme4", {"residual": "by_study"}, "one residual variance"),
        ("lme4", {"stages": "two"}, "two stages"),
        ("lme4", {"family": "binomial", "quadrature": 5, "intercept": "common"}, "Laplace"),
        ("statsmodels", {"participant": "pid"}, "participant"),
        ("lme4", {"participant": "pid", "visit": "v"}, "visits"),
    ],
)
def test_a_model_that_an_engine_lacks_is_a_reason(engine, keys, word):
    assert word in fit_engine(draw(), spec_of(**keys), engine)


def test_an_absent_engine_is_a_reason(monkeypatch):
    def refuse(name, *rest):
        if name.startswith(("rpy2", "statsmodels")):
            raise ModuleNotFoundError(name)
        return importlib.__import__(name)

    monkeypatch.setattr(engines.importlib, "import_module", refuse)
    for engine in ("lme4", "statsmodels"):
        assert "cannot be imported" in fit_engine(draw(), spec_of(), engine)


def test_bad_data_is_a_reason_and_an_unknown_engine_a_fault():
    assert "'z2'" in fit_engine(draw(), spec_of(covariates=["z2"]), "statsmodels")
    with pytest.raises(ValueError, match="expected one of"):
        fit_engine(draw(), spec_of(), "nlme")


def test_too_many_columns_are_a_reason(monkeypatch):
    """An engine that would hold the columns of hundreds of studies is not asked."""
    monkeypatch.setattr("ipdma.model.engines.data.LARGEST", 1000)
    found = fit_engines(draw(), spec_of(), ("ipdma", "statsmodels"))
    assert isinstance(found["ipdma"], Fit)
    assert "not asked" in str(found["statsmodels"])


def test_stopping_short_of_our_criterion_is_said():
    ours = fit_model(draw(), spec_of())
    short = replace(ours, engine="lme4", criterion=ours.criterion + 0.7)
    assert "lme4 stopped short" in note_shortfall(short, ours).warnings[-1]
    close = replace(ours, engine="lme4", criterion=ours.criterion + 5e-5)
    assert note_shortfall(close, ours).warnings == ours.warnings


@pytest.mark.needs_r
@pytest.mark.parametrize(
    "keys",
    [
        {"covariates": ["base"]},
        {"covariates": ["base"], "covariate_slopes": "common", "intercept": "random", "df": "satterthwaite"},
        {"moderator": "z", "interaction_effect": "random"},
    ],
)
def test_lme4_agrees_in_estimates_df_and_intervals(keys):
    results = fit_engines(draw(), spec_of(**keys), ("ipdma", "lme4"))
    ours, theirs = results["ipdma"], results["lme4"]
    assert_alike(theirs, ours, se=1e-4)
    for term in [e.term for e in ours.estimates if e.term.startswith("treatment")]:
        a, b = ours.estimate(term), theirs.estimate(term)
        assert b.df == pytest.approx(a.df, rel=1e-2)
        # the interval is ours, from the df that R reports beside the error
        assert b.ci_low == pytest.approx(a.ci_low, abs=1e-2 * a.std_error)


@pytest.mark.needs_r
def test_lme4_agrees_on_repeated_rows_and_a_logistic_model():
    rows = draw()
    rows["pid"] = [f"{s}-{i // 4}" for i, s in enumerate(rows.study)]
    rows["treat"] = (np.arange(len(rows)) // 4) % 2
    results = fit_engines(rows, spec_of(participant="pid"), ("ipdma", "lme4"))
    assert_alike(results["lme4"], results["ipdma"], se=1e-3)
    assert results["lme4"].variance.participant == pytest.approx(
        results["ipdma"].variance.participant, abs=1e-3
    )
    trials = fit_engines(draw_trials(), spec_of(family="binomial"), ("ipdma", "lme4"))
    assert_alike(trials["lme4"], trials["ipdma"])
