"""Moderators by outcomes by imputations: interaction models that share one set of cross-products.

The cross-products of a dictionary (treatment, covariates, every moderator and its product with treatment,
every outcome) are taken once per imputation. Each model is then a congruence and a Schur complement on a
block of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ipdma.errors import SpecError
from ipdma.model.batch import BatchFit, fit_batch
from ipdma.model.batch_kernel import BatchProblem
from ipdma.model.columns import read_columns
from ipdma.model.crossproducts import CrossProducts, cross_products
from ipdma.model.many import ManyFits
from ipdma.model.problem import pivots, sweep_columns
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT, Term


def fit_many(
    rows: pd.DataFrame,
    spec: ModelSpec,
    moderators: Sequence[str],
    outcomes: Sequence[str],
    starts: Sequence[float] = (0.3, 1.5),
) -> pd.DataFrame:
    """Fit every moderator by every outcome (by every imputation).

    Parameters
    ----------
    rows : DataFrame
        With `imputation` in the spec, all completed data sets; no missing values in the columns used.
    spec : ModelSpec
        Stratified intercepts and slopes, a random treatment effect, a common interaction, one residual
        variance, REML. Its `outcome` and `moderator` are replaced.
    moderators : sequence of str
        Continuous (or 0/1) columns.
    outcomes : sequence of str

    Returns
    -------
    DataFrame
        A row per imputation, moderator, outcome and term (treatment, within, across), with `std_error`,
        `df`, ... by the spec's df method (kenward_roger or satterthwaite), `tau2`, `sigma2`, `criterion`,
        `converged`, `singular`.

    Raises
    ------
    SpecError
        A spec outside these; `fit_gaussian` fits every model one by one.
    """
    spec = spec.resolved()
    check_grid(spec, moderators, outcomes)
    tables = []
    for number, part in split_imputations(rows, spec):
        products, position, centres = dictionary(part, spec, moderators, outcomes)
        made = [(m, *moderator_batch(products, position, centres, spec, m, outcomes)) for m in moderators]
        for size in sorted({len(terms) for _, _, terms in made}, reverse=True):
            same = [one for one in made if len(one[2]) == size]
            fits = fit_batch(join([problem for _, problem, _ in same]), starts)
            tables.append(as_rows(fits, same, spec, number, outcomes))
    return pd.concat(tables, ignore_index=True)


def join(problems: list[BatchProblem]) -> BatchProblem:
    """Several batches of the same shape as one."""
    first = problems[0]
    return BatchProblem(
        np.concatenate([p.gram for p in problems], axis=-1),
        np.concatenate([p.dimensions for p in problems]),
        first.z,
        first.pairs,
        np.concatenate([p.log_nuisance for p in problems]),
    )


def check_grid(spec: ModelSpec, moderators: Sequence[str], outcomes: Sequence[str]) -> None:
    """Refuse what the shared dictionary does not hold."""
    wanted = {
        "intercept": "stratified",
        "treatment_effect": "random",
        "interaction": "within",
        "interaction_effect": "common",
        "moderator_slopes": "stratified",
        "covariate_slopes": "stratified",
        "moderator_type": "continuous",
        "residual": "common",
        "estimator": "reml",
        "family": "gaussian",
    }
    wrong = [f"{key}: {getattr(spec, key)}" for key, value in wanted.items() if getattr(spec, key) != value]
    if spec.df not in ("kenward_roger", "satterthwaite"):
        wrong.append(f"df: {spec.df}")
    if spec.participant or spec.visit:
        wrong.append("participant or visit")
    if wrong or not moderators or not outcomes:
        raise SpecError(
            "a grid of models takes stratified intercepts and slopes, a random treatment effect, a common "
            f"within-trial interaction and one residual variance; got {', '.join(wrong) or 'nothing to fit'}"
        )


def split_imputations(rows: pd.DataFrame, spec: ModelSpec) -> list[tuple[object, pd.DataFrame]]:
    """The completed data sets, or the one that there is."""
    if spec.imputation is None:
        return [(None, rows)]
    return [(number, part) for number, part in rows.groupby(spec.imputation, sort=True)]


def dictionary(
    rows: pd.DataFrame, spec: ModelSpec, moderators: Sequence[str], outcomes: Sequence[str]
) -> tuple[CrossProducts, dict[str, int], np.ndarray]:
    """Cross-products of everything that the grid uses; the place of each column; moderators' centres."""
    names = [*dict.fromkeys([*spec.covariates, *moderators])]
    every = spec.replace(
        outcome=outcomes[0], moderator=None, imputation=None, covariates=(*names, *outcomes[1:])
    )
    read = read_columns(rows, every)
    if read.n_excluded:
        raise SpecError(
            f"a grid of models needs complete columns; {read.n_excluded} of {len(rows)} rows have a missing "
            "value in one of them: impute first, or fit the models one by one"
        )
    t = read.numeric[spec.treatment]
    columns = {"treatment": t, **{n: read.numeric[n] for n in (*names, *outcomes)}}
    for name in moderators:
        columns[f"treatment:{name}"] = t * (columns[name] - columns[name].mean())
    products = cross_products(list(columns.values()), read.study, len(read.studies))
    means = {f"mean:{n}": columns[n].mean() for n in moderators}
    position = {n: i for i, n in enumerate(columns, 1)}
    return products, position, np.array([means[f"mean:{n}"] for n in moderators])


