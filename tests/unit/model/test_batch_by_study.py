"""Many fits at once with a residual variance by study, against the same fits made one by one."""

from __future__ import annotations

import pytest
from tests.builders.gaussian_rows import draw_rows
from tests.builders.hard_rows import hard_rows, hard_spec

from ipdma.errors import SpecError
from ipdma.model.design import build_design
from ipdma.model.gaussian import fit_gaussian, prepare_design
from ipdma.model.many import leave_one_study_out
from ipdma.model.spec import ModelSpec

MODELS = [
    {"covariates": ["base"]},
    {"covariates": ["base"], "moderator": "z"},
    {"covariates": ["base"], "moderator": "z", "interaction_effect": "random"},
    {"covariates": ["base"], "intercept": "random", "covariate_slopes": "common"},
    {"covariates": ["base"], "intercept": "random", "random_correlation": False},
]  # fmt: skip


@pytest.mark.parametrize("keys", MODELS)
def test_without_each_study(keys: dict) -> None:
    """Estimates, both standard errors, both df and the variances, to the ninth digit.

    Satterthwaite's df rest on the observed Hessian, which moves most with what a search leaves undone.
    """
    rows, spec = draw_rows(), ModelSpec.from_mapping({**keys, "residual": "by_study"})
    many = leave_one_study_out(prepare_design(build_design(rows, spec)))
    for left_out, study in enumerate(sorted(rows.study.unique())):
        part = rows[rows.study != study]
        by_kr = fit_gaussian(part, spec, profile=False)
        by_observed = fit_gaussian(part, spec.replace(df="satterthwaite"), profile=False)
        assert bool(many.fits.converged[left_out]) == by_kr.converged
        for at, term in enumerate(many.terms):
            if term == "intercept":
                continue
            kr, plain = by_kr.estimate(term), by_observed.estimate(term)
            assert many.fits.beta[left_out, at] == pytest.approx(kr.estimate, rel=1e-9, abs=1e-9)
            assert many.fits.kenward_roger_error[left_out, at] == pytest.approx(kr.std_error, rel=1e-9)
            assert many.fits.kenward_roger_df[left_out, at] == pytest.approx(kr.df, rel=1e-9)
            assert many.fits.std_error[left_out, at] == pytest.approx(plain.std_error, rel=1e-9)
            assert many.fits.satterthwaite_df[left_out, at] == pytest.approx(plain.df, rel=1e-7)
        by_study = by_kr.variance.residual_by_study
        assert by_study is not None
        found = dict(zip(sorted(rows.study.unique()), many.fits.sigma2[left_out], strict=True))
        assert found.pop(study) != found
        assert found == pytest.approx(dict(by_study), rel=1e-9)


def test_small_studies_share_a_variance() -> None:
    """A study too small for a variance of its own shares one, with another study in each model."""
    rows = draw_rows()
    small = rows.groupby("study").cumcount() < 4
    rows = rows[~rows.study.isin(["S1", "S3"]) | small]
    spec = ModelSpec.from_mapping({"covariates": ["base"], "residual": "by_study", "intercept": "random",
                                   "covariate_slopes": "common"})  # fmt: skip
    many = leave_one_study_out(prepare_design(build_design(rows, spec)))
    at = many.terms.index("treatment")
    names = sorted(rows.study.unique())
    for left_out, study in enumerate(names):
        alone = fit_gaussian(rows[rows.study != study], spec, profile=False)
        assert many.fits.beta[left_out, at] == pytest.approx(alone.estimate("treatment").estimate, rel=1e-9)
        assert many.fits.kenward_roger_df[left_out, at] == pytest.approx(
            alone.estimate("treatment").df, rel=1e-8
        )
    both_small = many.fits.sigma2[names.index("S0")]
    assert both_small[names.index("S1")] == both_small[names.index("S3")]


@pytest.mark.parametrize(("seed", "left_out"), [(12, 3), (29, 4), (32, 3), (64, 1), (64, 2)])
def test_each_model_is_searched_from_several_starts(seed: int, left_out: int) -> None:
    """Sets in which the optimum is in another basin than that of all studies."""
    rows = hard_rows(seed)
    many = leave_one_study_out(prepare_design(build_design(rows, hard_spec("by_study"))))
    alone = fit_gaussian(rows[rows["study"] != f"S{left_out}"], hard_spec("by_study"), profile=False)
    own, at = alone.estimate("treatment"), many.terms.index("treatment")
    assert many.fits.beta[left_out, at] == pytest.approx(own.estimate, rel=1e-6)
    assert many.fits.kenward_roger_error[left_out, at] == pytest.approx(own.std_error, rel=1e-6)


def test_maximum_likelihood_is_refused() -> None:
    """The batch is restricted maximum likelihood's."""
    spec = ModelSpec.from_mapping({"estimator": "ml", "df": "satterthwaite", "residual": "by_study"})
    with pytest.raises(SpecError, match="estimator: reml"):
        leave_one_study_out(prepare_design(build_design(draw_rows(), spec)))
