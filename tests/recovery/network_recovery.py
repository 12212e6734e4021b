"""Networks drawn from a consistent truth: coverage of intervals, type I error of the tests of agreement.

python -m tests.recovery.network_recovery 300
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from tests.builders.network_rows import ARMS, EFFECTS, NODES

from ipdma.model.network import (
    fit_inconsistency,
    fit_network,
    network_of,
    pool_network,
    split_node,
    study_contrasts,
)
from ipdma.model.spec import ModelSpec, PoolSpec

SPEC = ModelSpec(treatment="node", covariates=("base",), residual="by_study")
MORE = {**ARMS, **{f"T{name}": arms for name, arms in ARMS.items()}}
DESIGNS = {"9 trials": ARMS, "18 trials": MORE}


def draw(rng: np.random.Generator, arms: dict[str, tuple[str, ...]], tau: float) -> pd.DataFrame:
    """Trials whose arms stray from the true effects with variance tau2 / 2 each; residual SDs differ."""
    parts = []
    for study, nodes in arms.items():
        sd = rng.uniform(0.7, 1.3)
        for node in nodes:
            n = int(rng.integers(15, 60))
            base = rng.normal(0, 1, n)
            y = 0.5 * base + EFFECTS[node] + tau / np.sqrt(2) * rng.normal() + sd * rng.normal(size=n)
            parts.append(pd.DataFrame({"study": study, "node": node, "y": y, "base": base}))
    return pd.concat(parts, ignore_index=True)


def repeat(arms: dict[str, tuple[str, ...]], tau: float, seeds: Sequence[int]) -> pd.DataFrame:
    """One row per drawn network: shares of its intervals that hold the truth, p values of its tests."""
    return pd.DataFrame([dict(answers(draw(np.random.default_rng(seed), arms, tau))) for seed in seeds])


def answers(rows: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """What one network says."""
    network = network_of(zip(rows["study"], rows["node"], strict=True), NODES)
    contrasts, _ = study_contrasts(rows, SPEC, network)
    stages = {
        "one": fit_network(rows, SPEC, network).comparisons,
        "two": pool_network(contrasts, NODES, PoolSpec(ci="modified_hksj")).comparisons,
    }
    for stage, found in stages.items():
        truth = [EFFECTS[c.active] - EFFECTS[c.reference] for c in found]
        own = [(c.estimate, t) for c, t in zip(found, truth, strict=True)]
        yield f"coverage_{stage}", float(np.mean([e.ci_low <= t <= e.ci_high for e, t in own]))
        yield f"bias_{stage}", float(np.mean([e.estimate - t for e, t in own]))
    test = fit_inconsistency(rows, SPEC, network)
    yield "inconsistency", np.nan if test is None else float(test.test.p_value < 0.05)
    split = split_node(rows, SPEC, network, ("ad", "stpp"))
    yield "split", np.nan if split is None else float(split.difference.p_value < 0.05)


def main(repeats: int) -> None:
    """Print the table of docs/validation-network.md."""
    heads = ["network", "tau", "coverage, one stage", "two stages", "bias", "inconsistency", "split"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for name, arms in DESIGNS.items():
        for tau in (0.0, 0.3, 0.6):
            found = repeat(arms, tau, range(repeats)).mean()
            shares = [found[key] for key in ("coverage_one", "coverage_two", "inconsistency", "split")]
            one, two, test, split = (f"{100 * share:.1f}" for share in shares)
            print(f"| {name} | {tau:g} | {one} | {two} | {found['bias_one']:.3f} | {test} | {split} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
