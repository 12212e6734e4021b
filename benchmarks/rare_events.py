"""Coverage, width and power of what needs no half event added: Mantel-Haenszel, Peto, beta-binomial.

    python benchmarks/rare_events.py > rare.md    the table of the documentation, some minutes

Data sets are drawn as in coverage_events.py. The beta-binomial model (events of an arm, one treatment effect,
one overdispersion, trials not told apart; Kuss 2015, Stat Med 34:1097) is no part of the package: it was
weighed by this. Its estimates are those of glmmTMB's `betabinomial`. Intervals are normal.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
from coverage import LEVEL
from coverage_events import EFFECT, SIZES, TAUS, draw
from scipy.optimize import minimize
from scipy.special import expit, gammaln, psi

from ipdma.model.interval import quantile
from ipdma.model.two_by_two import Tables, mantel_haenszel, peto

Array = np.ndarray
STUDIES, RISKS = (5, 11), (0.05, 0.02)
SHOWN = ("mantel_haenszel", "peto", "beta_binomial")
LARGEST = 12.0  # logarithm of the precision from which on the model is the binomial one
BINOMIAL = 9.0  # and that from which on its information is that of two parameters
STARTS = (2.0, 5.0)


def tables_of(cells: Array) -> Tables:
    """The trials with an event and with somebody without one; `cells` (K, 2, 2) as `draw` has them."""
    n, events = cells.sum(axis=2), cells[:, :, 1]
    names = tuple(map(str, range(len(cells))))
    every = Tables(names, events[:, 1], n[:, 1], events[:, 0], n[:, 0])
    return every.pick(every.informative("or"))


def likelihood(p: Array, x: Array, n: Array, t: Array) -> tuple[float, Array]:
    """Minus the log likelihood of intercept, effect and log precision, and its gradient."""
    mean, size = expit(p[0] + p[1] * t), np.exp(min(p[2], LARGEST))
    a, b = mean * size, (1 - mean) * size
    value = gammaln(x + a) + gammaln(n - x + b) - gammaln(n + size) + gammaln(size) - gammaln(a) - gammaln(b)
    da, db = psi(x + a) - psi(a), psi(n - x + b) - psi(b)
    own = (da - db) * size * mean * (1 - mean)
    spread = size * np.sum(da * mean + db * (1 - mean) + psi(size) - psi(n + size))
    return -float(value.sum()), -np.array([own.sum(), own @ t, spread])


def beta_binomial(cells: Array) -> tuple[float, float] | None:
    """The log odds ratio and its standard error; None where an arm has no event in any trial."""
    x, n, t = cells[:, :, 1].ravel(), cells.sum(axis=2).ravel(), np.tile([0.0, 1.0], len(cells))
    events, others = (np.array([one[t == arm].sum() for arm in (0, 1)]) for one in (x, n - x))
    if not events.all():
        return None
    logit = np.log(events / others)
    fits = [
        minimize(likelihood, [logit[0], logit[1] - logit[0], start], args=(x, n, t), jac=True, method="BFGS")
        for start in STARTS
    ]
    p = min(fits, key=lambda fit: fit.fun).x
    step = 1e-5 * np.eye(3)
    slopes = [likelihood(p + h, x, n, t)[1] - likelihood(p - h, x, n, t)[1] for h in step]
    information = np.array(slopes) / 2e-5
    if p[2] > BINOMIAL:
        information = information[:2, :2]
    variance = float(np.linalg.inv((information + information.T) / 2)[1, 1])
    return (float(p[1]), variance**0.5) if variance > 0 else None


def answers(cells: Array) -> Iterator[tuple[str, float, float]]:
    """Each method's estimate and standard error where it has one."""
    tables = tables_of(cells)
    if len(tables.study):
        for name, (estimate, variance) in (
            ("mantel_haenszel", mantel_haenszel(tables, "or")[:2]),
            ("peto", peto(tables)[:2]),
        ):
            if np.isfinite(estimate) and variance > 0:
                yield name, float(estimate), float(variance) ** 0.5
    if (found := beta_binomial(cells)) is not None:
        yield "beta_binomial", *found


def describe(found: list[tuple[float, float]], count: int) -> str:
    """Share of data sets with an answer; of those coverage, median bias, median width, power."""
    estimate, error = np.array(found).T
    half = quantile(None, LEVEL) * error
    covered, power = np.abs(estimate - EFFECT) <= half, np.abs(estimate) > half
    return (
        f"{100 * len(found) / count:.0f}: {100 * covered.mean():.1f} %, {np.median(estimate) - EFFECT:+.2f}, "
        f"{np.median(2 * half):.2f}, {100 * power.mean():.0f} %"
    )


def main() -> None:
    """Print a line for each cell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=500)
    parser.add_argument("--seed", type=int, default=21)
    options = parser.parse_args()
    print("| sizes | K | risk | tau | " + " | ".join(f"`{name}`" for name in SHOWN) + " |")
    print("|---" * (4 + len(SHOWN)) + "|")
    for place, (kind, k, risk, tau) in enumerate(product(SIZES, STUDIES, RISKS, TAUS)):
        random = np.random.default_rng([options.seed, place])
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in SHOWN}
        for cells in draw(k, risk, tau, kind, options.replications, random):
            for name, estimate, error in answers(cells):
                found[name].append((estimate, error))
        shown = " | ".join(describe(found[name], options.replications) for name in SHOWN)
        print(f"| {kind} | {k} | {risk:g} | {tau:g} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
