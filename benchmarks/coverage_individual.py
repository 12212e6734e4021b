"""Coverage, width and power of intervals in individual data: one stage and two, fitted as a plan fits them.

    python benchmarks/coverage_individual.py --out individual.csv      ten cells of 1,000
    python benchmarks/coverage_individual.py --table individual.csv    the table of the documentation

Trials are of the classes of coverage.py. Every participant has a baseline score, a moderator and an outcome;
binary outcomes have a risk. A run that was stopped goes on where it was; every replication has a seed of its
own, and its estimates are kept one by one.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from coverage import residual_sd, sizes

from ipdma.model.alone import trials_alone
from ipdma.model.binomial import fit_binomial
from ipdma.model.design import build_design
from ipdma.model.df import df_method, second_stage
from ipdma.model.df.own import OwnEstimates
from ipdma.model.fixed_effects import fixed_effects
from ipdma.model.gaussian import infer, prepare_design, variances
from ipdma.model.own_estimates import own_estimates
from ipdma.model.records import Estimate
from ipdma.model.search import minimise
from ipdma.model.spec import ModelSpec
from ipdma.model.tau2 import estimate_tau2, weighted_mean
from ipdma.model.term import TREATMENT, Term

Array = np.ndarray
LEVEL = 0.95
WITHIN = Term("within", "z")
ONE_STAGE = ("nst", "kenward_roger", "hksj")
TWO_STAGE = ("hksj", "modified_hksj")
FIELDS = ("cell", "replication", "method", "estimate", "ci_low", "ci_high")
COMMON = {"outcome": "y", "study": "study", "treatment": "treat", "residual": "by_study"}


@dataclass(frozen=True)
class Cell:
    """One set-up.

    Attributes
    ----------
    about : str
        What it is, in the table.
    trials : int
    tau : float
        Between-trial SD of the effect that is asked for.
    sizes, spread : str
        As in coverage.py.
    effect : float
        The true mean.
    term : Term
        What is asked for.
    model : mapping
        Keys of the one-stage model.
    risk : float or None
        Of a binary outcome without treatment.
    """

    about: str
    trials: int
    tau: float
    sizes: str
    spread: str
    effect: float = 0.6
    term: Term = TREATMENT
    model: Mapping[str, object] | None = None
    risk: float | None = None


COVARIATE = {"covariates": ["baseline"]}
SHARED = {**COVARIATE, "covariate_slopes": "common"}
INTERACTION = {**COVARIATE, "moderator": "z"}
OWN, ONE_SLOPE = "covariate, its slopes by trial", "covariate, a common slope"
CELLS = (
    Cell(OWN, 3, 0.3, "geometric", "against_size", model=COVARIATE),
    Cell(OWN, 5, 0.0, "one_large", "equal", model=COVARIATE),
    Cell(OWN, 7, 0.15, "geometric", "with_size", model=COVARIATE),
    Cell(OWN, 11, 0.3, "tiny", "equal", model=COVARIATE),
    Cell(OWN, 20, 0.15, "random", "equal", model=COVARIATE),
    Cell(ONE_SLOPE, 5, 0.3, "geometric", "equal", model=SHARED),
    Cell("interaction, common in truth", 5, 0.0, "geometric", "against_size", 0.3, WITHIN, INTERACTION),
    Cell("interaction that varies", 7, 0.2, "random", "equal", 0.3, WITHIN, INTERACTION),
    Cell("binary, moderate risk", 7, 0.3, "random", "equal", -0.7, risk=0.3),
    Cell("binary, rare events", 7, 0.3, "random", "equal", -0.7, risk=0.05),
)


def draw(cell: Cell, random: np.random.Generator) -> pd.DataFrame:
    """The rows of one consortium, sorted by trial."""
    n = sizes(cell.sizes, cell.trials, random)
    study = np.repeat(np.arange(cell.trials), 2 * n)
    treat = np.concatenate([np.arange(2 * m) % 2 for m in n]).astype(float)
    baseline, z = random.normal(size=(2, len(study)))
    effect = cell.effect + cell.tau * random.normal(size=cell.trials)
    level = random.normal(0, 0.5, cell.trials)
    rows = pd.DataFrame(
        {"study": np.char.add("T", study.astype(str)), "treat": treat, "baseline": baseline, "z": z}
    )
    if cell.risk is not None:
        eta = np.log(cell.risk / (1 - cell.risk)) + level[study] + effect[study] * treat
        return rows.assign(y=(random.random(len(study)) < 1 / (1 + np.exp(-eta))).astype(float))
    mean_z = pd.Series(z).groupby(study).transform("mean").to_numpy()
    change = effect[study] * (treat if cell.term == TREATMENT else treat * (z - mean_z))
    noise = residual_sd(cell.spread, n)[study] * random.normal(size=len(study))
    return rows.assign(y=level[study] + 0.5 * baseline + 0.2 * z + change + noise)


def intervals(cell: Cell, rows: pd.DataFrame) -> Iterator[tuple[str, Estimate]]:
    """Every method's interval of the term."""
    if cell.risk is not None:
        yield from of_binary(rows)
        return
    given = ModelSpec.from_mapping({**COMMON, **(cell.model or {})}, cell.about)
    spec = given.replace(covariate_slopes="stratified")
    if cell.term == WITHIN:
        spec = spec.replace(interaction_effect="random")
    if given != spec:
        found = one_stage(rows, given, cell.term, ["kenward_roger"])
        yield "one stage, common: kenward_roger", found[0][1]
    for name, one in one_stage(rows, spec, cell.term, ONE_STAGE):
        yield f"one stage: {name}", one
    yield from two_stage(rows, spec, cell.term)


