"""Partial nesting: therapists in some of the arms (`nesting`)."""

import numpy as np
import pytest
from tests.builders.dense_gaussian import Dense
from tests.builders.nested_rows import draw_nested

from ipdma.errors import SpecError
from ipdma.model.design import build_design
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

SPEC = ModelSpec(covariates=("base",), nesting="therapist")


@pytest.mark.parametrize(
    "keys", [{}, {"residual": "by_study"}, {"moderator": "base", "residual": "by_study"}]
)
def test_the_dense_twin_agrees(keys):
    rows, spec = draw_nested(), SPEC.replace(**keys)
    design, fit = build_design(rows, spec), fit_model(rows, spec)
    dense = Dense(design, fit, reml=True)
    assert fit.criterion == pytest.approx(dense.deviance(), abs=1e-7)
    covariance, w = dense.kenward_roger()
    for i, found in enumerate(fit.estimates):
        row = np.eye(len(fit.estimates))[i]
        assert found.estimate == pytest.approx(dense.beta[i], rel=1e-6, abs=1e-8)
        assert found.std_error == pytest.approx(np.sqrt(covariance[i, i]), rel=1e-6)
        assert found.df == pytest.approx(dense.df(row, w), rel=1e-5)


def test_a_code_is_one_therapist_within_a_study_alone():
    rows = draw_nested()
    apart = rows.assign(therapist=rows["study"] + rows["therapist"])
    assert fit_model(rows, SPEC).criterion == pytest.approx(fit_model(apart, SPEC).criterion, abs=1e-9)


def test_ignoring_therapists_makes_the_interval_of_a_trial_too_narrow():
    rows = draw_nested(k=1, sd=4.0)
    nested, plain = fit_model(rows, SPEC), fit_model(rows, SPEC.replace(nesting=None))
    assert nested.estimate("treatment").std_error > 1.3 * plain.estimate("treatment").std_error
    assert nested.estimate("treatment").df < plain.estimate("treatment").df / 2


@pytest.mark.parametrize("kind", ["one therapist", "a therapist each", "none"])
def test_a_variance_that_cannot_be_told_is_left_out_and_said(kind):
    rows = draw_nested(k=2)
    active = rows["treat"] == 1
    codes = {"one therapist": "T1", "a therapist each": np.arange(len(rows)).astype(str), "none": None}[kind]
    rows["therapist"] = np.where(active, codes, None)
    fit = fit_model(rows, SPEC)
    plain = fit_model(rows, SPEC.replace(nesting=None))
    assert fit.variance.nesting is None
    assert fit.criterion == pytest.approx(plain.criterion, abs=1e-9)
    assert any("nesting" in w and "left out" in w for w in fit.warnings)


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"family": "binomial", "df": None}, "nesting needs family: gaussian"),
        ({"participant": "id"}, "nesting needs one row for each participant"),
        ({"df": "nst"}, "nst needs one row for each participant, in no cluster"),
    ],
)
def test_what_nesting_cannot_go_with(keys, word):
    with pytest.raises(SpecError, match=word):
        fit_model(draw_nested(), SPEC.replace(**keys))


def test_a_trial_without_codes_stays_as_it_is():
    """Its rows are in no cluster; the others' therapists keep their variance, as the dense twin has it."""
    rows = draw_nested()
    rows.loc[rows["study"] == "S1", "therapist"] = None
    design, fit = build_design(rows, SPEC), fit_model(rows, SPEC)
    assert fit.n_rows == len(rows)
    assert fit.variance.nesting > 0
    assert fit.criterion == pytest.approx(Dense(design, fit, reml=True).deviance(), abs=1e-7)