def moderator_batch(
    products: CrossProducts,
    position: dict[str, int],
    centres: np.ndarray,
    spec: ModelSpec,
    moderator: str,
    outcomes: Sequence[str],
) -> tuple[BatchProblem, tuple[str, ...]]:
    """All outcomes of one moderator: swept cross-products with the columns t, within, across, outcome."""
    moderators = [n.removeprefix("treatment:") for n in position if n.startswith("treatment:")]
    centre = centres[moderators.index(moderator)]
    nuisance = [*dict.fromkeys([*(c for c in spec.covariates if c != moderator), moderator])]
    picked = [position[n] for n in nuisance]
    picked += [position["treatment"], position[f"treatment:{moderator}"], position["treatment"]]
    picked += [position[o] for o in outcomes]
    at = np.array(picked)
    gram = products.products[:, 0][:, at[:, None], at]
    means = products.mean[:, position[moderator]]
    q = len(nuisance)
    t, within, across = q, q + 1, q + 2
    recode = np.broadcast_to(np.eye(len(at)), gram.shape).copy()
    recode[:, t, within] = -(means - centre)
    recode[:, across, across] = means - means.mean()
    gram = np.swapaxes(recode, 1, 2) @ gram @ recode
    keep = np.array(
        [pivots(g, n - 1, np.arange(q), np.diag(g)) for g, n in zip(gram, products.rows, strict=True)]
    )
    keep = keep.reshape(len(gram), q)
    swept, logs = sweep_columns(gram, np.arange(q), keep)
    log_nuisance = float(logs.sum() + np.log(products.rows).sum())
    rows = float(products.rows.sum() - len(gram) - keep.sum())
    terms = estimable(swept, [t, within, across])
    order = [np.array([*terms, q + 3 + o]) for o in range(len(outcomes))]
    stacked = np.stack([swept[:, o[:, None], o] for o in order])
    batch = BatchProblem(
        np.ascontiguousarray(np.moveaxis(stacked, (2, 3, 1, 0), (0, 1, 2, 3))),
        np.full(len(outcomes), rows),
        (0,),
        ((0, 0),),
        np.full(len(outcomes), log_nuisance),
    )
    names = {t: TREATMENT, within: Term("within", moderator), across: Term("across", moderator)}
    return batch, tuple(names[j] for j in terms)


def estimable(swept: np.ndarray, columns: list[int]) -> list[int]:
    """Those of the columns that studies can tell apart, in order."""
    total = swept.sum(axis=0)
    keep = pivots(total, np.inf, np.array(columns), np.diag(total))
    return [j for j, own in zip(columns, keep, strict=True) if own]


def as_rows(
    fits: BatchFit,
    made: list[tuple[str, BatchProblem, tuple[str, ...]]],
    spec: ModelSpec,
    imputation: object,
    outcomes: Sequence[str],
) -> pd.DataFrame:
    """The batch as a table: moderators in order, their outcomes in order."""
    size = len(made[0][2])
    table = ManyFits(made[0][2], fits).as_table(str(spec.df), spec.level)
    model = table.pop("model").to_numpy()
    table["term"] = np.concatenate([np.tile(np.array(t, dtype=object), len(outcomes)) for _, _, t in made])
    labels: dict[str, np.ndarray] = {
        "moderator": np.repeat(np.array([m for m, _, _ in made], dtype=object), size * len(outcomes)),
        "outcome": np.tile(np.repeat(np.array(outcomes, dtype=object), size), len(made)),
    }
    if imputation is not None:
        labels = {"imputation": np.full(len(table), imputation), **labels}
    extra: dict[str, np.ndarray] = {
        "tau2": fits.between[model, 0, 0],
        "sigma2": fits.sigma2[model],
        "criterion": fits.deviance[model],
    }
    found = {str(c): table[c].to_numpy() for c in table}
    return pd.DataFrame({**labels, **found, **extra})
