"""Batched fits against the same fits made one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.gaussian_rows import draw_rows

from ipdma.errors import SpecError
from ipdma.model.design import build_design
from ipdma.model.gaussian import fit_gaussian, prepare_design
from ipdma.model.grid import fit_many
from ipdma.model.many import bootstrap_studies, leave_one_participant_out, leave_one_study_out
from ipdma.model.spec import ModelSpec

MODELS = [
    {"covariates": ["base"]},
    {"covariates": ["base"], "moderator": "z"},
    {"covariates": ["base"], "moderator": "z", "interaction_effect": "random"},
    {"covariates": ["base"], "moderator": "z", "intercept": "random", "covariate_slopes": "common",
     "moderator_slopes": "common"},
    {"covariates": ["base"], "intercept": "random", "random_correlation": False},
]  # fmt: skip


@pytest.mark.parametrize("keys", MODELS)
def test_leave_one_study_out(keys: dict) -> None:
    """Every term but a shared intercept (whose origin is the batch's own)."""
    rows, spec = draw_rows(), ModelSpec.from_mapping(keys)
    many = leave_one_study_out(prepare_design(build_design(rows, spec)))
    for left_out in (0, 4):
        alone = fit_gaussian(rows[rows.study != f"S{left_out}"], spec, profile=False)
        for at, term in enumerate(many.terms):
            if term == "intercept":
                continue
            e = alone.estimate(term)
            assert many.fits.beta[left_out, at] == pytest.approx(e.estimate, rel=1e-4, abs=1e-6)
            assert many.fits.kenward_roger_error[left_out, at] == pytest.approx(e.std_error, rel=1e-4)
            assert many.fits.kenward_roger_df[left_out, at] == pytest.approx(e.df, rel=1e-3)


@pytest.mark.parametrize("keys", MODELS)
def test_leave_one_participant_out(keys: dict) -> None:
    """Rank-one updates, with study means following."""
    rows, spec = draw_rows(), ModelSpec.from_mapping(keys)
    design = build_design(rows, spec)
    many = leave_one_participant_out(prepare_design(design))
    assert len(many.fits.beta) == len(rows)
    for i in (0, 57, len(rows) - 1):
        alone = fit_gaussian(rows.drop(index=rows.index[design.row_index[i]]), spec, profile=False)
        for at, term in enumerate(many.terms):
            if term != "intercept":
                assert many.fits.beta[i, at] == pytest.approx(
                    alone.estimate(term).estimate, rel=1e-4, abs=1e-6
                )
                assert many.fits.std_error[i, at] > 0
        assert many.fits.sigma2[i] == pytest.approx(alone.variance.residual, rel=1e-5)


def test_bootstrap_of_studies_is_seeded_and_about_right() -> None:
    """The same seed gives the same draws; their spread is near the standard error."""
    prepared = prepare_design(build_design(draw_rows(k=10), ModelSpec.from_mapping({"covariates": ["base"]})))
    first, second = (bootstrap_studies(prepared, 600, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.fits.beta, second.fits.beta)
    whole = leave_one_study_out(prepared).fits.std_error.mean()
    assert first.fits.converged.mean() > 0.99
    assert 0.6 < first.estimate("treatment").std() / whole < 1.6


@pytest.mark.parametrize("df", ["kenward_roger", "satterthwaite"])
def test_grid_of_moderators_and_outcomes(df: str) -> None:
    """Each cell is the fit that fit_gaussian gives."""
    rows = draw_rows().assign(second=lambda d: d.y + 0.1 * d.base)
    spec = ModelSpec.from_mapping({"covariates": ["base"], "df": df})
    table = fit_many(rows, spec, ["z", "base"], ["y", "second"])
    for moderator in ("z", "base"):
        for outcome in ("y", "second"):
            cell = table[(table.moderator == moderator) & (table.outcome == outcome)].set_index("term")
            fit = fit_gaussian(rows, spec.replace(moderator=moderator, outcome=outcome), profile=False)
            for term, row in cell.iterrows():
                e = fit.estimate(str(term))
                expected = [e.estimate, e.std_error, e.df, e.p_value, e.ci_low, e.ci_high]
                got = row[["estimate", "std_error", "df", "p_value", "ci_low", "ci_high"]].astype(float)
                np.testing.assert_allclose(got, expected, rtol=1e-5)
                assert row.criterion == pytest.approx(fit.criterion, abs=1e-8)


def test_grid_over_imputations_and_what_it_refuses() -> None:
    """A row per imputation; missing values and other models are refused, saying what to do."""
    rows = draw_rows()
    stacked = rows.assign(imp=1), rows.assign(imp=2, z=rows.z + 0.1)
    both = pd.concat(stacked)
    spec = ModelSpec.from_mapping({"imputation": "imp"})
    table = fit_many(both, spec, ["z"], ["y"])
    assert sorted(table.imputation.unique()) == [1, 2]
    with pytest.raises(SpecError, match="missing"):
        fit_many(rows.assign(z=rows.z.where(rows.z > 0)), ModelSpec(), ["z"], ["y"])
    with pytest.raises(SpecError, match="residual: by_study"):
        fit_many(rows, ModelSpec(residual="by_study"), ["z"], ["y"])
