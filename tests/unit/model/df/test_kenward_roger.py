"""Variance parameters that cannot be told apart: the pseudo-inverse, whichever way rounding falls."""

import numpy as np
import pytest

from ipdma.model.df.kenward_roger import parameter_covariance


@pytest.mark.parametrize("rounding", [-1e-13, 0.0, 1e-13])
def test_two_parameters_of_one_direction_share_what_is_known(rounding):
    scale = np.diag([1.0, 30.0, 0.2])
    expected = (
        scale @ np.array([[2.0, 2.0 - rounding, 0.0], [2.0 - rounding, 2.0, 0.0], [0.0, 0.0, 1.0]]) @ scale
    )
    found = scale @ parameter_covariance(expected).matrix @ scale
    assert found == pytest.approx(np.array([[0.25, 0.25, 0], [0.25, 0.25, 0], [0, 0, 2.0]]), abs=1e-9)


def test_parameters_that_can_be_told_apart_are_inverted():
    expected = np.array([[2.0, 2.0 - 1e-6], [2.0 - 1e-6, 2.0]])
    assert parameter_covariance(expected).matrix == pytest.approx(2 * np.linalg.inv(expected), rel=1e-8)
