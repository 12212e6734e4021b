"""Bias and coverage of imputed analyses beside complete cases and the data before anything was lost.

    python -m tests.recovery.imputation_coverage FOUND.csv REPETITIONS

prints the table of docs/validation-imputation.md; FOUND.csv keeps each consortium's answers, from which a
stopped run goes on. Small consortia (six trials of 60) have a baseline, an interim and a final score and a
moderator. A quarter of final scores is lost completely at random (MCAR), or depending on the interim score,
in the active arm the worse, in the reference arm the better ones (MAR): the analysis model does not hold the
interim score, so that complete cases are biased. A tenth of moderator values is lost at random within trials,
and one trial never measured it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ipdma.analysis.two_level import code_column, trials_of
from ipdma.imputation import impute_rows, impute_unmeasured, study_seed
from ipdma.model.batch import fit_batch
from ipdma.model.columns import read_columns
from ipdma.model.design import design_of_columns
from ipdma.model.fit import fit_model
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
ALONE = {**COMMON, "residual": "by_study", "stages": "two", "pool": {"ci": "nst"}}
KENWARD_ROGER, NST = "Kenward-Roger", "null-standardised t"
# Kenward and Roger's in one stage; the null-standardised interval rests on each trial's own estimate, so that
# it is the same in one stage and in two
SPECS = {
    (TREATMENT, NST): ModelSpec.from_mapping(ALONE, "headline"),
    (TREATMENT, KENWARD_ROGER): ModelSpec.from_mapping(COMMON, "headline"),
    (INTERACTION, NST): ModelSpec.from_mapping({**ALONE, "moderator": "z"}, "moderator"),
    (INTERACTION, KENWARD_ROGER): ModelSpec.from_mapping({**COMMON, "moderator": "z"}, "moderator"),
}
BEFORE, COMPLETE = "before anything was lost", "complete cases"
IMPUTED, TWO_LEVEL = "imputed", "imputed, two-level too"
KEYS = ["mechanism", "term", "interval", "data"]
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


def analyse(rows: pd.DataFrame, lost: pd.DataFrame, seed: int) -> Iterator[tuple[str | float, ...]]:
    """Term, interval, data, estimate, standard error and ends of every analysis of one consortium."""
    completed = impute_rows(lost, VARIABLES, M, SWEEPS, seed).rows
    tables = {BEFORE: rows.assign(imputation=1), COMPLETE: lost.assign(imputation=1), IMPUTED: completed}
    two_level = {TWO_LEVEL: completed.assign(z=fill_unmeasured(completed, lost, seed))}
    for term, interval in SPECS:
        shared = (term, interval) == (INTERACTION, KENWARD_ROGER)
        for data, table in (tables | two_level if shared else tables).items():
            one = pool_sets(table, term) if interval == KENWARD_ROGER else pool_trials(table, term)
            yield term, interval, data, one.estimate, one.std_error, one.ci_low, one.ci_high


def pool_trials(rows: pd.DataFrame, term: str) -> Estimate:
    """The null-standardised interval: Rubin's rules within each trial, then the interval once."""
    single = rows["imputation"].nunique() == 1
    spec = SPECS[term, NST].replace(imputation=None if single else "imputation")
    return fit_model(rows.drop(columns="imputation") if single else rows, spec).estimate(term)


def pool_sets(rows: pd.DataFrame, term: str) -> Estimate:
    """The term by Kenward-Roger in every data set, all fitted in one batch, then Rubin's rules."""
    spec = SPECS[term, KENWARD_ROGER]
    columns = read_columns(rows.drop(columns="imputation"), spec)
    numbers = rows["imputation"].to_numpy()[columns.row_index]
    sets = [
        prepare_design(design_of_columns(take_rows(columns, numbers == i), spec)) for i in np.unique(numbers)
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


def simulate(numbers: Iterable[int]) -> pd.DataFrame:
    """One row per consortium, mechanism, analysis, interval and data."""
    found = []
    for number in numbers:
        for place, mechanism in enumerate(("MCAR", "MAR")):
            rng = np.random.default_rng([number, place])
            rows = draw_consortium(rng)
            lost = lose(rows, mechanism, rng)
            found += [(mechanism, number, *row) for row in analyse(rows, lost, number)]
    columns = ["mechanism", "number", *KEYS[1:], "estimate", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(found, columns=columns)


def summarise(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, its Monte-Carlo error, empirical and mean standard error, coverage, mean width, width asked.

    `asked` is the width over that which the loss of information asks for: the interval before anything was
    lost, widened as the estimates themselves spread more than they did before.
    """
    truth = found["term"].map(TRUTH)
    shown = found.assign(
        error=found["estimate"] - truth,
        covered=(found["ci_low"] <= truth) & (truth <= found["ci_high"]),
        width=found["ci_high"] - found["ci_low"],
    )
    table = (
        shown.groupby(KEYS, sort=False)
        .agg(
            n=("error", "size"),
            bias=("error", "mean"),
            bias_error=("error", lambda e: e.std() / np.sqrt(len(e))),
            empirical_se=("error", "std"),
            mean_se=("std_error", "mean"),
            coverage=("covered", "mean"),
            width=("width", "mean"),
        )
        .reset_index()
    )
    before = table[table["data"] == BEFORE].set_index(KEYS[:3])
    own = before.loc[pd.MultiIndex.from_frame(table[KEYS[:3]])]
    spread = table["empirical_se"].to_numpy() / own["empirical_se"].to_numpy()
    return table.assign(asked=table["width"] / (own["width"].to_numpy() * spread))


def complete(out: Path, numbers: Iterable[int]) -> pd.DataFrame:
    """Run the consortia that the file does not hold yet, each written once it is done; all of them."""
    done = set(pd.read_csv(out)["number"]) if out.exists() else set()
    for number in numbers:
        if number not in done:
            simulate([number]).to_csv(out, mode="a", header=not out.exists(), index=False)
    found = pd.read_csv(out)
    return found[found["number"].isin(list(numbers))]


def main(arguments: list[str]) -> None:
    """Print the table in Markdown."""
    table = summarise(complete(Path(arguments[0]), range(int(arguments[1]))))
    print(
        "| term | interval | gaps | data | n | bias (its error) | SD | SE | coverage | width | over asked |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for r in table.sort_values(KEYS[1:3], kind="stable").itertuples():
        print(
            f"| {r.term} | {r.interval} | {r.mechanism} | {r.data} | {r.n} | {r.bias:+.3f} "
            f"({r.bias_error:.3f}) | {r.empirical_se:.3f} | {r.mean_se:.3f} | {100 * r.coverage:.1f} % | "
            f"{r.width:.3f} | {r.asked:.2f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
