"""Batched fits against the same fits made one by one."""

from __future__ import annotations

import pytest
from tests.builders.gaussian_rows import draw_rows

from ipdma.model.design import build_design
from ipdma.model.gaussian import fit_gaussian, prepare_design
from ipdma.model.many import leave_one_study_out
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
