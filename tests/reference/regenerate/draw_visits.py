"""Draw the rows over visits that `visits.R` fits: synthetic, fixed seed, written beside the pins.

python draw_visits.py ../data
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

VISITS = ["w0", "w8", "w16", "w40"]
WITHIN = np.array([[20, 9, 8, 6], [9, 30, 16, 13], [8, 16, 36, 20], [6, 13, 20, 42.0]])


def draw(seed, sizes, visits, tau, dropout, lacking):
    """Rows of trials in which some lack a visit and participants leave."""
    rng = np.random.default_rng(seed)
    take = [VISITS.index(v) for v in visits]
    lower = np.linalg.cholesky(WITHIN[np.ix_(take, take)])
    rows = []
    for s, n in enumerate(sizes):
        effect = np.array([0, -2.0, -3.5, -3.0])[take] + rng.normal(0, tau, len(take))
        for i in range(n):
            treat = int(rng.random() < 0.5)
            severity = rng.normal(0, 1)
            y = 22 + s + lower @ rng.normal(size=len(take)) + treat * effect + 1.5 * severity
            gone = False
            for j, v in enumerate(visits):
                gone = gone or (j > 0 and rng.random() < dropout)
                if not gone and v not in lacking.get(s, ()):
                    rows.append(
                        (f"T{s + 1}", f"{s + 1}-{i + 1}", v, treat, round(severity, 3), round(y[j], 2))
                    )
    return pd.DataFrame(rows, columns=["study", "pid", "visit", "treat", "severity", "y"])


def main(folder):
    """Write the three sets."""
    sets = {
        "visits_clda": draw(11, [30, 44, 26, 60, 38], VISITS, 1.2, 0.1, {1: ("w8",), 3: ("w40",)}),
        "visits_post": draw(12, [24, 30, 52, 40], VISITS[1:], 1.5, 0.12, {2: ("w40",)}),
        "visits_one": draw(13, [90], VISITS, 0.0, 0.12, {}),
    }
    for name, rows in sets.items():
        rows.to_csv(Path(folder) / f"{name}.csv", index=False)


if __name__ == "__main__":
    main(sys.argv[1])
