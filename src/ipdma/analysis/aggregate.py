"""Trials without participant data: their published estimates join the second stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import CANNOT, first_line, number, try_fit_design, widened
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.records import Ident, Ledger, as_number
from ipdma.model.pool import Pooled, pool_effects
from ipdma.model.records import OF_ESTIMATE
from ipdma.model.spec import ModelSpec, PoolSpec


@dataclass(frozen=True)
class StudyEffect:
    """One study's estimate in the second stage.

    Attributes
    ----------
    study : str
    estimate, std_error : float
        In units of the outcome as it is analysed; of an event a log odds ratio.
    source : str
        `ipd` or `aggregate`.
    n_active, n_reference : int or None
        Participants by side; None where a publication does not say.
    """

    study: str
    estimate: float
    std_error: float
    source: str
    n_active: int | None = None
    n_reference: int | None = None


def analyse_aggregate(cell: Cell, context: Context) -> Ledger:
    """Second stage with aggregate-only trials added (`aggregate`), and over them alone (`not_obtained`)."""
    ledger, settings = Ledger(), context.settings
    extra = aggregate_effects(context.aggregate, cell)
    if not extra or not settings.plan["aggregate_trials"]:
        return ledger
    primary, ident = settings.primary(cell.family), cell.ident("aggregate", "two")
    note_silent(ledger, ident, cell, primary.covariates)
    write_pooled(ledger, ident, [*ipd_effects(cell, primary), *extra], settings.pool)
    write_pooled(ledger, cell.ident("not_obtained", "two"), extra, settings.pool)
    return ledger


def aggregate_effects(aggregate: pd.DataFrame | None, cell: Cell) -> list[StudyEffect]:
    """The usable aggregate estimates of a cell, of studies that gave no participant data."""
    if aggregate is None or not len(aggregate):
        return []
    here = np.ones(len(aggregate), dtype=bool)
    for name, own in zip(("contrast", "outcome", "timepoint"), cell.key, strict=True):
        here &= (aggregate[name] == own).to_numpy(bool)
    if not here.any():
        return []
    rows = aggregate[here]
    found = []
    for row in rows.to_dict("records"):
        estimate, se = as_number(row.get("estimate")), as_number(row.get("std_error"))
        if estimate is None or se is None or se <= 0 or str(row["study"]) in cell.studies:
            continue
        sizes = [as_number(row.get(name)) for name in ("n_active", "n_reference")]
        found.append(
            StudyEffect(
                str(row["study"]), estimate, se, "aggregate", *[None if s is None else int(s) for s in sizes]
            )
        )
    return sorted(found, key=lambda e: e.study)


def ipd_effects(cell: Cell, spec: ModelSpec) -> list[StudyEffect]:
    """Each contributed study's own estimate from the first stage of a model."""
    if not cell.studies:
        return []
    silent = Ledger()  # the headline says what could not be fitted
    found = try_fit_design(silent, cell.ident("aggregate", "two"), cell, spec)
    if found is None:
        return []
    used = found[1].complete
    sizes = Counter(zip(used["study"].to_numpy(), used["treat"].to_numpy(), strict=True))
    return [
        StudyEffect(
            s.study,
            s.estimate,
            s.std_error,
            "ipd",
            sizes[s.study, 1.0],
            sizes[s.study, 0.0],
        )
        for s in found[0].study_estimates
        if s.term == "treatment" and s.std_error > 0
    ]


def write_pooled(
    ledger: Ledger,
    ident: Ident,
    effects: Sequence[StudyEffect],
    pool: PoolSpec,
    tau2: str | None = None,
    studies: bool = True,
) -> None:
    """Pool study effects; write the row, its heterogeneity and, if asked, its studies.

    `tau2` wins over the pool's.
    """
    if not effects:
        ledger.note(ident, "not_fitted", "no study estimate to pool")
        return
    try:
        y, se = [e.estimate for e in effects], [e.std_error for e in effects]
        spec = replace(pool, tau2=tau2 or pool.tau2 or "reml")
        pooled = pool_effects([e.study for e in effects], y, se, spec)
    except CANNOT as error:
        ledger.note(ident, "not_fitted", first_line(error))
        return
    for warning in pooled.warnings:
        ledger.note(ident, "warning", warning)
    ledger.estimates.append(pooled_row(ident, pooled, effects, spec.ci))
    for what, value in (
        ("tau2_low", pooled.tau2_ci_low),
        ("tau2_high", pooled.tau2_ci_high),
        ("i2_q", pooled.i2_q),
        ("h2", pooled.h2),
        ("q", pooled.q),
        ("q_df", pooled.q_df),
        ("q_p", pooled.q_p),
    ):
        if number(value) is not None:
            ledger.count(ident, what, variable="treatment", value=number(value))
    for effect, weight in zip(effects, pooled.weights.values(), strict=True) if studies else ():
        ledger.study_estimates.append(study_row(ident, effect, weight, pool.level))


def pooled_row(ident: Ident, pooled: Pooled, effects: Sequence[StudyEffect], ci: str) -> dict[str, object]:
    """One row of estimates.csv from a pooling."""
    names = (*OF_ESTIMATE, "tau2", "i2", "k")
    sizes = [n for e in effects for n in (e.n_active, e.n_reference)]
    known = [n for n in sizes if n is not None]
    flags = {"converged": True, "singular": pooled.tau2 == 0 and pooled.k > 1}
    method = ci if pooled.df is not None else "wald"
    return {
        **ident.columns,
        "term": "treatment",
        **{n: number(getattr(pooled, n)) for n in names},
        **widened((pooled.pi_low, pooled.pi_high), pooled.ci_low, pooled.ci_high),
        "n": sum(known) if len(known) == len(sizes) else None,  # a publication may not say how many
        "df_method": method,
        **flags,
    }


def study_row(ident: Ident, effect: StudyEffect, weight: float, level: float) -> dict[str, object]:
    """One row of study_estimates.csv; the interval is Wald's, as all that an aggregate result allows."""
    half = float(ndtri(0.5 + level / 2)) * effect.std_error
    return {
        **ident.columns,
        "study": effect.study,
        "estimate": effect.estimate,
        "std_error": effect.std_error,
        "ci_low": effect.estimate - half,
        "ci_high": effect.estimate + half,
        "weight": weight,
        "n_active": effect.n_active,
        "n_reference": effect.n_reference,
        "source": effect.source,
        "term": "treatment",
    }
