"""Coverage, width and power of intervals for the pooled effect, over trials' own estimates.

    python benchmarks/coverage.py --out coverage.csv                     the whole grid: half an hour
    python benchmarks/coverage.py --studies 3 5 --out coverage.csv       a part of it
    python benchmarks/coverage.py --table coverage.csv                   the tables of the documentation

In a model that is stratified by study a trial's estimate and its own variance hold all that it says of the
pooled effect, so that the individual data need not be drawn. Estimates are N(mean + N(0, tau2), sd^2 2 / n),
their variances come with 2 n - 2 degrees of freedom. A run that was stopped goes on where it was; every
cell has a seed of its own. docs/validation-intervals.md keeps what came out.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from many_sets import null_standardised_ends

from ipdma.model.interval import quantile
from ipdma.model.nst import critical_share
from ipdma.model.nst_share import TrialSets, signed_share

Array = np.ndarray
STUDIES = (3, 4, 5, 7, 11, 20, 2)  # a cell's seed goes by its place here
TAUS = (0.0, 0.15, 0.3, 0.6)
SIZES = ("equal", "tiny", "geometric", "one_large", "random", "correlated")
SPREADS = ("equal", "with_size", "against_size")
EFFECT = 0.6  # the true mean for which power is counted
CORRELATION = 0.5  # of true effects with the logarithm of size, in the class of that name
SPAN = (math.log(8), math.log(90))  # of the logarithm of size there
LEVEL = 0.95
SEARCHED = 6_000  # trials of those replications whose null-standardised interval is searched for its width
METHODS = ("nst", "equal_weight_t", "modified_hksj", "hksj", "wald")
FIELDS = ("studies", "tau", "sizes", "spread", "method", "coverage", "mc_error", "median_width", "power")


def sizes(kind: str, k: int, random: np.random.Generator, count: int = 1) -> Array:
    """Participants in an arm of each trial; shape (count, K) where every replication draws its own."""
    if kind == "equal":
        return np.full(k, 30)
    if kind == "tiny":
        return np.round(np.linspace(8, 12, k)).astype(int)
    if kind == "correlated":
        return np.round(np.exp(random.uniform(*SPAN, (count, k)))).astype(int)
    if kind == "geometric":
        return np.round(np.geomspace(8, 90, k)).astype(int)
    if kind == "one_large":
        return np.concatenate([np.round(np.linspace(8, 15, k - 1)), [90]]).astype(int)
    return np.sort(random.integers(8, 91, k))


def residual_sd(kind: str, n: Array) -> Array:
    """The outcome's standard deviation within an arm of each trial."""
    if kind == "equal" or n.min() == n.max():
        return np.ones(n.shape[-1])
    place = (np.log(n) - np.log(n.min())) / (np.log(n.max()) - np.log(n.min()))
    return 0.7 * 2 ** (place if kind == "with_size" else 1 - place)


def draw(
    n: Array, sd: Array, tau: float, correlation: float, count: int, random: np.random.Generator
) -> tuple[Array, Array]:
    """Deviations from the true mean over trials and estimated variances, each of shape (count, K).

    True effects may be correlated with the logarithm of size, which is then uniform over `SPAN`.
    """
    v, df, shape = 2 * sd**2 / n, 2 * n - 2, (count, n.shape[-1])
    place = (np.log(n) - np.mean(SPAN)) / (np.ptp(SPAN) / math.sqrt(12))
    y = random.normal(correlation * tau * place, np.sqrt(v + (1 - correlation**2) * tau**2), shape)
    return y, v * random.chisquare(df, shape) / df


def reml_tau2(y: Array, v: Array) -> Array:
    """REML by Fisher scoring for many meta-analyses at once, shape (R,)."""
    tau2 = np.maximum(y.var(axis=1, ddof=1) - v.mean(axis=1), 0.0)
    for _ in range(200):
        w = 1 / (v + tau2[:, None])
        total = w.sum(axis=1)
        mean = (w * y).sum(axis=1) / total
        squares = w**2
        trace = total - squares.sum(axis=1) / total
        information = (
            squares.sum(axis=1) - 2 * (w**3).sum(axis=1) / total + (squares.sum(axis=1) / total) ** 2
        )
        score = (squares * (y - mean[:, None]) ** 2).sum(axis=1) - trace
        step = np.maximum(tau2 + score / information, 0.0) - tau2
        tau2 = tau2 + step
        if np.abs(step).max() < 1e-10:
            break
    return tau2


def symmetric(y: Array, v: Array) -> dict[str, tuple[Array, Array]]:
    """Mean and half width of each interval about a mean: Hartung and Knapp's, one-sample t, Wald."""
    k = y.shape[1]
    w = 1 / (v + reml_tau2(y, v)[:, None])
    total = w.sum(axis=1)
    mean = (w * y).sum(axis=1) / total
    scale = (w * (y - mean[:, None]) ** 2).sum(axis=1) / (k - 1)
    t, z = quantile(k - 1, LEVEL), quantile(None, LEVEL)
    return {
        "hksj": (mean, t * np.sqrt(scale / total)),
        "modified_hksj": (mean, t * np.sqrt(np.maximum(scale, 1.0) / total)),
        "equal_weight_t": (y.mean(axis=1), t * y.std(axis=1, ddof=1) / math.sqrt(k)),
        "wald": (mean, z / np.sqrt(total)),
    }


def of_symmetric(mean: Array, half: Array) -> dict[str, float]:
    """Coverage, width and power of an interval about a mean."""
    return {
        "coverage": float(np.mean(np.abs(mean) <= half)),
        "median_width": float(np.median(2 * half)),
        "power": float(np.mean(np.abs(mean + EFFECT) > half)),
    }


