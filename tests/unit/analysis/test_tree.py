"""GLMM trees: the three subgroups of data like the method's public example, and none where there are none."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ipdma.analysis.tree import TreeSettings, grow_tree, residual_sums, split_stability

VARIABLES = ["age", "anxiety", "duration"]
EFFECTS = (4.1, 0.5, -4.5)


def draw_rows(seed, subgroups=True, n=150):
    """Ten clusters; the effect changes at duration 8, then at anxiety 10."""
    rng = np.random.default_rng(seed)
    duration = np.round(rng.normal(7, 3, n)).clip(1, 20)
    anxiety = np.round(rng.normal(10, 3, n)).clip(3, 18)
    cluster, treat = np.arange(n) % 10, rng.integers(0, 2, n)
    group = np.where(duration > 8, 2, np.where(anxiety <= 10, 0, 1)) if subgroups else np.ones(n, dtype=int)
    y = np.array([7.5, 8.6, 11.1])[group] + treat * np.array(EFFECTS)[group]
    y = y + rng.normal(0, 0.56, 10)[cluster] + rng.normal(0, 1.9, n)
    age = np.round(rng.normal(45, 10, n))
    return pd.DataFrame(
        {"study": cluster, "treat": treat, "outcome": y, "duration": duration, "anxiety": anxiety, "age": age}
    )


def splits(tree):
    return [node.variable for node in tree.root.splits()]


def test_finds_the_three_subgroups():
    found, effects, cuts = 0, [], []
    for seed in range(20):
        tree = grow_tree(draw_rows(seed), VARIABLES, TreeSettings())
        if splits(tree) == ["duration", "anxiety"]:
            found += 1
            effects.append([e.estimate for e in tree.effects])
            cuts.append([node.threshold for node in tree.root.splits()])
    assert found >= 14
    assert np.mean(effects, axis=0) == pytest.approx(EFFECTS, abs=0.6)
    assert np.median(cuts, axis=0) == pytest.approx([8, 10], abs=1)


def test_splits_no_more_often_than_its_level_where_there_is_nothing():
    n = 200
    split = sum(
        bool(splits(grow_tree(draw_rows(1000 + i, False), VARIABLES, TreeSettings()))) for i in range(n)
    )
    assert split <= stats.binom.ppf(0.999, n, 0.05)


def test_every_participant_stands_in_one_node_and_arms_add_up():
    rows = draw_rows(3)
    tree = grow_tree(rows, VARIABLES, TreeSettings())
    at = np.concatenate([leaf.rows for leaf in tree.root.leaves()])
    assert sorted(at) == list(range(len(rows)))
    assert sum(e.n_active for e in tree.effects) == int(rows.treat.sum())


def test_missing_values_are_left_out_and_counted():
    rows = draw_rows(3)
    rows.loc[:4, "anxiety"] = np.nan
    assert grow_tree(rows, VARIABLES, TreeSettings()).dropped == 5


def test_too_few_rows_is_said():
    with pytest.raises(ValueError, match="needs 40 complete rows, got 12"):
        grow_tree(draw_rows(1).head(12), VARIABLES, TreeSettings())


def test_a_categorical_variable_can_split():
    rng = np.random.default_rng(5)
    rows = draw_rows(2, False, 240)
    rows["group"] = rng.choice(["a", "b", "c"], len(rows))
    rows["outcome"] += np.where(rows.group == "b", 4.0, 0.0) * rows.treat
    tree = grow_tree(rows, [*VARIABLES, "group"], TreeSettings())
    assert splits(tree) == ["group"]
    assert tree.root.levels in (("b",), ("a", "c"))


def test_a_covariate_takes_its_share_of_the_outcome():
    rows = draw_rows(4)
    rng = np.random.default_rng(1)
    rows["baseline"] = rng.normal(20, 5, len(rows))
    rows["outcome"] += 0.9 * rows.baseline
    tree = grow_tree(rows, VARIABLES, TreeSettings(), ["baseline"])
    assert tree.mixed.beta[-1] == pytest.approx(0.9, abs=0.15)


def test_stability_counts_the_resamples_that_split():
    counts = split_stability(draw_rows(0), VARIABLES, TreeSettings(), [], 10, 1)
    assert counts["duration"] >= 8
    assert counts["age"] < counts["duration"]
    assert counts == split_stability(draw_rows(0), VARIABLES, TreeSettings(), [], 10, 1)


def test_cuts_tried_some_at_a_time_are_those_tried_together(monkeypatch):
    rows = draw_rows(3, n=600).assign(age=np.random.default_rng(1).normal(45, 10, 600))
    at_once = []

    def counted(left, *own):
        at_once.append(len(left))
        return residual_sums(left, *own)

    monkeypatch.setattr("ipdma.analysis.tree.residual_sums", counted)
    some = grow_tree(rows, ["age"], TreeSettings(alpha=1.0, maximum_depth=2))
    assert max(at_once) == 256
    monkeypatch.setattr("ipdma.analysis.tree.ABREAST", 10**6)
    whole = grow_tree(rows, ["age"], TreeSettings(alpha=1.0, maximum_depth=2))
    assert max(at_once) > 256
    assert some.effects == whole.effects
