"""The engine against its slow twin on random designs: agreement to 1e-8."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from tests.builders.dense_gaussian import Dense

from ipdma.model.design import build_design
from ipdma.model.df.kenward_roger import KenwardRoger
from ipdma.model.fixed_effects import fixed_effects
from ipdma.model.gaussian import fit_gaussian, infer, prepare_design
from ipdma.model.inference import combine
from ipdma.model.search import minimise
from ipdma.model.spec import ModelSpec


def draw_rows(seed: int, k: int, repeated: bool, tau: float) -> pd.DataFrame:
    """Unequal studies with a covariate of its own spread in each, one of two arms at random."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(9, 22, k)
    study = np.repeat(np.arange(k), sizes)
    n = len(study)
    treat = (rng.permutation(n) % 2).astype(float)
    z = rng.normal(study % 3, 1 + 0.3 * (study % 2))
    x = rng.normal(20, 4, n)
    effect = -1 + tau * rng.normal(size=k)[study] + 0.4 * z
    y = rng.normal(size=k)[study] + effect * treat + 0.2 * x + 0.3 * z
    who = np.arange(n) // 2 if repeated else np.arange(n)
    y += (0.7 * rng.normal(size=n)[who] if repeated else 0) + (1 + 0.5 * (study % 2)) * rng.normal(size=n)
    return pd.DataFrame(
        {"study": [f"S{i}" for i in study], "pid": [f"{s}-{w}" for s, w in zip(study, who, strict=True)],
         "treat": treat, "x": x, "z": z, "y": y}
    )  # fmt: skip


OPTIONS = st.fixed_dictionaries(
    {
        "intercept": st.sampled_from(["stratified", "random", "common"]),
        "covariate_slopes": st.sampled_from(["stratified", "common"]),
        "centre_covariates": st.sampled_from(["study", "none"]),
        "random_correlation": st.booleans(),
        "moderator": st.sampled_from([None, "z"]),
        "moderator_slopes": st.sampled_from(["stratified", "common"]),
        "interaction": st.sampled_from(["within", "naive"]),
        "interaction_effect": st.sampled_from(["common", "random"]),
        "residual": st.sampled_from(["common", "by_study"]),
        "estimator": st.sampled_from(["reml", "ml"]),
        "participant": st.sampled_from([None, "pid"]),
    }
)