def of_nst(y: Array, v: Array) -> dict[str, float]:
    """The same of the hull of the null-standardised set; a rejected value may still lie between its ends."""
    covered, low, high = hulls(y, v)
    rejected = np.abs(shares(y + EFFECT, v)) > critical_share(y.shape[1], LEVEL)
    in_gap = rejected[: len(low)] & (low <= -EFFECT) & (high >= -EFFECT)
    return {
        "coverage": float(covered.mean()),
        "median_width": float(np.median(high - low)),
        "power": float(rejected.mean() - in_gap.mean()),
    }


def hulls(y: Array, v: Array, searched: int = SEARCHED) -> tuple[Array, Array, Array]:
    """Whether each null-standardised hull holds 0, and the ends of the first, of `searched` trials in all."""
    covered = np.abs(shares(y, v)) <= critical_share(y.shape[1], LEVEL)
    outside, some = np.flatnonzero(~covered), slice(searched // y.shape[1])
    low, high = null_standardised_ends(y[outside], v[outside], LEVEL)
    covered[outside] = (low <= 0) & (high >= 0)
    return covered, *null_standardised_ends(y[some], v[some], LEVEL)


def shares(y: Array, v: Array) -> Array:
    """The signed share of T(0) in each replication, shape (R,)."""
    return signed_share(TrialSets(y.T, v.T), np.zeros(len(y)))


def cells(studies: list[int]) -> Iterator[tuple[int, float, str, str]]:
    """The grid: 14 classes of trials for each K and tau (13 where effects do not vary)."""
    for k in studies:
        for tau in TAUS:
            for kind in SIZES:
                if kind == "correlated" and not tau:
                    continue
                for spread in SPREADS if kind not in ("equal", "correlated") else SPREADS[:1]:
                    yield k, tau, kind, spread


def run_cell(k: int, tau: float, kind: str, spread: str, count: int, seed: int) -> list[dict]:
    """Every method in one cell."""
    place = [STUDIES.index(k), TAUS.index(tau), SIZES.index(kind), SPREADS.index(spread)]
    random = np.random.default_rng([seed, *place])
    n = sizes(kind, k, random, count)
    y, v = draw(n, residual_sd(spread, n), tau, CORRELATION * (kind == "correlated"), count, random)
    rows = []
    every = {"nst": of_nst(y, v)} | {name: of_symmetric(*one) for name, one in symmetric(y, v).items()}
    for name, found in every.items():
        error = math.sqrt(found["coverage"] * (1 - found["coverage"]) / count)
        cell = {"studies": k, "tau": tau, "sizes": kind, "spread": spread, "method": name}
        rows.append({**cell, "mc_error": error, **found})
    return rows


def complete(out: Path, studies: list[int], count: int, seed: int) -> None:
    """Run the cells that the file does not hold yet, each written once it is done."""
    done = (
        set()
        if not out.exists()
        else {(r["studies"], r["tau"], r["sizes"], r["spread"]) for r in rows_of(out)}
    )
    with out.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        if not done:
            writer.writeheader()
        for cell in cells(studies):
            if tuple(map(str, cell)) not in done:
                writer.writerows(run_cell(*cell, count, seed))
                stream.flush()


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a file of cells."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def table(rows: list[dict[str, str]]) -> str:
    """One line for each K, tau and method over the classes of trial, in Markdown."""
    lines = [
        "| K | tau | method | coverage, min to max % | mean % | width | power % |",
        "|---|---|---|---|---|---|---|",
    ]
    for (k, tau, method), (coverage, mean, width, power) in summary(rows).items():
        lines.append(f"| {k} | {tau:g} | `{method}` | {coverage} | {mean:.1f} | {width:.2f} | {power:.0f} |")
    return "\n".join(lines)


def side_by_side(rows: list[dict[str, str]]) -> str:
    """One line for each K and tau, a column for each method, in Markdown."""
    found = summary(rows)
    lines = [
        "| K | tau | " + " | ".join(f"`{name}`" for name in METHODS) + " |",
        "|---" * (2 + len(METHODS)) + "|",
    ]
    for k, tau in sorted({key[:2] for key in found}):
        own = [found[k, tau, name] for name in METHODS]
        shown = [f"{coverage}; {width:.2f}; {power:.0f} %" for coverage, _, width, power in own]
        lines.append(f"| {k} | {tau:g} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def summary(rows: list[dict[str, str]]) -> dict[tuple[int, float, str], tuple[str, float, float, float]]:
    """By K, tau and method over the classes: ends of the coverage, its mean, median width, mean power."""
    numbers = ("coverage", "median_width", "power")
    groups: dict[tuple[int, float, str], list[list[float]]] = {}
    for r in rows:
        key = (int(r["studies"]), float(r["tau"]), r["method"])
        groups.setdefault(key, []).append([float(r[name]) for name in numbers])
    found = {}
    for key in sorted(groups, key=lambda key: (*key[:2], METHODS.index(key[2]))):
        covered, width, power = np.array(groups[key]).T
        ends = f"{100 * covered.min():.1f} to {100 * covered.max():.1f}"
        found[key] = (ends, 100 * covered.mean(), float(np.median(width)), 100 * power.mean())
    return found


def main() -> None:
    """Run the grid, or print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=10_000)
    parser.add_argument("--studies", type=int, nargs="*", default=list(STUDIES), choices=STUDIES)
    parser.add_argument("--seed", type=int, default=20)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path)
    what.add_argument("--table", type=Path)
    options = parser.parse_args()
    if options.table:
        print(table(rows_of(options.table)), side_by_side(rows_of(options.table)), sep="\n\n")
    else:
        complete(options.out, options.studies, options.replications, options.seed)


if __name__ == "__main__":
    main()
