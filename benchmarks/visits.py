"""The model over visits beside nlme, glmmTMB and mmrm: seconds per fit, and how far each stops short.

    python benchmarks/visits.py [--repeats 5]

300 participants in 11 studies, three visits after baseline, dropout (up to eight patterns of visits):
baseline among the outcomes, unstructured covariance, an independent random effect per visit. R is timed
inside one R process from its data frame; ours from a data frame too, with Kenward-Roger for every
coefficient, which none of the others gives here. A package that is not installed is said.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

VISITS = ("w0", "w8", "w16", "w40")
WITHIN = np.array([[20, 9, 8, 6], [9, 30, 16, 13], [8, 16, 36, 20], [6, 13, 20, 42.0]])
SCRIPT = Path(__file__).with_name("visits.R")


def draw_rows(seed: int) -> pd.DataFrame:
    """Rows of one drawn consortium."""
    rng = np.random.default_rng(seed)
    lower = np.linalg.cholesky(WITHIN)
    sizes = rng.multinomial(300 - 11 * 12, np.ones(11) / 11) + 12
    rows = []
    for s, n in enumerate(sizes):
        effect = np.array([0, -2.0, -3.5, -3.0]) + rng.normal(0, 1.5, 4)
        for i in range(n):
            y = 22 + s + lower @ rng.normal(size=4) + (i % 2) * effect
            kept = [0, *(j for j in (1, 2, 3) if rng.random() > 0.15)]
            rows += [(f"T{s:02d}", f"{s}-{i}", VISITS[j], i % 2, round(y[j], 3)) for j in kept]
    return pd.DataFrame(rows, columns=["study", "pid", "visit", "treat", "y"])


def time_ours(rows: pd.DataFrame, repeats: int) -> dict:
    """Seconds (median) and criterion of our fit with Kenward-Roger for every coefficient."""
    spec = ModelSpec.from_mapping(
        {
            "participant": "pid",
            "visit": "visit",
            "baseline_visit": "w0",
            "covariance": "unstructured",
            "random_correlation": False,
        }
    )
    fit_model(rows, spec)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        fit = fit_model(rows, spec)
        seconds.append(time.perf_counter() - start)
    return {"seconds": float(np.median(seconds)), "criterion": fit.criterion}


def time_r(rows: pd.DataFrame) -> dict:
    """What visits.R prints of nlme, glmmTMB and mmrm."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        rows.to_csv(path, index=False)
        done = subprocess.run(
            ["Rscript", str(SCRIPT), str(path)], capture_output=True, text=True, check=True, timeout=1200
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print a table of seconds, ratios and gaps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sets", type=int, default=3)
    options = parser.parse_args()
    print("| data set | engine | seconds | times ours | minus two REML log likelihood above ours |")
    print("|---|---|---|---|---|")
    for seed in range(1, options.sets + 1):
        rows = draw_rows(seed)
        ours = time_ours(rows, options.repeats)
        print(f"| {seed} | ipdma, with Kenward-Roger | {ours['seconds']:.3f} | 1 | 0 |", flush=True)
        if not shutil.which("Rscript"):
            print(f"| {seed} | R is not installed | | | |")
            continue
        for name, found in time_r(rows).items():
            if "why" in found:
                print(f"| {seed} | {name}: {found['why']} | | | |")
                continue
            gap = found["criterion"] - ours["criterion"]
            ratio = found["seconds"] / ours["seconds"]
            print(f"| {seed} | {name} | {found['seconds']:.3f} | {ratio:.1f} | {gap:.2e} |", flush=True)


if __name__ == "__main__":
    main()
