"""What must not change, and how, when the data are rewritten (no reference answer needed)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.gaussian_rows import draw_rows

from ipdma.model.gaussian import fit_gaussian
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec


def fit(rows: pd.DataFrame, **keys: object) -> Fit:
    """A fit without profile intervals."""
    return fit_gaussian(rows, ModelSpec.from_mapping({"covariates": ["base"], **keys}), profile=False)


def numbers(result: Fit, term: str = "treatment") -> np.ndarray:
    """Estimate, standard error, df and p value of one term."""
    e = result.estimate(term)
    return np.array([e.estimate, e.std_error, e.df, e.p_value])


@pytest.mark.parametrize("residual", ["common", "by_study"])
def test_order_of_rows_and_names_of_studies_do_not_matter(residual: str) -> None:
    """Shuffled rows, renamed studies."""
    rows = draw_rows()
    shuffled = rows.sample(frac=1, random_state=3).assign(study=lambda d: "x" + d.study.str[::-1])
    expected, got = numbers(fit(rows, residual=residual)), numbers(fit(shuffled, residual=residual))
    np.testing.assert_allclose(got, expected, rtol=1e-7)


def test_shift_and_scale_of_the_outcome() -> None:
    """y + c moves intercepts alone; y * c scales estimate and standard error."""
    rows, plain = draw_rows(), fit(draw_rows())
    moved, scaled = fit(rows.assign(y=rows.y + 1e4)), fit(rows.assign(y=rows.y * 37))
    np.testing.assert_allclose(numbers(moved), numbers(plain), rtol=1e-6)
    assert moved.estimate("intercept[S0]").estimate - plain.estimate(
        "intercept[S0]"
    ).estimate == pytest.approx(1e4)
    factor = np.array([37, 37, 1, 1])
    np.testing.assert_allclose(numbers(scaled), numbers(plain) * factor, rtol=1e-7)
    assert scaled.variance.treatment == pytest.approx(plain.variance.treatment * 37**2, rel=1e-6)


def test_swapped_arms_change_the_sign() -> None:
    """1 - t."""
    rows = draw_rows()
    swapped = fit(rows.assign(treat=1 - rows.treat))
    np.testing.assert_allclose(numbers(swapped), numbers(fit(rows)) * [-1, 1, 1, 1], rtol=1e-6)


@pytest.mark.parametrize("shift", [-0.5, 3.0])
def test_reml_does_not_depend_on_the_coding_of_treatment(shift: float) -> None:
    """0/1, -1/2 to 1/2 and centred agree under REML with stratified intercepts; ML does not."""
    rows = draw_rows()
    recoded, centred = fit(rows.assign(treat=rows.treat + shift)), fit(rows, centre_treatment=True)
    np.testing.assert_allclose(numbers(recoded), numbers(fit(rows)), rtol=1e-6)
    np.testing.assert_allclose(numbers(centred), numbers(fit(rows)), rtol=1e-6)
    ml = fit(rows, estimator="ml", df="normal")
    ml_centred = fit(rows, estimator="ml", df="normal", centre_treatment=True)
    assert ml.variance.treatment < ml_centred.variance.treatment
    assert any("biased towards zero" in w for w in ml.warnings)
    assert not any("biased towards zero" in w for w in ml_centred.warnings)


def test_study_constants_on_the_moderator_leave_the_within_term() -> None:
    """z plus a constant per study: the within-trial interaction stays, the across-trial one does not."""
    rows = draw_rows()
    moved = rows.assign(z=rows.z + rows.study.map({f"S{i}": 3.0 * i**2 for i in range(6)}))
    plain, got = fit(rows, moderator="z"), fit(moved, moderator="z")
    within, across = "treatment:within:z", "treatment:across:z"
    assert got.estimate(within).estimate == pytest.approx(plain.estimate(within).estimate, rel=0.05)
    assert abs(got.estimate(across).estimate) < 0.5 * abs(plain.estimate(across).estimate) + 0.2
    common = {"treatment_effect": "common", "df": "residual"}
    naive = fit(rows, moderator="z", interaction="naive", **common)
    naive_moved = fit(moved, moderator="z", interaction="naive", **common)
    change = naive.estimate("treatment:z").estimate - naive_moved.estimate("treatment:z").estimate
    assert abs(change) > 0.1


def test_a_huge_offset_costs_no_digits() -> None:
    """A covariate or moderator measured as 2e7 plus something."""
    rows = draw_rows()
    moved = rows.assign(base=rows.base + 2e7, z=rows.z + 2e7)
    for keys in ({}, {"moderator": "z"}, {"intercept": "random", "covariate_slopes": "common"}):
        np.testing.assert_allclose(numbers(fit(moved, **keys)), numbers(fit(rows, **keys)), rtol=1e-5)
    raw = {"intercept": "random", "covariate_slopes": "common", "centre_covariates": "none"}
    np.testing.assert_allclose(numbers(fit(moved, **raw)), numbers(fit(rows, **raw)), rtol=1e-4)


def test_a_study_with_one_arm_changes_nothing_of_a_known_variance() -> None:
    """With its own residual variance and nuisance, it tells nothing of the treatment."""
    rows = draw_rows()
    extra = rows[rows.study == "S1"].assign(study="S9", treat=1.0)
    plain, more = fit(rows, residual="by_study"), fit(pd.concat([rows, extra]), residual="by_study")
    np.testing.assert_allclose(numbers(more)[:2], numbers(plain)[:2], rtol=1e-6)
    assert more.n_studies == 7
    assert more.studies_by_term["treatment"] == 6
    assert any("S9" in w for w in more.warnings)


def test_every_study_twice() -> None:
    """The standard error shrinks by about the root of two, the variance stays near."""
    rows = draw_rows()
    twice = pd.concat([rows, rows.assign(study=rows.study + "b")])
    plain, doubled = fit(rows), fit(twice)
    ratio = doubled.estimate("treatment").std_error / plain.estimate("treatment").std_error
    assert 0.55 < ratio < 0.8
    assert doubled.variance.treatment == pytest.approx(plain.variance.treatment, rel=0.4)


def test_common_effect_is_the_inverse_variance_mean_of_studies() -> None:
    """With one residual variance a common effect is sum w est / sum w of the studies' own estimates."""
    result = fit(draw_rows(), treatment_effect="common")
    own = result.study_estimates
    weight = np.array([1 / s.std_error**2 for s in own])
    mean = (weight * [s.estimate for s in own]).sum() / weight.sum()
    assert result.estimate("treatment").estimate == pytest.approx(mean, rel=1e-9)
    assert result.estimate("treatment").std_error == pytest.approx(weight.sum() ** -0.5, rel=1e-9)
    np.testing.assert_allclose([s.weight for s in own], 100 * weight / weight.sum(), rtol=1e-9)
