"""The model over visits against its dense twin, on random designs with dropout."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders.dense_visits import basis_matrices, columns, twin

from ipdma.model.spec import ModelSpec
from ipdma.model.visits import fit_visits

VISITS = ["0", "4", "8", "26"]


def draw_rows(seed, k, visits, dropout=0.25, scale=6.0, shift=20.0):
    """Trials of unequal sizes, effects that vary between them, dropout, one visit absent in one trial."""
    rng = np.random.default_rng(seed)
    base = np.array([[1.0, 0.5, 0.4, 0.3], [0.5, 1.2, 0.6, 0.5], [0.4, 0.6, 1.4, 0.7], [0.3, 0.5, 0.7, 1.6]])
    lower = np.linalg.cholesky(base[: len(visits), : len(visits)])
    rows = []
    for s in range(k):
        n = int(rng.integers(12, 30))
        effect = rng.normal([0, -0.4, -0.6, -0.5][: len(visits)], 0.3)
        covariate = rng.normal(s, 1, n)
        for i in range(n):
            y = lower @ rng.normal(size=len(visits)) + (i % 2) * effect + 0.3 * covariate[i] + s * 0.2
            for j, v in enumerate(visits):
                if (j and rng.random() < dropout) or (s == 0 and j == len(visits) - 1 and k > 2):
                    continue
                rows.append((f"S{s}", f"{s}-{i}", v, i % 2, covariate[i], shift + scale * y[j]))
    return pd.DataFrame(rows, columns=["study", "pid", "visit", "treat", "cov", "y"])


def spec_of(covariance, correlated, baseline, covariates, **more):
    return ModelSpec.from_mapping(
        {
            "covariates": covariates,
            "participant": "pid",
            "visit": "visit",
            "baseline_visit": baseline,
            "covariance": covariance,
            "random_correlation": correlated,
            **more,
        }
    )


def gamma_of(fit, covariance, correlated):
    """Linear parameters in the twin's order, from the record."""
    visits = fit.variance.visits
    if covariance == "intercept":
        gamma = [fit.variance.participant, fit.variance.residual]
    else:
        within = np.array(visits["within"])
        gamma = [within[a, b] for a in range(len(within)) for b in range(a + 1)]
    between = np.array(visits["between"])
    pairs = [(a, b) for a in range(len(between)) for b in range(a + 1) if correlated or a == b]
    return [*gamma, *(between[a, b] for a, b in pairs)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    k=st.integers(3, 5),
    n_visits=st.integers(2, 4),
    covariance=st.sampled_from(["intercept", "unstructured"]),
    correlated=st.booleans(),
    with_baseline=st.booleans(),
    with_covariate=st.booleans(),
)
def test_fit_equals_the_dense_twin(seed, k, n_visits, covariance, correlated, with_baseline, with_covariate):
    visits, covariates = VISITS[:n_visits], ["cov"] if with_covariate else []
    baseline = "0" if with_baseline else None
    rows = draw_rows(seed, k, visits)
    fit = fit_visits(rows, spec_of(covariance, correlated, baseline, covariates))
    named = columns(rows, sorted(rows.study.unique()), visits, baseline, covariates)
    x = np.column_stack(list(named.values()))
    later = [i for i, name in enumerate(named) if name.startswith("treatment[")]
    contrast = np.eye(x.shape[1])[later]
    gamma = gamma_of(fit, covariance, correlated)
    bases = basis_matrices(rows, visits, baseline, covariance, correlated)
    slow = twin(rows.y.to_numpy(), x, bases, gamma, contrast)
    assert fit.converged
    assert fit.criterion == pytest.approx(slow["reml"], rel=1e-9)
    for i, name in enumerate(named):
        estimate = fit.estimate(name)
        assert estimate.estimate == pytest.approx(slow["beta"][i], rel=1e-7, abs=1e-7)
    if fit.singular:
        return
    for i in later:
        estimate = fit.estimate(list(named)[i])
        assert estimate.std_error == pytest.approx(np.sqrt(slow["adjusted"][i, i]), rel=1e-7)
        assert estimate.df == pytest.approx(slow["df"][later.index(i)], rel=1e-6)
    if len(later) > 1:
        assert fit.tests[0].f == pytest.approx(slow["joint"][0], rel=1e-6)
        assert fit.tests[0].df_den == pytest.approx(slow["joint"][1], rel=1e-6)


