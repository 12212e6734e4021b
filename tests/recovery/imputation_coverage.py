"""Bias and coverage of imputed analyses beside complete cases and the data before anything was lost.

    python -m tests.recovery.imputation_coverage [REPETITIONS [FIRST]]

prints the table of docs/validation-imputation.md. Small consortia (six trials of 60) have a baseline, an
interim and a final score and a moderator. A quarter of final scores is lost completely at random (MCAR), or
depending on the interim score, in the active arm the worse, in the reference arm the better ones (MAR): the
analysis model does not hold the interim score, so that complete cases are biased. A tenth of moderator values
is lost at random within trials, and one trial never measured it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from ipdma.analysis.two_level import code_column, trials_of
from ipdma.imputation import impute_rows, impute_unmeasured, study_seed
from ipdma.model.batch import fit_batch
from ipdma.model.columns import read_columns
from ipdma.model.design import design_of_columns
from ipdma.model.gaussian import prepare_design
from ipdma.model.interval import make_estimate
from ipdma.model.many import batch_problem, to_data_scale
from ipdma.model.records import Estimate
from ipdma.model.rubin import pool_term
from ipdma.model.spec import ModelSpec
from ipdma.model.stacked import take_rows

TRIALS, SIZE, M, SWEEPS = 6, 60, 20, 5
EFFECT, WITHIN, TAU = -0.5, -0.25, 0.15
TREATMENT, INTERACTION = "treatment", "treatment:within:z"
TRUTH = {TREATMENT: EFFECT, INTERACTION: WITHIN}
COMMON = {"outcome": "outcome", "study": "study", "treatment": "treat", "covariates": ["baseline"]}
SPECS = {
    TREATMENT: ModelSpec.from_mapping(COMMON, "headline"),
    INTERACTION: ModelSpec.from_mapping({**COMMON, "moderator": "z"}, "moderator"),
}
VARIABLES = ["baseline", "outcome", "z", "interim"]


def draw_consortium(rng: np.random.Generator) -> pd.DataFrame:
    """A consortium before anything is lost."""
    study = np.repeat(np.arange(TRIALS), SIZE)
    treat = np.tile(np.arange(SIZE) % 2, TRIALS)
    n = len(study)
    baseline = rng.normal(0, 0.3, TRIALS)[study] + rng.normal(size=n)
    own = 0.3 * (baseline - baseline.mean()) + rng.normal(size=n)
    z = rng.normal(0, 0.5, TRIALS)[study] + own
    theta = EFFECT + TAU * rng.normal(size=TRIALS)
    stay = rng.normal(0, 0.6, n)
    centred = z - pd.Series(z).groupby(study).transform("mean").to_numpy()
    gain = treat * (theta[study] + WITHIN * centred)
    level = rng.normal(0, 0.3, TRIALS)[study] + 0.5 * baseline + 0.2 * z
    return pd.DataFrame(
        {
            "study": [f"S{k + 1}" for k in study],
            "participant": [f"p{i}" for i in range(n)],
            "arm": np.where(treat == 1, "active", "reference"),
            "treat": treat.astype(float),
            "baseline": baseline,
            "interim": level + 0.6 * gain + stay + rng.normal(0, 0.5, n),
            "outcome": level + gain + stay + rng.normal(0, 0.5, n),
            "z": z,
        }
    )


def lose(rows: pd.DataFrame, mechanism: str, rng: np.random.Generator) -> pd.DataFrame:
    """The same consortium with gaps."""
    lost, n = rows.copy(), len(rows)
    sign = np.where(rows["treat"] == 1, 1.5, -1.5) if mechanism == "MAR" else np.zeros(n)
    chance = 1 / (1 + np.exp(1.1 - sign * (rows["interim"] - rows["interim"].mean()) - 0.2 * np.abs(sign)))
    if mechanism == "MCAR":
        chance = np.full(n, 0.25)
    lost.loc[rng.random(n) < chance, "outcome"] = np.nan
    lost.loc[rng.random(n) < 0.1, "z"] = np.nan
    lost.loc[rows["study"] == f"S{1 + rng.integers(TRIALS)}", "z"] = np.nan
    return lost


def analyse(
    rows: pd.DataFrame, lost: pd.DataFrame, seed: int
) -> Iterator[tuple[str, str, float, float, float, float]]:
    """Method, term, estimate, standard error and interval of every analysis of one consortium."""
    completed = impute_rows(lost, VARIABLES, M, SWEEPS, seed).rows
    one = [rows.assign(imputation=1), lost.assign(imputation=1)]
    two_level = completed.assign(z=fill_unmeasured(completed, lost, seed))
    for term in SPECS:
        tables = dict(zip(("before anything was lost", "complete cases"), one, strict=True))
        tables["imputed"] = completed
        if term == INTERACTION:
            tables["imputed, two-level too"] = two_level
        for method, table in tables.items():
            found = pool_sets(table, term)
            yield method, term, found.estimate, found.std_error, found.ci_low, found.ci_high


def pool_sets(rows: pd.DataFrame, term: str) -> Estimate:
    """The term by Kenward-Roger in every data set, all fitted in one batch, then Rubin's rules."""
    spec = SPECS[term]
    columns = read_columns(rows.drop(columns="imputation"), spec)
    numbers = rows["imputation"].to_numpy()[columns.row_index]
    sets = [
        prepare_design(design_of_columns(take_rows(columns, numbers == i, len(rows)), spec))
        for i in np.unique(numbers)
    ]
    first = sets[0]
    ratios = [one.scaling.scale / first.scaling.scale for one in sets]
    gram = np.stack([one.swept.gram[:, 0] * np.outer(r, r) for one, r in zip(sets, ratios, strict=True)])
    free = np.array([one.swept.n.sum() for one in sets])
    logs = np.array([one.swept.log_nuisance for one in sets])
    fit = to_data_scale(first, fit_batch(batch_problem(first, gram, free, logs)))
    at = first.shared_terms.index(term)
    values = zip(fit.beta[:, at], fit.kenward_roger_error[:, at], fit.kenward_roger_df[:, at], strict=True)
    return pool_term([make_estimate(term, *map(float, row), 0.95) for row in values], 0.95)


