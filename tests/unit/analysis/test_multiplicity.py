"""Holm's correction by hand."""

import pytest

from ipdma.analysis.multiplicity import holm


def test_holm_by_hand():
    # sorted .01 .02 .03 .5: times 4, 3, 2, 1, never falling
    got = holm({"a": 0.03, "b": 0.01, "c": 0.5, "d": 0.02})
    assert got == pytest.approx({"a": 0.06, "b": 0.04, "c": 0.5, "d": 0.06})


def test_holm_never_passes_one():
    assert holm({"a": 0.6, "b": 0.9}) == pytest.approx({"a": 1.0, "b": 1.0})