@pytest.mark.parametrize("estimator", ["reml", "ml"])
@pytest.mark.parametrize("covariance", ["intercept", "unstructured"])
def test_no_point_near_the_optimum_is_better(covariance, estimator):
    rows = draw_rows(7, 4, VISITS[:3])
    fit = fit_visits(rows, spec_of(covariance, True, "0", ["cov"], estimator=estimator, df="normal"))
    named = columns(rows, sorted(rows.study.unique()), VISITS[:3], "0", ["cov"])
    x = np.column_stack(list(named.values()))
    bases = basis_matrices(rows, VISITS[:3], "0", covariance, True)
    gamma = np.array(gamma_of(fit, covariance, True))
    y = rows.y.to_numpy()
    best = twin(y, x, bases, gamma)[estimator]
    assert fit.criterion == pytest.approx(best, rel=1e-9)
    rng = np.random.default_rng(1)
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(4):
            moved = gamma * (1 + size * rng.normal(size=len(gamma)))
            v = sum(g * b for g, b in zip(moved, bases, strict=True))
            if np.linalg.eigvalsh(v).min() > 0 and np.linalg.eigvalsh(between_of(moved)).min() >= 0:
                assert twin(y, x, bases, moved)[estimator] > best - 1e-7


def between_of(gamma):
    """The 2 x 2 covariance between studies, the last three linear parameters."""
    return np.array([[gamma[-3], gamma[-2]], [gamma[-2], gamma[-1]]])


def test_complete_balanced_data_have_the_closed_form():
    rng = np.random.default_rng(3)
    n, visits = 40, ["0", "1", "2"]
    y = rng.multivariate_normal([20, 15, 12], [[16, 8, 6], [8, 25, 12], [6, 12, 30]], n)
    treat = np.arange(n) % 2
    rows = pd.DataFrame(
        [("A", i, v, treat[i], y[i, j]) for i in range(n) for j, v in enumerate(visits)],
        columns=["study", "pid", "visit", "treat", "y"],
    )
    fit = fit_visits(rows, spec_of("unstructured", True, None, []))
    for j, v in enumerate(visits):
        difference = y[treat == 1, j].mean() - y[treat == 0, j].mean()
        pooled = (y[treat == 1, j].var(ddof=1) + y[treat == 0, j].var(ddof=1)) / 2
        estimate = fit.estimate(f"treatment[{v}]")
        assert estimate.estimate == pytest.approx(difference, rel=1e-8)
        assert estimate.std_error == pytest.approx(np.sqrt(pooled * 4 / n), rel=1e-7)
        assert estimate.df == pytest.approx(n - 2, rel=1e-6)


def test_unstructured_by_study_of_one_study_is_unstructured():
    rows = draw_rows(5, 1, VISITS[:3])
    one = fit_visits(rows, spec_of("unstructured", True, "0", []))
    own = fit_visits(rows, spec_of("unstructured_by_study", True, "0", []))
    assert own.criterion == pytest.approx(one.criterion, abs=1e-7)


def test_by_study_covariances_with_a_common_effect_are_separate_fits():
    rows = draw_rows(11, 3, VISITS[:3])
    whole = fit_visits(
        rows,
        spec_of(
            "unstructured_by_study", True, "0", [], treatment_effect="common", estimator="ml", df="normal"
        ),
    )
    within = whole.variance.visits["within"]
    assert set(within) == {"S0", "S1", "S2"}
    sizes = np.array([np.array(within[s]).shape for s in within])
    assert (sizes == 3).all()
    common = fit_visits(
        rows, spec_of("unstructured", True, "0", [], treatment_effect="common", estimator="ml", df="normal")
    )
    assert whole.criterion < common.criterion
