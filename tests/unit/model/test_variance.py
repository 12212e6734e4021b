"""Variance components are found by their term, and named as OUT.json names them."""

import numpy as np

from ipdma.model.term import INTERCEPT, TREATMENT, Term
from ipdma.model.variance import VarianceComponents, component_names, effects_of

A, B = Term("within", "m", "a"), Term("within", "m", "b")


def test_found_by_term():
    found = VarianceComponents(**effects_of([INTERCEPT, TREATMENT, A, B], np.diag([4.0, 3.0, 2.0, 1.0])))
    assert [found.of(t) for t in (INTERCEPT, TREATMENT, A, B)] == [4.0, 3.0, 2.0, 1.0]
    assert found.of(Term("across", "m", "a")) is None
    assert (found.intercept, found.treatment) == (4.0, 3.0)


def test_json_has_the_levels_where_several_vary():
    several = VarianceComponents({TREATMENT: 3.0, A: 2.0, B: 1.0}, residual=9.0)
    assert several.as_json()["interaction"] == {"a": 2.0, "b": 1.0}
    assert several.numbers["interaction[b]"] == 1.0
    assert component_names((TREATMENT, A, B)) == ("treatment", "interaction[a]", "interaction[b]")
    assert VarianceComponents({A: 2.0}).as_json()["interaction"] == 2.0
    assert component_names((A,)) == ("interaction",)


def test_exchangeable_levels_share_the_variance_of_a_difference():
    reference = Term("within", "m", "ref")
    found = VarianceComponents(**effects_of([TREATMENT, reference, A, B], np.diag([3.0, 1.0, 1.0, 1.0]), 3))
    assert [found.of(t) for t in (TREATMENT, A, B)] == [3.0, 2.0, 2.0]
    assert found.of(reference) is None
    assert found.as_json()["interaction"] == 2.0
    assert found.names == {TREATMENT: "treatment", A: "interaction", B: "interaction"}


def test_json_keys_are_those_of_the_interface():
    keys = "intercept treatment intercept_treatment_cov interaction participant residual residual_by_study"
    assert list(VarianceComponents().as_json()) == keys.split()
    assert set(VarianceComponents().as_json().values()) == {None}
    assert VarianceComponents(visits={"visits": ["8"]}).as_json()["visits"] == {"visits": ["8"]}
