"""Which rows separate, which coefficients are estimable."""

import numpy as np
import pandas as pd
import pytest

from ipdma.errors import FitError
from ipdma.model.fit import fit_model
from ipdma.model.logistic import fit_logistic
from ipdma.model.separation import (
    estimable,
    independent_columns,
    largest_set,
    overlap,
    separated_rows,
)
from ipdma.model.spec import ModelSpec


def test_overlap_separates_nothing():
    x = np.array([0.0, 1, 2, 3, 4, 5])
    assert not separated_rows(np.column_stack([np.ones(6), x]), np.array([0.0, 1, 0, 1, 0, 1])).any()


def test_complete_and_quasi_complete_separation():
    x = np.array([0.0, 1, 2, 3, 4, 5])
    A = np.column_stack([np.ones(6), x])
    assert separated_rows(A, (x > 2.5).astype(float)).all()
    tied = np.array([0.0, 1, 2, 2, 3, 4])
    found = separated_rows(np.column_stack([np.ones(6), tied]), np.array([0.0, 0, 0, 1, 1, 1]))
    assert found.tolist() == [True, True, False, False, True, True]


def test_an_empty_cell_separates_its_rows_alone():
    t = np.array([0.0, 0, 0, 0, 1, 1, 1])
    y = np.array([0.0, 1, 0, 1, 1, 1, 1])
    assert separated_rows(np.column_stack([np.ones(7), t]), y).tolist() == [False] * 4 + [True] * 3


def test_weights_rule_separation_out_where_the_linear_programme_finds_none():
    random, told, missed = np.random.default_rng(8), 0, 0
    for _ in range(120):
        n, p = int(random.integers(4, 24)), int(random.integers(1, 5))
        A = np.column_stack([np.ones(n), np.round(random.normal(size=(n, p)), 1)])
        aliased = random.random() < 0.3
        if aliased:
            A = np.column_stack([A, A[:, 0] - A[:, -1]])
        y = (random.random(n) < 0.5).astype(float)
        found = largest_set(A, y)
        assert not (overlap(A, y) and found.any())
        missed += not (aliased or overlap(A, y) or found.any())
        assert separated_rows(A, y).tolist() == found.tolist()
        told += not found.any()
    assert 20 < told < 110
    assert missed <= 4  # the programme decides these; only time is lost


def test_estimable_is_about_coefficients_not_columns():
    one, t = np.ones(6), np.array([0.0, 0, 0, 1, 1, 1])
    b, c = np.array([1.0, 0, 1, 0, 1, 0]), np.array([0.0, 1, 0, 1, 0, 1])
    # b + c is the constant: neither is estimable beside it, t is
    assert estimable(np.column_stack([t, b, c, one])).tolist() == [True, False, False, False]
    assert independent_columns(np.column_stack([t, one, b, c])) == [0, 1, 2]
    assert not estimable(np.empty((0, 2))).any()


def test_logistic_regression_of_a_two_by_two_table():
    t = np.repeat([0.0, 1.0], [10, 12])
    y = np.concatenate([np.repeat([1.0, 0.0], [4, 6]), np.repeat([1.0, 0.0], [9, 3])])
    beta, information, loglik, converged = fit_logistic(np.column_stack([t, np.ones(22)]), y)
    assert converged
    assert beta[0] == pytest.approx(np.log(9 * 6 / (3 * 4)), rel=1e-10)
    assert np.linalg.inv(information)[0, 0] == pytest.approx(1 / 9 + 1 / 3 + 1 / 4 + 1 / 6, rel=1e-10)
    assert loglik == pytest.approx(4 * np.log(0.4) + 6 * np.log(0.6) + 9 * np.log(0.75) + 3 * np.log(0.25))


def test_a_within_term_with_only_between_trial_information_left_is_refused():
    """All treated with m = 1 have the event: dropping them leaves m constant among each trial's treated."""
    random, parts = np.random.default_rng(4), []
    for k, share in enumerate((0.3, 0.5, 0.7, 0.4)):
        m, t = (random.random(120) < share).astype(float), np.arange(120) % 2
        y = np.where((t == 1) & (m == 1), 1.0, (random.random(120) < 0.5).astype(float))
        parts.append(pd.DataFrame({"study": f"S{k}", "treat": t, "m": m, "y": y}))
    rows, spec = pd.concat(parts, ignore_index=True), {"family": "binomial", "moderator": "m"}
    with pytest.raises(FitError, match="separation.*no finite estimate of treatment:within:m"):
        fit_model(rows, ModelSpec.from_mapping(spec))
    rows.loc[rows.index[(rows.treat == 1) & (rows.m == 1)][0], "y"] = 0.0
    assert fit_model(rows, ModelSpec.from_mapping(spec)).converged
