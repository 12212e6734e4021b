"""Not at random, and never measured: against closed forms."""

import numpy as np
import pytest

from ipdma.imputation import TrialData, impute_unmeasured, reference_based, shift_outcomes
from ipdma.imputation.systematic import draw_variances, generalised_q


def test_delta_moves_an_arm_mean_by_its_share_of_missing():
    """25 % missing in the active arm, delta 3: -2.50 becomes -1.75, exactly."""
    treat = np.repeat([1, 0], 100)
    missing = np.tile([True, False, False, False], 50)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 200))
    for chain in values:
        chain[treat == 1] += -2.5 - (chain[treat == 1].mean() - chain[treat == 0].mean())
    moved = shift_outcomes(values, missing, treat, 3.0, 0.0)
    difference = moved[:, treat == 1].mean(axis=1) - moved[:, treat == 0].mean(axis=1)
    assert difference == pytest.approx(np.full(5, -1.75), abs=1e-12)
    assert (moved[:, ~missing] == values[:, ~missing]).all()


def test_shifts_of_both_arms_are_their_own():
    treat, missing = np.array([1, 1, 0, 0]), np.array([True, False, True, False])
    moved = shift_outcomes(np.zeros((1, 4)), missing, treat, 0.5, -1.0)
    assert moved.tolist() == [[0.5, 0.0, -1.0, 0.0]]


def trajectories(n=60_000, seed=1):
    """Baseline, interim and outcome in two large arms; the active arm gains 1 at interim and 2 at the end."""
    rng = np.random.default_rng(seed)
    treat = (np.arange(n) % 2).astype(int)
    baseline = rng.normal(10, 2, n)
    interim = 1 + 0.6 * baseline - 1.0 * treat + rng.normal(0, 1, n)
    outcome = 0.5 + 0.7 * interim - 1.5 * treat + rng.normal(0, 1, n)
    gap = (treat == 1) & (np.arange(n) % 4 == 1)
    lost = outcome.copy()
    lost[gap] = np.nan
    return treat, baseline, interim, lost, gap


def test_jump_to_reference_has_the_reference_arms_mean_and_regression():
    treat, baseline, interim, lost, gap = trajectories()
    rng = np.random.default_rng(5)
    filled = reference_based(baseline[None], interim[None], lost[None], treat, "jump_to_reference", rng)[0]
    # E(y | baseline) in the reference arm: 0.5 + 0.7 (1 + 0.6 b); variance 0.49 + 1
    expected = 0.5 + 0.7 * (1 + 0.6 * baseline[gap])
    assert filled[gap].mean() == pytest.approx(expected.mean(), abs=0.05)
    assert np.polyfit(baseline[gap], filled[gap], 1)[0] == pytest.approx(0.42, abs=0.03)
    assert (filled[gap] - expected).std() == pytest.approx(np.sqrt(1.49), abs=0.03)
    assert np.array_equal(filled[~gap], lost[~gap])


def test_copied_increments_keep_what_was_gained_until_the_last_score():
    treat, baseline, interim, lost, gap = trajectories()
    rng = np.random.default_rng(6)
    filled = reference_based(baseline[None], interim[None], lost[None], treat, "copy_increments", rng)[0]
    active, reference = treat == 1, treat == 0
    # the active arm's interim mean plus the reference arm's later mean change, in the closed form
    change = np.nanmean(lost[reference]) - interim[reference].mean()
    centre = interim[active].mean()
    expected = centre + change + 0.7 * (interim[gap] - centre)
    assert filled[gap].mean() == pytest.approx(expected.mean(), abs=0.05)
    assert np.polyfit(interim[gap], filled[gap], 1)[0] == pytest.approx(0.7, abs=0.03)
    # reference change 0.5 - 0.3 * 7 = -1.6, active interim mean 6
    assert filled[gap].mean() == pytest.approx(6.0 - 1.6, abs=0.1)


def test_from_the_baseline_both_agree_but_for_chance():
    treat, baseline, _, lost, gap = trajectories()
    means = [
        reference_based(baseline[None], baseline[None], lost[None], treat, method, np.random.default_rng(3))[
            0, gap
        ].mean()
        for method in ("jump_to_reference", "copy_increments")
    ]
    assert means[0] == pytest.approx(means[1], abs=0.05)


def measured_trials(k=12, n=150, seed=0, binary=False, m=30):
    """Trials whose moderator has its own mean and slope on x in each; the last was never measured."""
    rng = np.random.default_rng(seed)
    trials, means = {}, []
    for i in range(k):
        x = rng.normal(size=n)
        x = x - x.mean()
        level, slope = rng.normal(2.0, 0.5), rng.normal(0.8, 0.1)
        means.append(level)
        z = level + slope * x + rng.normal(0, 0.7, n)
        if binary:
            z = (rng.random(n) < 1 / (1 + np.exp(-(level - 2 + slope * x)))).astype(float)
        predictors = np.repeat(np.column_stack([np.ones(n), x])[None], m, axis=0)
        trials[f"T{i}"] = TrialData(predictors, z if i < k - 1 else np.full(n, np.nan))
    return trials, means


def test_a_moderator_never_measured_is_drawn_from_the_distribution_of_trials():
    trials, means = measured_trials(m=400)
    drawn, notes = impute_unmeasured(trials, False, np.random.default_rng(1))
    assert list(drawn) == ["T11"]
    assert not notes
    centre = drawn["T11"].mean(axis=1)
    assert centre.mean() == pytest.approx(np.mean(means[:-1]), abs=0.1)
    assert 0.4 < centre.std() < 0.9  # the spread of trial means, 0.5, and what is not known of it
    x = trials["T11"].predictors[0, :, 1]
    slope = (drawn["T11"] @ x) / (x @ x)
    assert slope.mean() == pytest.approx(0.8, abs=0.1)


def test_a_binary_moderator_is_drawn_as_zero_and_one():
    trials, _ = measured_trials(binary=True, m=200)
    drawn, _ = impute_unmeasured(trials, True, np.random.default_rng(1))
    assert set(np.unique(drawn["T11"])) == {0.0, 1.0}
    observed = np.mean([t.moderator.mean() for t in trials.values() if t.measured])
    assert drawn["T11"].mean() == pytest.approx(observed, abs=0.08)


def test_few_trials_are_warned_of_and_fewer_than_three_refused():
    trials, _ = measured_trials(k=5)
    _, notes = impute_unmeasured(trials, False, np.random.default_rng(1))
    assert "4 trials" in notes[0]
    assert "sensitivity" in notes[0]
    with pytest.raises(ValueError, match="three trials"):
        impute_unmeasured(measured_trials(k=3)[0], False, np.random.default_rng(1))


def test_drawn_variances_have_the_confidence_distribution_of_tau2():
    """Its quantiles are the Q-profile limits, where Q meets the chi-square quantiles."""
    from scipy import stats

    y = np.repeat(np.array([0.1, 0.9, -0.6, 1.4, 0.3, -0.2])[None, :, None], 20_000, axis=0)
    v = np.full_like(y, 0.05)
    drawn = draw_variances(y, v, np.random.default_rng(2))[:, 0]
    for share in (0.1, 0.5, 0.9):
        at = np.array([[np.quantile(drawn, share)]])
        assert stats.chi2.sf(generalised_q(y[:1], v[:1], at)[0, 0], 5) == pytest.approx(share, abs=0.015)
