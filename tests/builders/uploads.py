"""Harmonised uploads as tables in memory, of invented people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.cohort import Upload

VARIABLES = ("age", "sex", "episode_duration_months", "dropout")


def upload_of(
    study: str = "T01",
    arms: dict[str, tuple[str, int]] | None = None,
    seed: int = 1,
    gone: int = 0,
    unaged: int = 0,
    instrument: str = "hamd17",
) -> Upload:
    """A trial whose people have baseline, post and follow-up scores.

    Parameters
    ----------
    arms : dict of str to (condition, n)
    gone, unaged : int
        People of each arm, the first ones, without outcome; and the last ones, without age.
    """
    arms = arms or {"A": ("stpp", 60), "B": ("waitlist", 55)}
    rng = np.random.default_rng(seed)
    people, scores = [], []
    for arm, (condition, n) in arms.items():
        for i in range(n):
            who = f"{arm}{i:03d}"
            age = "" if i >= n - unaged else str(int(rng.integers(20, 70)))
            months = str(int(rng.integers(1, 48)))
            sex = "female" if i % 5 < 3 else "male"
            people.append((study, who, arm, condition, age, sex, months, "no" if i >= gone else "yes"))
            start = int(rng.integers(14, 32))
            scores.append((study, who, instrument, "observer", "baseline", "0", str(start), ""))
            for timepoint, weeks in (("post", "16"), ("follow_up", "52")):
                end = int(np.clip(round(0.5 * start + rng.normal(0, 5)), 0, 52))
                if i >= gone:
                    scores.append((study, who, instrument, "observer", timepoint, weeks, str(end), ""))
    head = ["study", "participant", "arm", "condition", *VARIABLES]
    columns = ["study", "participant", "instrument", "rating", "timepoint", "weeks", "score", "scoring"]
    words = {"study": {"id": study}, "arms": {arm: {"condition": own[0]} for arm, own in arms.items()}}
    return Upload(
        words,
        pd.DataFrame(people, columns=head),
        pd.DataFrame(scores, columns=columns),
        pd.DataFrame(columns=["study", "participant", "variable", "reason"]),
    )
