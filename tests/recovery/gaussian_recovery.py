"""Bias, coverage and type I error of each df method, by simulation.

    python -m tests.recovery.gaussian_recovery [REPETITIONS]

prints the tables of docs/validation-engine.md. Trials are drawn as their sufficient statistics: study k with
n_k participants, half treated, has S_k = n_k / 4, an estimate N(theta + u_k, sigma_k^2 / S_k) and a residual
sum of squares sigma_k^2 chi^2(n_k - 2). That is exact, and a hundred thousand fits take seconds. The second
table fits a residual variance per study, one set of rows at a time.
"""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
import pandas as pd
from benchmarks.many_sets import null_standardised_ends
from scipy import special

from ipdma.model.batch import BatchFit, fit_batch
from ipdma.model.batch_kernel import BatchProblem
from ipdma.model.design import build_design
from ipdma.model.df import df_method
from ipdma.model.fixed_effects import fixed_effects
from ipdma.model.gaussian import infer, prepare_design, variances
from ipdma.model.inference import term_estimates
from ipdma.model.nst import critical_share
from ipdma.model.nst_share import TrialSets, signed_share
from ipdma.model.own_estimates import own_estimates
from ipdma.model.search import minimise
from ipdma.model.spec import ModelSpec

STUDIES = (3, 5, 7, 11, 20)
TAU = {"zero": 0.0, "small": 0.15, "large": 0.6}
METHODS = ("kenward_roger", "satterthwaite", "hksj", "k_minus_1", "residual", "normal")
THETA = 0.0
SHOWN = ("nst", *METHODS)
EFFECT = 0.3  # that power is for, in residual SDs
SEARCHED = 3_000  # trials of those meta-analyses whose null-standardised interval is searched for its width


def study_sizes(k: int, unequal: bool) -> np.ndarray:
    """80 participants each, or from 24 to 200."""
    return np.full(k, 80.0) if not unequal else np.round(np.geomspace(24, 200, k) / 2) * 2


def residual_sd(k: int, unequal: bool) -> np.ndarray:
    """1 each, or from 0.6 to 1.5 against the order of size."""
    return np.ones(k) if not unequal else np.geomspace(1.5, 0.6, k)


def draw_batch(
    k: int, tau: float, unequal_sizes: bool, unequal_sd: bool, times: int, rng: np.random.Generator
) -> BatchProblem:
    """Swept cross-products of [treatment, outcome] for `times` meta-analyses."""
    n, sd = study_sizes(k, unequal_sizes)[:, None], residual_sd(k, unequal_sd)[:, None]
    s = np.broadcast_to(n / 4, (k, times))
    own = THETA + tau * rng.standard_normal((k, times)) + sd / np.sqrt(s) * rng.standard_normal((k, times))
    rest = sd**2 * rng.chisquare(np.broadcast_to(n - 2, (k, times)))
    gram = np.array([[s, s * own], [s * own, s * own**2 + rest]])
    dimensions = np.full(times, float((n - 1).sum()))
    return BatchProblem(gram, dimensions, (0,), ((0, 0),), np.zeros(times))


