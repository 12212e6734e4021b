"""A clean trial as a harmonised upload, for the integrity checks and their pages."""

import numpy as np
import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.integrity import check_integrity, read_tables, tabulate_results

CODEBOOK = load_codebook()


def outcomes(people, assessments, declared=None):
    """The table of an upload's integrity checks, and the names of those that ask or fail."""
    results = check_integrity(read_tables("XX-A", declared or {}, people, assessments, CODEBOOK))
    table = tabulate_results(results)
    return table, set(table.loc[table.outcome.isin(["query", "fail"]), "check"])


def draw_upload(seed=1, n=80):
    """A clean trial as a harmonised upload: participants and assessments, every cell as text."""
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.arange(n) % 2)
    age = rng.normal(42, 11, n).round().clip(19, 75)
    months = np.exp(rng.normal(2.2, 0.9, n)).round().clip(1, 200)
    base = rng.normal(20, 4, n).round().clip(8, 40)
    bdi = (10 + base + rng.normal(0, 6, n)).round().clip(5, 60)
    post = (0.5 * base + 2 - 3 * arm + rng.normal(0, 5, n)).round().clip(0, 50)
    ids = [f"p{i}" for i in range(n)]
    people = pd.DataFrame(
        {
            "study": "XX-A",
            "participant": ids,
            "arm": np.where(arm == 1, "stpp", "tau"),
            "condition": np.where(arm == 1, "stpp", "tau"),
            "age": age.astype(int).astype(str),
            "sex": np.where(rng.random(n) < 0.7, "female", "male"),
            "episode_duration_months": months.astype(int).astype(str),
            "education": rng.choice(["low", "middle", "high"], n),
        }
    )
    seen = rng.random(n) < 0.85
    rows = []
    for instrument, visit, weeks, values in (
        ("hamd17", "baseline", "0", base),
        ("bdi2", "baseline", "0", bdi),
        ("hamd17", "post", "16", np.where(seen, post, np.nan)),
        (
            "bdi2",
            "post",
            "16",
            np.where(seen, (1.4 * post + rng.normal(0, 5, n)).round().clip(0, 60), np.nan),
        ),
    ):
        rows += [
            ("XX-A", i, instrument, "observer", visit, weeks, f"{v:g}", "")
            for i, v in zip(ids, values, strict=True)
            if not np.isnan(v)
        ]
    names = ["study", "participant", "instrument", "rating", "timepoint", "weeks", "score", "scoring"]
    return people, pd.DataFrame(rows, columns=names)
