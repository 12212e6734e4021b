"""The default plan's profiles and the synthetic truth; the long run: docs/validation-prediction.md."""

import pytest
from tests.recovery.profile_recovery import default, recover


def test_the_repositorys_own_consortium_holds_the_truth():
    found = recover([default()[1].seed])
    assert len(found) >= 24
    assert found["straight"].mean() >= 0.9
    assert found["estimate"].abs().max() < 0.5


@pytest.mark.slow
def test_profiles_hold_the_truth_over_drawn_consortia():
    found = recover(range(1, 21))
    by_contrast = found.groupby("contrast")[["straight", "estimate"]].mean()
    assert found["straight"].mean() >= 0.93
    assert (by_contrast["straight"] >= 0.88).all(), by_contrast.to_string()
    assert (by_contrast["estimate"].abs() < 0.08).all(), by_contrast.to_string()
