"""Coverage, width and power where events are rare: trials' own log odds ratios, half an event added where a
cell is empty, trials without any event (or with nothing else) left out.

    python benchmarks/coverage_events.py > events.md    the table of the documentation, a few minutes

The null-standardised interval stands beside the second stage's others on the same trials.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from itertools import product

import numpy as np
from coverage import LEVEL, hulls, shares, sizes, symmetric

from ipdma.model.alone import ADDED
from ipdma.model.nst import critical_share

Array = np.ndarray
STUDIES = (5, 11, 20)
RISKS = (0.3, 0.1, 0.05, 0.02)  # without treatment, in a trial of the middle
TAUS = (0.0, 0.3)
SIZES = ("equal", "geometric")
EFFECT, LEVELS = math.log(0.5), 0.5  # mean log odds ratio; between-trial SD of the log odds without treatment
SHOWN = ("nst", "modified_hksj", "hksj", "wald")
SEARCHED = {5: 6_000, 11: 6_000, 20: 1_000}  # trials, for each number of them that inform: for widths


def draw(k: int, risk: float, tau: float, kind: str, count: int, random: np.random.Generator) -> Array:
    """Events and others by arm, shape (count, K, 2, 2): [replication, trial, arm, (others, events)]."""
    n = sizes(kind, k, random)
    level = math.log(risk / (1 - risk)) + LEVELS * random.normal(size=(count, k))
    effect = EFFECT + tau * random.normal(size=(count, k))
    odds = np.exp(np.stack([level, level + effect], axis=2))
    events = random.binomial(n[:, None], odds / (1 + odds))
    return np.stack([n[:, None] - events, events], axis=3).astype(float)


def log_odds(cells: Array) -> tuple[Array, Array, Array]:
    """Each trial's log odds ratio and variance, and whether it has both outcomes; shape (count, K)."""
    informs = (cells.sum(axis=2) > 0).all(axis=2)
    filled = cells + ADDED * (cells == 0).any(axis=(2, 3))[:, :, None, None]
    log = np.log(filled)
    return (
        log[:, :, 1, 1] + log[:, :, 0, 0] - log[:, :, 1, 0] - log[:, :, 0, 1],
        (1 / filled).sum(axis=(2, 3)),
        informs,
    )


def judge(y: Array, v: Array, informs: Array) -> Iterator[tuple[str, Array, Array, Array]]:
    """By method whether each interval holds the truth, whether it excludes 0, and widths.

    Of data sets in which at least three trials inform, those with as many of them together.
    """
    known = informs.sum(axis=1)
    for k in range(3, y.shape[1] + 1):
        at = known == k
        if not at.any():
            continue
        own, var = y[at][informs[at]].reshape(-1, k), v[at][informs[at]].reshape(-1, k)
        covered, low, high = hulls(own - EFFECT, var, SEARCHED[y.shape[1]])
        yield "nst", covered, np.abs(shares(own, var)) > critical_share(k, LEVEL), high - low
        for name, (mean, half) in symmetric(own, var).items():
            yield name, np.abs(mean - EFFECT) <= half, np.abs(mean) > half, 2 * half


def describe(covered: Array, rejected: Array, width: Array) -> str:
    """Coverage, median width and power in a table's cell."""
    return f"{100 * covered.mean():.1f} %, {np.median(width):.2f}, {100 * rejected.mean():.0f} %"


def main() -> None:
    """Print a line for each cell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    print("| sizes | K | risk | tau | fewer trials % | " + " | ".join(f"`{name}`" for name in SHOWN) + " |")
    print("|---" * (5 + len(SHOWN)) + "|")
    for place, (kind, k, risk, tau) in enumerate(product(SIZES, STUDIES, RISKS, TAUS)):
        random = np.random.default_rng([options.seed, place])
        y, v, informs = log_odds(draw(k, risk, tau, kind, options.replications, random))
        found: dict[str, list[list[Array]]] = {name: [] for name in SHOWN}
        for name, *judged in judge(y, v, informs):
            if name in found:
                found[name].append(judged)
        ends = {
            name: [np.concatenate(part) for part in zip(*parts, strict=True)] for name, parts in found.items()
        }
        fewer = 100 * np.mean(informs.sum(axis=1) < k)
        shown = " | ".join(describe(*ends[name]) for name in SHOWN)
        print(f"| {kind} | {k} | {risk:g} | {tau:g} | {fewer:.0f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