def intervals(problem: BatchProblem, fit: BatchFit, k: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Half width and estimate's distance from the truth by df method."""
    s = problem.gram[0, 0]
    own, tau2 = problem.gram[0, 1] / s, fit.between[:, 0, 0]
    w = 1 / (fit.sigma2 / s + tau2)
    scale = np.sqrt((w * (own - fit.beta[:, 0]) ** 2).sum(axis=0) / ((k - 1) * w.sum(axis=0)))
    plain = fit.std_error[:, 0]
    normal = special.ndtri(0.975)
    residual = special.stdtrit(problem.dimensions - 1, 0.975)
    return {
        "kenward_roger": (fit.kenward_roger_error[:, 0], special.stdtrit(fit.kenward_roger_df[:, 0], 0.975)),
        "satterthwaite": (plain, special.stdtrit(fit.satterthwaite_df[:, 0], 0.975)),
        "hksj": (scale, np.full_like(plain, special.stdtrit(k - 1, 0.975))),
        "k_minus_1": (plain, np.full_like(plain, special.stdtrit(k - 1, 0.975))),
        "residual": (plain, residual),
        "normal": (plain, np.full_like(plain, normal)),
    }


def common_residual(times: int, searched: int = SEARCHED) -> pd.DataFrame:
    """A row per cell: bias, coverage by method, share of singular fits."""
    found = []
    cells = product(STUDIES, TAU, (False, True), (False, True))
    for number, (k, tau, sizes, sds) in enumerate(cells):
        rng = np.random.default_rng([20261124, number])
        problem = draw_batch(k, TAU[tau], sizes, sds, times, rng)
        fit = fit_batch(problem, starts=(0.3, 1.0))
        error = fit.beta[:, 0] - THETA
        row = {"K": k, "tau": TAU[tau], "sizes": label(sizes), "sd": label(sds)}
        row |= {"bias": error.mean(), "empirical_se": error.std(), "singular": fit.singular.mean()}
        row |= null_standardised_row(problem, study_sizes(k, sizes), searched)
        for method, (se, quantile) in intervals(problem, fit, k).items():
            row[method] = (np.abs(error) <= quantile * se).mean()
            row[f"{method}_width"] = np.median(2 * quantile * se)
            row[f"{method}_power"] = (np.abs(error + EFFECT) > quantile * se).mean()
        found.append(row)
    return pd.DataFrame(found)


def null_standardised_row(problem: BatchProblem, n: np.ndarray, searched: int) -> dict[str, float]:
    """Coverage, width and power of the null-standardised interval, from each trial's own variance.

    Where the truth is rejected it may still lie in a gap of the accepted set, so that those are searched.
    """
    s = problem.gram[0, 0]
    own, rest = problem.gram[0, 1] / s, problem.gram[1, 1] - problem.gram[0, 1] ** 2 / s
    v = rest / (n[:, None] - 2) / s
    k, zero = len(n), np.zeros(own.shape[1])
    critical = critical_share(k, 0.95)
    covered = np.abs(signed_share(TrialSets(own - THETA, v), zero)) <= critical
    outside = np.flatnonzero(~covered)
    low, high = null_standardised_ends(own[:, outside].T, v[:, outside].T)
    covered[outside] = (low <= THETA) & (high >= THETA)
    some = slice(searched // k)
    low, high = null_standardised_ends(own[:, some].T, v[:, some].T)
    rejected = np.abs(signed_share(TrialSets(own - THETA + EFFECT, v), zero)) > critical
    return {"nst": covered.mean(), "nst_width": np.median(high - low), "nst_power": rejected.mean()}


def side_by_side(table: pd.DataFrame) -> str:
    """By K and tau over sizes and SDs: lowest to highest coverage, median width, mean power."""
    lines = ["| K | tau | " + " | ".join(f"`{m}`" for m in SHOWN) + " |", "|---" * (2 + len(SHOWN)) + "|"]
    for (k, tau), own in table.groupby(["K", "tau"]):
        cells = [
            f"{100 * own[m].min():.1f} to {100 * own[m].max():.1f}; {own[m + '_width'].median():.2f}; "
            f"{100 * own[m + '_power'].mean():.0f} %"
            for m in SHOWN
        ]
        lines.append(f"| {k} | {tau:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def label(unequal: bool) -> str:
    """equal or unequal."""
    return "unequal" if unequal else "equal"


def draw_rows(k: int, tau: float, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of unequal studies with unequal residual variances."""
    n = study_sizes(k, True).astype(int)
    study = np.repeat(np.arange(k), n)
    treat = np.concatenate([np.arange(m) % 2 for m in n]).astype(float)
    y = (THETA + tau * rng.standard_normal(k))[study] * treat
    y = y + residual_sd(k, True)[study] * rng.standard_normal(len(study))
    return pd.DataFrame({"study": np.char.add("T", study.astype(str)), "treat": treat, "y": y})


def by_study_residual(times: int) -> pd.DataFrame:
    """Coverage with a residual variance per study: unequal sizes and variances."""
    found = []
    for number, (k, tau) in enumerate(product(STUDIES, TAU)):
        rng = np.random.default_rng([7, number])
        covered: dict[str, list[bool]] = {m: [] for m in METHODS}
        errors = []
        for _ in range(times):
            estimates = fit_each_method(draw_rows(k, TAU[tau], rng))
            errors.append(estimates["normal"].estimate - THETA)
            for method, e in estimates.items():
                covered[method].append(e.ci_low <= THETA <= e.ci_high)
        row = {"K": k, "tau": TAU[tau], "bias": np.mean(errors), "empirical_se": np.std(errors)}
        found.append(row | {m: np.mean(c) for m, c in covered.items()})
    return pd.DataFrame(found)


def fit_each_method(rows: pd.DataFrame) -> dict:
    """The treatment's estimate by each df method, from one search."""
    spec = ModelSpec.from_mapping({"residual": "by_study"})
    prepared = prepare_design(build_design(rows, spec))
    optimum = minimise(prepared.swept)
    effects = fixed_effects(prepared, optimum.point)
    own = own_estimates(prepared, optimum.point, variances(prepared, optimum))
    inference = infer(prepared, optimum, effects, own)
    found = {}
    for method in METHODS:
        found[method] = next(e for e in term_estimates(inference, df_method(method)) if e.term == "treatment")
    return found


def as_markdown(table: pd.DataFrame) -> str:
    """A table for the page; coverages in percent."""
    shown = table.copy()
    for method in [m for m in SHOWN if m in shown]:
        shown[method] = (100 * shown[method]).map("{:.1f}".format)
    for name in ("bias", "empirical_se", "singular"):
        if name in shown:
            shown[name] = shown[name].map("{:.3f}".format)
    shown = shown[[c for c in shown if not c.endswith(("_width", "_power"))]]
    head = "| " + " | ".join(shown.columns) + " |\n|" + "---|" * len(shown.columns)
    return "\n".join([head, *("| " + " | ".join(map(str, r)) + " |" for r in shown.itertuples(index=False))])


def main() -> None:
    """Print the tables."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    table = common_residual(times)
    print(f"### One residual variance, {times} meta-analyses a cell\n")
    print(as_markdown(table))
    print(f"\n### Coverage, width, power for an effect of {EFFECT}\n")
    print(side_by_side(table))
    print(f"\n### Residual variance by study, {max(times // 20, 20)} meta-analyses a cell\n")
    print(as_markdown(by_study_residual(max(times // 20, 20))))


if __name__ == "__main__":
    main()
