"""Logistic mixed models: the integral, its gradient, the boundary, separation and few studies."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit
from tests.builders.logistic_rows import draw_trials

from ipdma.errors import DataError, FitError, SpecError
from ipdma.model import glmm_profile
from ipdma.model.binomial import fit_binomial
from ipdma.model.binomial_problem import build_problem
from ipdma.model.design import build_design
from ipdma.model.glmm import marginal
from ipdma.model.glmm_search import evaluate, maximise
from ipdma.model.spec import ModelSpec


def spec_of(**keys):
    return ModelSpec.from_mapping({"family": "binomial", **keys})


def fit(rows, **keys):
    return fit_binomial(rows, spec_of(**keys), profile=False)


def assert_same(one, other, rel=1e-8, term="treatment"):
    a, b = one.estimate(term), other.estimate(term)
    assert a.estimate == pytest.approx(b.estimate, rel=rel)
    assert a.std_error == pytest.approx(b.std_error, rel=10 * rel)


def problem_of(rows, **keys):
    return build_problem(build_design(rows, spec_of(**keys)))


def point_of(problem, theta):
    psi = problem.start.copy()
    psi[-problem.layout.m :] = theta
    return psi


def test_forty_nodes_are_the_integral():
    problem = problem_of(draw_trials(3, 20), intercept="random", treatment_effect="common", quadrature=40)
    psi, data = point_of(problem, [0.9]), problem.data
    coefficients, theta = problem.layout.spread(psi)
    values = marginal(data, coefficients, theta)[0]
    for k in range(3):
        mine = data.study == k
        eta, y = data.A[mine] @ coefficients[k], data.y[mine]

        def joint(b, eta=eta, y=y):
            p = expit(eta + 0.9 * b)
            return np.prod(np.where(y == 1, p, 1 - p)) * math.exp(-b * b / 2) / math.sqrt(2 * math.pi)

        assert values[k] == pytest.approx(math.log(quad(joint, -9, 9, epsabs=1e-14)[0]), abs=1e-7)


@pytest.mark.parametrize(
    ("keys", "theta"),
    [
        ({"intercept": "random", "treatment_effect": "common"}, [0.7]),
        ({"intercept": "random", "treatment_effect": "common", "quadrature": 5}, [0.7]),
        ({"intercept": "random"}, [0.7, -0.3, 0.5]),
        ({"moderator": "z", "interaction_effect": "random"}, [0.6, 0.4]),
    ],
)
def test_the_gradient_is_the_derivative(keys, theta):
    problem = problem_of(draw_trials(3, 20), **keys)
    psi = point_of(problem, theta)
    gradient = evaluate(problem.data, problem.layout, psi)[1]
    for i in range(len(psi)):
        step = np.zeros(len(psi))
        step[i] = 1e-4
        up = evaluate(problem.data, problem.layout, psi + step)[0]
        down = evaluate(problem.data, problem.layout, psi - step)[0]
        assert gradient[i] == pytest.approx((up - down) / 2e-4, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("keys", [{}, {"intercept": "random"}, {"intercept": "common", "quadrature": 7}])
def test_at_the_optimum_the_gradient_is_nothing(keys):
    problem = problem_of(draw_trials(6, 60, seed=3), **keys)
    optimum = maximise(problem.data, problem.layout, problem.start)
    assert optimum.converged
    assert np.abs(optimum.point.gradient).max() < 1e-8
    assert np.linalg.eigvalsh(optimum.point.hessian).min() > -1e-8


def test_swapping_arms_or_outcomes_turns_the_sign():
    rows = draw_trials(5, 60, seed=2)
    plain = fit(rows).estimate("treatment")
    arms = fit(rows.assign(treat=1 - rows.treat)).estimate("treatment")
    outcomes = fit(rows.assign(y=1 - rows.y)).estimate("treatment")
    for turned in (arms, outcomes):
        assert turned.estimate == pytest.approx(-plain.estimate, rel=1e-7)
        assert turned.std_error == pytest.approx(plain.std_error, rel=1e-6)


def test_row_order_names_and_units_do_not_matter():
    rows = draw_trials(4, 60, seed=5)
    keys = {"covariates": ["base"], "covariate_slopes": "common", "centre_covariates": "none"}
    plain = fit(rows, **keys)
    other = rows.sample(frac=1, random_state=1)
    other["study"] = other.study.map({"S0": "z", "S1": "y", "S2": "x", "S3": "w"})
    other["base"] = 2000 + 0.01 * other.base
    turned = fit(other, **keys)
    assert turned.criterion == pytest.approx(plain.criterion, abs=1e-8)
    assert turned.estimate("treatment").std_error == pytest.approx(
        plain.estimate("treatment").std_error, rel=1e-6
    )
    assert turned.estimate("base").estimate == pytest.approx(100 * plain.estimate("base").estimate, rel=1e-6)


def test_no_variation_between_studies_is_a_result():
    rows = draw_trials(1, 200, seed=4)
    copies = [rows.assign(study=name) for name in "abcd"]
    fitted = fit(pd.concat(copies, ignore_index=True), df="normal")
    alone = fit(rows, df="normal")
    assert fitted.singular
    assert fitted.variance.treatment == 0
    assert any("singular fit" in w for w in fitted.warnings)
    assert fitted.estimate("treatment").estimate == pytest.approx(
        alone.estimate("treatment").estimate, rel=1e-8
    )
    assert fitted.estimate("treatment").std_error == pytest.approx(
        alone.estimate("treatment").std_error / 2, rel=1e-7
    )


def test_one_study_is_a_logistic_regression_with_its_warning():
    fitted = fit(draw_trials(1, 80))
    assert fitted.variance.treatment is None
    assert any("one study" in w for w in fitted.warnings)
    assert fitted.prediction is None


def test_two_studies_have_t_on_one_and_no_prediction():
    fitted = fit(draw_trials(2, 80))
    assert fitted.estimate("treatment").df == 1
    assert fitted.prediction is None
    assert any("needs three studies" in w for w in fitted.warnings)


def test_a_study_without_events_adds_nothing_but_a_warning():
    rows = draw_trials(5, 60, seed=2)
    silent = rows[rows.study == "S0"].assign(study="none", y=0.0)
    with_it = fit(pd.concat([rows, silent], ignore_index=True))
    without = fit(rows)
    assert with_it.criterion == pytest.approx(without.criterion, abs=1e-9)
    assert with_it.estimate("treatment").estimate == pytest.approx(
        without.estimate("treatment").estimate, rel=1e-9
    )
    assert with_it.estimate("treatment").df == without.estimate("treatment").df
    assert (with_it.n_studies, without.n_studies) == (5, 5)
    assert any("none" in w and "no event" in w for w in with_it.warnings)


def test_an_empty_cell_is_named():
    rows = draw_trials(5, 60, seed=2)
    rows.loc[(rows.study == "S1") & (rows.treat == 1), "y"] = 0
    fitted = fit(rows)
    assert np.isfinite(fitted.estimate("treatment").std_error)
    assert any("empty cell" in w and "S1" in w for w in fitted.warnings)


def test_a_separated_slope_of_one_study_leaves_the_others_as_they_are():
    rows = draw_trials(5, 60, seed=2)
    rows.loc[rows.study == "S1", "y"] = (rows.base > 20).astype(float)
    fitted = fit(rows, covariates=["base"])
    without = fit(rows[rows.study != "S1"], covariates=["base"])
    assert fitted.estimate("treatment").estimate == pytest.approx(
        without.estimate("treatment").estimate, rel=1e-8
    )
    assert any("separation in S1" in w for w in fitted.warnings)
    with pytest.raises(KeyError):
        fitted.estimate("base[S1]")


def test_a_separated_treatment_is_refused_by_name():
    rows = draw_trials(4, 60)
    rows.loc[rows.treat == 1, "y"] = 1
    with pytest.raises(FitError, match="separation: .*no finite estimate of treatment"):
        fit(rows)


def test_a_separated_across_term_is_left_out_and_said():
    rows = draw_trials(5, 60, seed=2)
    rows["risk"] = (rows.study == "S1").astype(float)
    rows.loc[(rows.study == "S1") & (rows.treat == 1), "y"] = 1
    fitted = fit(rows, moderator="risk", treatment_effect="common")
    rest = fit(rows[(rows.study != "S1") | (rows.treat == 0)], treatment_effect="common")
    assert_same(fitted, rest)
    assert "treatment:across:risk" not in [e.term for e in fitted.estimates]
    assert any("treatment:across:risk" in w and "S1" in w and "left out" in w for w in fitted.warnings)


@pytest.mark.parametrize("keys", [{}, {"treatment_effect": "common"}])
def test_quadrature_without_a_random_effect_is_a_logistic_regression(keys):
    rows = draw_trials(3 if keys else 1, 60)
    assert_same(fit(rows, quadrature=7, **keys), fit(rows, quadrature=1, **keys))


def test_no_study_with_both_outcomes_is_refused():
    rows = draw_trials(2, 40)
    rows["y"] = (rows.study == "S0").astype(float)
    with pytest.raises(FitError, match="no study has both outcomes"):
        fit(rows)


def test_what_the_model_cannot_take_is_said():
    rows = draw_trials(3, 40)
    with pytest.raises(DataError, match="expected 0 and 1"):
        fit(rows, outcome="base")
    with pytest.raises(SpecError, match="needs one random effect, got 2"):
        fit(rows, intercept="random", quadrature=5)
    with pytest.raises(SpecError, match="did you mean 'treatment'"):
        fit(rows, contrasts={"a": {"treatmen": 1}})


def test_contrasts_and_joint_tests_are_wald_forms_of_the_covariance():
    rows = draw_trials(6, 90, seed=8)
    fitted = fit(
        rows,
        moderator="lev",
        moderator_type="categorical",
        moderator_slopes="common",
        df="normal",
        contrasts={"b - c": {"treatment:within:lev[b]": 1, "treatment:within:lev[c]": -1}},
    )
    names = [e.term for e in fitted.estimates]
    at = [names.index(f"treatment:within:lev[{level}]") for level in "bc"]
    beta = np.array([fitted.estimates[i].estimate for i in at])
    V = fitted.covariance[np.ix_(at, at)]
    (contrast,) = fitted.contrasts
    assert contrast.estimate == pytest.approx(beta[0] - beta[1])
    assert contrast.std_error == pytest.approx(math.sqrt(V[0, 0] + V[1, 1] - 2 * V[0, 1]))
    test = fitted.tests[0]
    assert test.f == pytest.approx(beta @ np.linalg.solve(V, beta) / 2)
    assert test.df_den is None


def test_profile_intervals_hold_the_estimate():
    fitted = fit_binomial(draw_trials(6, 90, seed=3), spec_of(intercept="random"))
    for name, (low, high) in fitted.variance_ci.items():
        assert 0 <= low <= fitted.variance.numbers[name] <= high, name


@pytest.mark.parametrize("always", [False, True])
def test_a_profile_that_jumps_is_searched_again_from_the_maximum(monkeypatch, always):
    rows = draw_trials(6, 60, seed=4)
    usual = fit_binomial(rows, spec_of()).variance_ci["treatment"]
    searched = glmm_profile.profile_ends

    def jumps(*arguments):
        if always or not arguments[-1]:
            raise ValueError("f(a) and f(b) must have different signs")
        return searched(*arguments)

    monkeypatch.setattr(glmm_profile, "profile_ends", jumps)
    found = fit_binomial(rows, spec_of())
    if always:
        assert found.as_json()["variance_ci"]["treatment"] == [None, None]
    else:
        assert found.variance_ci["treatment"] == pytest.approx(usual, rel=1e-5)


def test_the_prediction_interval_is_t_on_k_minus_2():
    fitted = fit(draw_trials(6, 90, seed=3))
    row = fitted.estimate("treatment")
    half = 2.7764451051977987 * math.sqrt(fitted.variance.treatment + row.std_error**2)
    assert fitted.prediction.high - row.estimate == pytest.approx(half)
    assert fitted.prediction.df == 4
