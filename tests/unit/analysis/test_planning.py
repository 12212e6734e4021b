"""Power over what may arrive: enumerated, drawn, and by hand."""

import numpy as np
import pytest

from ipdma.analysis.planned_questions import PlannedTrial, Question
from ipdma.analysis.planning import likely, most_wanted, plan_power
from ipdma.model.planning import planned_power

ASKED = Question("main", "y", "gaussian", "", "", 0, 1.0, 0.4, 0.4, 0.2, "")


def trials(*chances):
    return [
        PlannedTrial(f"T{n}", chance, {"main": (20.0 + 5 * n, 20.0)}, 1.0, 0.5, 0.4, {})
        for n, chance in enumerate(chances)
    ]


def power(chosen):
    residual = 0.75
    variances = [residual * (1 / (20 + 5 * n) + 1 / 20) for n in chosen]
    return planned_power(variances, 0.4, tau2=0.04)[1]


def test_expected_power_is_the_mean_over_who_comes():
    (found,) = plan_power([ASKED], trials(1, 1, 0.3), 0.95, 1)
    assert found.expected.power == pytest.approx(0.3 * power([0, 1, 2]) + 0.7 * power([0, 1]))
    assert found.expected.k == pytest.approx(2.3)
    assert found.everybody.power == pytest.approx(power([0, 1, 2]))


def test_a_gain_is_the_power_with_a_trial_less_that_without():
    (found,) = plan_power([ASKED], trials(1, 1, 0, 0.5), 0.95, 1)
    gains = dict(found.gains)
    assert set(gains) == {"T2", "T3"}
    assert gains["T2"] == pytest.approx(
        0.5 * (power([0, 1, 2]) - power([0, 1])) + 0.5 * (power([0, 1, 2, 3]) - power([0, 1, 3]))
    )
    assert [study for study, _ in most_wanted([found])] == ["T3", "T2"]


def test_many_doubtful_trials_are_drawn_and_agree_with_their_chance():
    chance = np.full(14, 0.4)
    drawn = likely(chance, 7)
    assert drawn.present.shape[0] > 1000
    assert drawn.present.mean() == pytest.approx(0.4, abs=0.01)
    assert np.array_equal(drawn.present, likely(chance, 7).present)


def test_two_trials_alone_have_a_wide_t_interval():
    (found,) = plan_power([ASKED], trials(1, 1), 0.95, 1)
    assert found.expected.width_t > 4 * found.expected.width
    assert found.expected.power_t < found.expected.power
    (one,) = plan_power([ASKED], trials(1), 0.95, 1)
    assert one.expected.width_t is None
