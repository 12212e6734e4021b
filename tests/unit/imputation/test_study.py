"""Multiple imputation within trial and arm: what never changes, and what is said instead of a crash."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdma.errors import DataError
from ipdma.imputation import (
    impute_rows,
    impute_study,
    incomplete_percentage,
    needed_imputations,
    study_seed,
    tabulate_missing,
)

KINDS = {"y": "continuous", "b": "continuous", "s": "binary", "o": "ordered", "u": "unordered"}


def consortium(seed=1, sizes=(60, 80), share=0.2):
    """Trials with a score, a baseline, a binary, an ordered and an unordered variable, and gaps in all."""
    rng = np.random.default_rng(seed)
    parts = []
    for k, n in enumerate(sizes):
        treat = np.arange(n) % 2
        b = rng.normal(20, 4, n)
        y = 0.6 * b - 3 * treat + rng.normal(0, 3, n)
        education = rng.choice(["low", "medium", "high"], n).astype(object)
        job = rng.choice(["none", "part", "full", "other"], n).astype(object)
        sex = rng.choice(["female", "male"], n).astype(object)
        rows = pd.DataFrame({"study": f"S{k}", "participant": [f"{k}-{i}" for i in range(n)], "treat": treat})
        rows["arm"] = np.where(treat == 1, "a", "r")
        rows = rows.assign(b=b, y=y, sex=sex, education=education, job=job)
        for name in ("b", "y", "sex", "education", "job"):
            rows.loc[rng.random(n) < share, name] = np.nan if name in "by" else None
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


NAMES = ["b", "y", "sex", "education", "job"]
ORDER = {"education": ["low", "medium", "high"]}


def sets_of(done, name):
    """The completed column, shape (M, n)."""
    return done.rows[name].to_numpy().reshape(done.m, -1)


def test_observed_cells_are_bit_identical_and_nothing_is_left_empty():
    rows = consortium()
    done = impute_rows(rows, NAMES, 4, 3, 7, ORDER)
    for name in NAMES:
        seen = rows[name].notna().to_numpy()
        observed = rows.loc[seen, name].to_numpy()
        for values in sets_of(done, name):
            assert (values[seen] == observed).all()
            assert pd.notna(values).all()
    assert list(done.rows["imputation"].unique()) == [1, 2, 3, 4]
    assert (sets_of(done, "y")[0] != sets_of(done, "y")[1]).any()


def test_levels_are_drawn_among_those_observed():
    rows = consortium()
    done = impute_rows(rows, NAMES, 4, 3, 7, ORDER)
    for name in ("sex", "education", "job"):
        assert set(done.rows[name]) <= set(rows[name].dropna())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 30), st.floats(0.0, 0.6))
def test_any_trial_is_completed_without_touching_what_was_observed(seed, n, share):
    rows = consortium(seed, (n,), share)
    done = impute_rows(rows, NAMES, 2, 2, seed, ORDER)
    for name in NAMES:
        seen = rows[name].notna().to_numpy()
        values = sets_of(done, name)
        assert (values[:, seen] == rows.loc[seen, name].to_numpy()).all()
        if seen.any():
            assert pd.notna(values).all()


def test_adding_a_trial_changes_no_other():
    rows = consortium(sizes=(60, 80))
    alone = impute_rows(rows[rows["study"] == "S1"], NAMES, 3, 3, 5, ORDER)
    both = impute_rows(rows, NAMES, 3, 3, 5, ORDER)
    same = both.rows[both.rows["study"] == "S1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.rows, same)
    assert study_seed(5, "S1") != study_seed(5, "S0") != study_seed(6, "S0")


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    rows = consortium()
    once, again = (impute_rows(rows, NAMES, 3, 3, 5, ORDER).rows for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    assert not once["y"].equals(impute_rows(rows, NAMES, 3, 3, 6, ORDER).rows["y"])


def test_as_many_data_sets_as_percent_incomplete_and_at_least_those_asked_for():
    rows = pd.DataFrame({"study": ["A"] * 10 + ["B"] * 10, "y": [np.nan] * 5 + [1.0] * 15, "z": 1.0})
    rows.loc[rows["study"] == "B", "z"] = np.nan  # never measured there: not for these data sets to fill
    assert incomplete_percentage(rows, ["y", "z"]) == 25.0
    assert needed_imputations(rows, ["y", "z"], 20) == 25
    assert needed_imputations(rows, ["y", "z"], 40) == 40


def test_missing_values_are_counted_sporadic_apart_from_systematic():
    rows = pd.DataFrame(
        {"study": ["A"] * 4 + ["B"] * 2, "arm": list("aabb") + list("ab"), "z": [1, None, 2, 3, None, None]}
    )
    table = tabulate_missing(rows, ["z"]).set_index(["study", "arm"])
    assert table.loc[("A", "a"), ["kind", "n_missing", "n"]].tolist() == ["sporadic", 1, 2]
    assert table.loc[("A", "b"), "kind"] == "complete"
    assert table.loc[("B", "a"), ["kind", "n_missing"]].tolist() == ["systematic", 1]


def study(n=40, seed=3):
    """One trial: baseline, outcome with gaps, arms."""
    rng = np.random.default_rng(seed)
    arm = np.where(np.arange(n) % 2 == 1, "a", "r")
    b = rng.normal(0, 1, n)
    y = 0.7 * b + rng.normal(0, 0.7, n)
    y[rng.random(n) < 0.25] = np.nan
    return pd.DataFrame({"b": b, "y": y}), arm


def test_a_variable_never_measured_stays_empty_and_is_named():
    table, arm = study()
    table["z"] = np.nan
    done = impute_study(table, arm, {"b": "continuous", "y": "continuous", "z": "continuous"}, "T", 3)
    assert done.unmeasured == ("z",)
    assert np.isnan(done.values[:, :, 2]).all()
    assert np.isfinite(done.values[:, :, :2]).all()


def test_a_constant_is_filled_with_itself_and_named():
    table, arm = study()
    table["z"] = 4.0
    table.loc[[0, 1, 2], "z"] = np.nan
    done = impute_study(table, arm, {"b": "continuous", "y": "continuous", "z": "bounded"}, "T", 3)
    assert (done.values[:, :, 2] == 4.0).all()
    assert any("observed values of z are all the same" in note for note in done.notes)


def test_a_perfectly_collinear_variable_follows_its_twin_and_is_named():
    table, arm = study()
    table["z"] = 3 - 2 * table["y"]
    table.loc[table.index[:3], "z"] = np.nan
    table.loc[table.index[3:6], "y"] = np.nan
    done = impute_study(table, arm, dict.fromkeys(("b", "y", "z"), "continuous"), "T", 5)
    assert np.allclose(done.values[:, :, 2], 3 - 2 * done.values[:, :, 1])
    assert any("z is y on another scale" in note for note in done.notes)
    own = np.isnan(study()[0]["y"].to_numpy())
    own[:6] = False
    assert done.values[:, own, 1].std(axis=0).min() > 0  # and still varies between data sets
    for column, name in enumerate(("b", "y", "z")):
        seen = table[name].notna().to_numpy()
        assert (done.values[:, seen, column] == table.loc[seen, name].to_numpy()).all()


def test_a_sum_of_two_others_is_imputed_without_a_crash():
    table, arm = study(60)
    table["c"] = table["b"] + table["y"].fillna(0.2)
    table.loc[[3, 9, 20, 21], "c"] = np.nan
    done = impute_study(table, arm, dict.fromkeys(("b", "y", "c"), "continuous"), "T", 4)
    assert np.isfinite(done.values).all()
    assert np.abs(done.values).max() < 50


@pytest.mark.parametrize("kind", ["continuous", "bounded", "binary"])
def test_an_arm_of_three_is_imputed_with_a_word(kind):
    table, _ = study(23)
    arm = np.array(["a"] * 20 + ["r"] * 3)
    if kind == "binary":
        table["y"] = (table["y"] > 0).astype(float).where(table["y"].notna())
    table.loc[21:, "y"] = np.nan
    done = impute_study(table, arm, {"b": "continuous", "y": kind}, "T", 4)
    assert np.isfinite(done.values).all()
    assert any("arm r" in note and "together" in note for note in done.notes)


def test_a_small_arm_with_many_variables_says_that_slopes_were_shrunk():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(30, 8)), columns=list("abcdefgh"))
    table.loc[[0, 5, 9], "a"] = np.nan
    done = impute_study(table, np.repeat(["x", "y"], 15), dict.fromkeys("abcdefgh", "continuous"), "T", 3)
    assert any("slopes shrunk" in note and "a" in note for note in done.notes)


def test_bounded_scores_are_drawn_from_observed_ones():
    rng = np.random.default_rng(2)
    score = np.clip(np.round(rng.normal(4, 6, 120)), 0, 52)
    table = pd.DataFrame({"b": score + rng.normal(0, 2, 120), "y": score})
    table.loc[rng.random(120) < 0.3, "y"] = np.nan
    arm = np.repeat(["a", "r"], 60)
    done = impute_study(table, arm, {"b": "continuous", "y": "bounded"}, "T", 6)
    for label in "ar":
        seen = table.loc[arm == label, "y"].dropna()
        assert set(np.unique(done.values[:, arm == label, 1])) <= set(seen)


def test_arms_are_imputed_apart():
    """A variable without any relation between arms: imputed values keep to their own arm's."""
    rng = np.random.default_rng(4)
    n = 400
    arm = np.repeat(["a", "r"], n // 2)
    x = rng.normal(size=n)
    y = np.where(arm == "a", 10 + 2 * x, -10 - 2 * x) + rng.normal(0, 0.1, n)
    lost = rng.random(n) < 0.3
    table = pd.DataFrame({"x": x, "y": np.where(lost, np.nan, y)})
    done = impute_study(table, arm, {"x": "continuous", "y": "continuous"}, "T", 5)
    assert np.abs(done.values[:, lost, 1] - y[lost]).max() < 0.8


def test_imputed_values_carry_the_residual_variance_and_the_slope():
    rng = np.random.default_rng(8)
    n = 4000
    x = rng.normal(size=n)
    y = 1 + 0.5 * x + rng.normal(0, 2, n)
    lost = rng.random(n) < 0.4
    table = pd.DataFrame({"x": x, "y": np.where(lost, np.nan, y)})
    done = impute_study(table, np.full(n, "a"), {"x": "continuous", "y": "continuous"}, "T", 10, 3)
    drawn = done.values[:, lost, 1]
    slopes = [np.polyfit(x[lost], values, 1) for values in drawn]
    seen = np.polyfit(x[~lost], y[~lost], 1)
    assert np.mean(slopes, axis=0) == pytest.approx(seen, abs=0.12)
    residual = drawn - np.polyval(seen, x[lost])
    assert residual.std() == pytest.approx(2, abs=0.1)
    assert np.var(y[~lost] - np.polyval(seen, x[~lost])) <= residual.var() * 1.02


def test_a_level_that_the_order_does_not_name_is_refused_and_not_drawn_anew():
    rows = consortium()
    with pytest.raises(DataError, match="'education': .* none of its ordered levels .low, medium"):
        impute_rows(rows, NAMES, 2, 2, 7, {"education": ["low", "medium"]})