def fill_unmeasured(completed: pd.DataFrame, lost: pd.DataFrame, seed: int) -> np.ndarray:
    """The moderator with values drawn in the trial that never measured it."""
    coded = code_column(lost["z"])
    assert coded is not None
    drawn, _ = impute_unmeasured(
        trials_of(completed, lost, coded, M), False, np.random.default_rng(study_seed(seed, "two"))
    )
    z = completed["z"].to_numpy().reshape(M, -1).copy()
    for study, values in drawn.items():
        z[:, (lost["study"] == study).to_numpy()] = values
    return z.ravel()


def simulate(repetitions: int, first: int = 0, say: bool = False) -> pd.DataFrame:
    """One row per consortium, mechanism, method and term."""
    found = []
    for number in range(first, first + repetitions):
        for place, mechanism in enumerate(("MCAR", "MAR")):
            rng = np.random.default_rng([number, place])
            rows = draw_consortium(rng)
            lost = lose(rows, mechanism, rng)
            found += [(mechanism, number, *row) for row in analyse(rows, lost, number)]
        if say and number % 25 == 24:
            print(f"{number + 1 - first} of {repetitions}", file=sys.stderr, flush=True)
    columns = ["mechanism", "number", "method", "term", "estimate", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(found, columns=columns)


def summarise(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, its Monte-Carlo error, empirical and mean standard error, coverage and mean width."""
    truth = found["term"].map(TRUTH)
    table = found.assign(
        error=found["estimate"] - truth,
        covered=(found["ci_low"] <= truth) & (truth <= found["ci_high"]),
        width=found["ci_high"] - found["ci_low"],
    )
    groups = table.groupby(["term", "mechanism", "method"], sort=False)
    return groups.agg(
        n=("error", "size"),
        bias=("error", "mean"),
        bias_error=("error", lambda e: e.std() / np.sqrt(len(e))),
        empirical_se=("error", "std"),
        mean_se=("std_error", "mean"),
        coverage=("covered", "mean"),
        width=("width", "mean"),
    ).reset_index()


def main(arguments: list[str]) -> None:
    """Print the table in Markdown."""
    repetitions = int(arguments[0]) if arguments else 500
    first = int(arguments[1]) if len(arguments) > 1 else 0
    table = summarise(simulate(repetitions, first, say=True))
    print("| term | gaps | analysis | n | bias (its error) | SD of estimates | mean SE | coverage | width |")
    print("|---|---|---|---|---|---|---|---|---|")
    for r in table.itertuples():
        print(
            f"| {r.term} | {r.mechanism} | {r.method} | {r.n} | {r.bias:+.3f} ({r.bias_error:.3f}) | "
            f"{r.empirical_se:.3f} | {r.mean_se:.3f} | {100 * r.coverage:.1f} % | {r.width:.3f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