def one_stage(
    rows: pd.DataFrame, spec: ModelSpec, term: Term, methods: Sequence[str]
) -> list[tuple[str, Estimate]]:
    """One fit, and the term's interval by each method."""
    prepared = prepare_design(build_design(rows, spec.replace(df=methods[0])))
    optimum = minimise(prepared.swept)
    own = own_estimates(prepared, optimum.point, variances(prepared, optimum))
    inference = infer(prepared, optimum, fixed_effects(prepared, optimum.point), own)
    return [(name, df_method(name).estimates(inference, inference.of_terms([term]))[0]) for name in methods]


def two_stage(rows: pd.DataFrame, spec: ModelSpec, term: Term) -> Iterator[tuple[str, Estimate]]:
    """Trials' own estimates pooled; the null-standardised interval is that of one stage."""
    alone = trials_alone(build_design(rows, spec.replace(df="nst")))[term]
    y, v = alone.estimate, alone.variance
    tau2 = estimate_tau2(y, v, "reml")
    own, pooled = OwnEstimates(term, y, v, tau2), weighted_mean(y, v, tau2)[1]
    for name in TWO_STAGE:
        yield f"two stages: {name}", second_stage(name).estimate(own, pooled, LEVEL)[0]


def of_binary(rows: pd.DataFrame) -> Iterator[tuple[str, Estimate]]:
    """The logistic mixed model with each interval that it has, and trials' own log odds ratios pooled."""
    keys = {name: value for name, value in COMMON.items() if name != "residual"}
    spec = ModelSpec.from_mapping({**keys, "family": "binomial", "df": "nst"}, "binary")
    estimate = fit_binomial(rows, spec, profile=False).estimate(TREATMENT)
    yield "one stage: nst", estimate
    yield "one stage: k_minus_1", estimate.beside["k_minus_1"]
    yield from two_stage(rows, spec, TREATMENT)


def complete(out: Path, count: int, seed: int) -> None:
    """Run what the file does not hold yet, cell by cell in turns so that a part of it is a part of each."""
    done = set(zip(*(pd.read_csv(out)[name] for name in FIELDS[:2]), strict=True)) if out.exists() else set()
    with out.open("a", newline="") as stream:
        writer = csv.writer(stream)
        if not done:
            writer.writerow(FIELDS)
        for replication in range(count):
            for place, cell in enumerate(CELLS):
                if (place, replication) not in done:
                    rows = draw(cell, np.random.default_rng([seed, place, replication]))
                    for name, one in intervals(cell, rows):
                        writer.writerow([place, replication, name, one.estimate, one.ci_low, one.ci_high])
            stream.flush()


def table(found: pd.DataFrame) -> str:
    """One line for each cell and method, in Markdown."""
    lines = [
        "| cell | K | tau | method | n | bias | coverage % | its error | width | power % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (place, method), own in found.groupby(["cell", "method"], sort=False):
        cell = CELLS[place]
        covered = ((own["ci_low"] <= cell.effect) & (cell.effect <= own["ci_high"])).mean()
        power = ((own["ci_low"] > 0) | (own["ci_high"] < 0)).mean()
        error = (covered * (1 - covered) / len(own)) ** 0.5
        width, bias = (own["ci_high"] - own["ci_low"]).median(), own["estimate"].mean() - cell.effect
        lines.append(
            f"| {cell.about} | {cell.trials} | {cell.tau:g} | {method} | {len(own)} | {bias:+.3f} | "
            f"{100 * covered:.1f} | {100 * error:.1f} | {width:.2f} | {100 * power:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the cells, or print their table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path)
    what.add_argument("--table", type=Path)
    options = parser.parse_args()
    if options.table:
        print(table(pd.read_csv(options.table).sort_values("cell", kind="stable")), flush=True)
    else:
        complete(options.out, options.replications, options.seed)


if __name__ == "__main__":
    main()
