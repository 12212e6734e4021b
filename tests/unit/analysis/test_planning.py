"""Power over what may arrive: enumerated, drawn, and by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ipdma.analysis.planned_questions import PlannedTrial, Question, contribution
from ipdma.analysis.planning import likely, most_wanted, plan_power
from ipdma.model.planning import planned_power

ASKED = Question("main", "y", "gaussian", "", "", 0, 1.0, 0.4, 0.4, 0.2, "", "normal")


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


def test_two_trials_alone_have_a_wide_interval_and_a_wald_test_promises_more():
    (found,) = plan_power([replace(ASKED, test="nst")], trials(1, 1), 0.95, 1)
    assert found.expected.width > 4 * found.expected.width_wald
    assert found.expected.power < found.expected.power_wald
    assert found.expected.power_wald == pytest.approx(power([0, 1]))


def test_what_a_trial_tells_counts_its_own_regression():
    asked = replace(ASKED, test="kenward_roger", moderator="z", covariates=2)
    (trial,) = trials(1)
    found = contribution(asked, replace(trial, spreads={"z": 1.0}))
    assert found.published == pytest.approx(0.75 * (1 / 20 + 1 / 20))
    assert found.expected == pytest.approx(found.published * 400 / 361 * 36 / 34)
    assert found.df == 34
    levels = contribution(replace(asked, position=2), replace(trial, spreads={"z": (0.5, 0.2, 0.3)}))
    shares = 0.375 * 0.625
    varies = 1 + (1 - 4 * shares) / shares / 30
    assert levels.expected == pytest.approx(levels.published * 8 / (15 / 2) * varies * 34 / 32)
    assert levels.df == 32
