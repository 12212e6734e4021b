"""What is said of predicted benefit in simulated consortia; the long run: docs/validation-prediction.md."""

import pytest
from tests.recovery.prediction_recovery import study


@pytest.mark.slow
def test_without_interactions_it_is_said_that_nothing_is_gained():
    found = study(120, "none", 8, seed=5)
    assert found["better"].mean() <= 0.11
    assert found["spread"].median() < 0.05
    assert found["coverage"].mean() > 0.92


@pytest.mark.slow
def test_interactions_that_are_there_are_found_and_keep_their_size():
    found = study(60, "three", 8, seed=6)
    assert found["better"].mean() > 0.75
    assert 0.8 < found["slope"].median() < 1.2
    assert found["coverage"].mean() > 0.90