@given(seed=st.integers(0, 10**6), k=st.integers(4, 6), tau=st.sampled_from([0.3, 1.0]), options=OPTIONS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_engine_agrees_with_explicit_matrices(seed, k, tau, options):
    """Deviance, estimates, covariance and df of any model, at the variances that the engine found."""
    rows = draw_rows(seed, k, options["participant"] is not None, tau)
    df = "kenward_roger" if options["estimator"] == "reml" else "satterthwaite"
    spec = ModelSpec.from_mapping({**options, "covariates": ["x"], "df": df})
    design, fit = build_design(rows, spec), fit_gaussian(rows, spec, profile=False)
    dense = Dense(design, fit, options["estimator"] == "reml")
    assert fit.converged
    assert fit.criterion == pytest.approx(dense.deviance(), abs=1e-8, rel=1e-10)
    np.testing.assert_allclose([e.estimate for e in fit.estimates], dense.beta, rtol=1e-8, atol=1e-8)
    rows_of_identity = np.eye(len(dense.beta))
    if df == "kenward_roger":
        adjusted, w = dense.kenward_roger()
        shared = adjusted[: len(fit.covariance), : len(fit.covariance)]
        np.testing.assert_allclose(fit.covariance, shared, rtol=1e-7, atol=1e-8 * np.abs(shared).max())
        errors = [e.std_error for e in fit.estimates]
        np.testing.assert_allclose(errors, np.sqrt(np.diag(adjusted)), rtol=1e-7)
        expected = [dense.df(row, w) for row in rows_of_identity]
        np.testing.assert_allclose([e.df for e in fit.estimates], expected, rtol=1e-6)
    else:
        shared = dense.c[: len(fit.covariance), : len(fit.covariance)]
        np.testing.assert_allclose(fit.covariance, shared, rtol=1e-7, atol=1e-8 * np.abs(shared).max())
        errors = [e.std_error for e in fit.estimates]
        np.testing.assert_allclose(errors, np.sqrt(np.diag(dense.c)), rtol=1e-7)


@given(seed=st.integers(0, 10**6), k=st.sampled_from([4, 9]), options=OPTIONS)
@settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.generate])
def test_combinations_of_several_studies_agree_with_explicit_matrices(seed, k, options):
    """Any combination of any coefficients, several at once, at the variances that were found."""
    rows = draw_rows(seed, k, options["participant"] is not None, 0.6)
    df = "kenward_roger" if options["estimator"] == "reml" else "satterthwaite"
    spec = ModelSpec.from_mapping({**options, "covariates": ["x"], "df": df})
    prepared = prepare_design(build_design(rows, spec))
    optimum = minimise(prepared.swept)
    assume(not optimum.singular)
    inference = infer(prepared, optimum, fixed_effects(prepared, optimum.point), [])
    weights = np.random.default_rng(seed).normal(size=(3, len(inference.terms)))
    asked = combine(
        inference, {f"c{i}": dict(zip(inference.terms, w, strict=True)) for i, w in enumerate(weights)}
    )
    dense = Dense(prepared.design, fit_gaussian(rows, spec, profile=False), options["estimator"] == "reml")
    plain = inference.covariance.products(asked.rows)
    assert plain == pytest.approx(weights @ dense.c @ weights.T, rel=1e-6)
    gamma = [*(optimum.point.between[i, j] for i, j in prepared.full.pairs), *optimum.point.sigma2]
    gamma += [optimum.point.phi] if prepared.full.participant else []
    whole = np.tensordot(gamma, inference.known.variance_gradients(asked.rows), 1)
    assert whole == pytest.approx(plain, rel=1e-6)  # C grows as its parameters do
    if df == "kenward_roger":
        adjusted, w = dense.kenward_roger()
        found = KenwardRoger().covariance(inference).products(asked.rows)
        assert found == pytest.approx(weights @ adjusted @ weights.T, rel=1e-6)
        assert KenwardRoger().std_errors(inference, asked) ** 2 == pytest.approx(np.diag(found), rel=1e-9)
        expected = [dense.df(row, w) for row in weights]
        assert KenwardRoger().df(inference, asked) == pytest.approx(expected, rel=1e-5)


@given(seed=st.integers(0, 10**6), options=OPTIONS)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_the_optimum_is_one(seed, options):
    """Inside, the score is zero; at the boundary, no variance wants to grow."""
    rows = draw_rows(seed, 5, options["participant"] is not None, 0.6)
    df = "satterthwaite"
    spec = ModelSpec.from_mapping({**options, "covariates": ["x"], "df": df})
    design, fit = build_design(rows, spec), fit_gaussian(rows, spec, profile=False)
    dense = Dense(design, fit, options["estimator"] == "reml")
    slope = dense.score() * np.maximum(dense.gamma, 1e-3)
    if not fit.singular:
        assert np.abs(slope).max() < 1e-4
    zero = [i for i, kind in enumerate(dense.kinds) if kind[0] != "random" or kind[1] == kind[2]]
    assert min(dense.score()[i] for i in zero) > -1e-3


@given(seed=st.integers(0, 10**6), options=OPTIONS)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_satterthwaite_uses_the_observed_information(seed, options):
    """2 v^2 / g'Wg with W = 2 H^-1 of the deviance in the variances, at an interior optimum."""
    rows = draw_rows(seed, 6, options["participant"] is not None, 1.0)
    spec = ModelSpec.from_mapping({**options, "covariates": ["x"], "df": "satterthwaite"})
    design, fit = build_design(rows, spec), fit_gaussian(rows, spec, profile=False)
    assume(not fit.singular)
    dense = Dense(design, fit, options["estimator"] == "reml")
    w = 2 * np.linalg.inv(dense.observed())
    expected = [dense.df(row, w) for row in np.eye(len(dense.beta))]
    np.testing.assert_allclose([e.df for e in fit.estimates], expected, rtol=1e-3)
