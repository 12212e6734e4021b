"""The completed sets of a trial are its own, and found again while it is as it was."""

import json

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal

from ipdma.imputation import impute_rows

NAMES = ["b", "y", "visits", "job", "region"]


def trial(name, seed, jobs, most, regions):
    """A trial with gaps in scores, a count up to `most`, and categories; one region alone says nothing."""
    rng = np.random.default_rng(seed)
    n = 40
    rows = pd.DataFrame({"study": name, "participant": [f"{name}{i}" for i in range(n)]})
    rows["arm"] = np.where(np.arange(n) % 2 == 1, "a", "r")
    rows["b"] = rng.normal(20, 4, n)
    rows["y"] = 0.6 * rows["b"] + rng.normal(0, 3, n)
    rows["visits"] = rng.integers(0, most + 1, n).astype(float)
    rows["job"] = rng.choice(jobs, n).astype(object)
    rows["region"] = rng.choice(regions, n).astype(object)
    for column in NAMES:
        rows.loc[rng.random(n) < 0.2, column] = np.nan if column in ("b", "y", "visits") else None
    return rows


FIRST = trial("A", 1, ["part", "full"], 1, ["north"])
SECOND = trial("B", 2, ["none", "other", "full"], 9, ["north", "south"])


class Store:
    """Keeps what is made, as JSON has it."""

    def __init__(self):
        self.held, self.made = {}, []

    def keep(self, key, make):
        if key not in self.held:
            self.made.append(key)
            self.held[key] = json.loads(json.dumps(make()))
        return self.held[key]


def test_what_other_trials_measured_changes_nothing():
    alone = impute_rows(FIRST, NAMES, 4, 3, 5)
    both = impute_rows(pd.concat([SECOND, FIRST], ignore_index=True), NAMES, 4, 3, 5)
    own = both.rows[both.rows["study"] == "A"].reset_index(drop=True)
    assert_frame_equal(own, alone.rows)
    without = impute_rows(FIRST, [name for name in NAMES if name != "region"], 4, 3, 5)
    assert (without.rows["y"] == alone.rows["y"]).all()


def test_a_new_trial_imputes_itself_alone_and_what_was_kept_is_the_same():
    store = Store()
    impute_rows(FIRST, NAMES, 4, 3, 5, keep=store.keep)
    store.made.clear()
    rows = pd.concat([FIRST, SECOND], ignore_index=True)
    found, anew = impute_rows(rows, NAMES, 4, 3, 5, keep=store.keep), impute_rows(rows, NAMES, 4, 3, 5)
    assert len(store.made) == 1
    assert_frame_equal(found.rows, anew.rows)
    assert found.notes == anew.notes
    for label, trace in anew.traces.items():
        np.testing.assert_array_equal(found.traces[label], trace)


def test_a_trial_whose_rows_sets_or_seed_changed_is_made_again():
    store = Store()
    for rows, m, seed in (
        (FIRST, 2, 5),
        (FIRST.assign(b=FIRST["b"] + 1e-12), 2, 5),
        (FIRST, 3, 5),
        (FIRST, 2, 6),
    ):
        impute_rows(rows, NAMES, m, 3, seed, keep=store.keep)
    assert len(store.made) == len(set(store.made)) == 4
