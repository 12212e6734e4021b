"""All visits in one model: the constrained longitudinal estimate beside the headline, and trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from ipdma.analysis.band import with_effects
from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import attempt, estimate_row, joint_row, number, specify, widened
from ipdma.analysis.guest_notes import KIND, note_partial
from ipdma.analysis.guest_visits import guest_visit_rows
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.same_trials import primary_trials, stand_beside
from ipdma.analysis.settings import Settings
from ipdma.model.fit import fit_model
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import INTERCEPT, TREATMENT

MODEL, BASELINE = "longitudinal", "baseline"


def analyse_longitudinal(cell: Cell, context: Context) -> Ledger:
    """Fit the model over visits to a contrast's cells of the plan's first outcome, in one and two stages.

    Parameters
    ----------
    cell : Cell
        That of the first visit with rows stands for all; other cells leave the ledger empty. Studies
        lacking a visit take part at the others.

    Returns
    -------
    Ledger
        A row per visit (`model` longitudinal, `term` treatment, `timepoint` the visit's), a joint test over
        visits (`timepoint` visits), and the trajectories by arm in the counts.
    """
    ledger, settings = Ledger(), context.settings
    cells = visits_of(cell, context)
    if cell.outcome != settings.plan.first_outcome or len(cells) < 2 or cell is not cells[0]:
        return ledger
    ident = Ident(cell.contrast, cell.outcome, "visits", MODEL, "one")
    made, silent = guest_visit_rows(cells)
    if silent:
        text = f"without {', '.join(silent)}: the bundle does not tell of every pattern of visits"
        ledger.note(ident, KIND, text)
    for visit in cells:
        note_partial(ledger, ident, visit.scales)
    long = with_people(pd.concat([visit_rows([visit.without_guests() for visit in cells]), made]))
    cells = [visit.but(visit.rows[~visit.rows["study"].isin(silent)]) for visit in cells]
    if long["visit"].nunique() < 3 or long["study"].nunique() < 1:
        ledger.note(cell.ident(MODEL), "not_run", "fewer than two visits after baseline have scores")
        return ledger
    for stage in ("one", "two"):
        ident = Ident(cell.contrast, cell.outcome, "visits", MODEL, stage)
        fit = attempt(ledger, ident, partial(fit_visits_model, long, settings, stage))
        if fit is not None:
            write_visits(ledger, ident, fit, cells, long, settings)
    return ledger


def visits_of(cell: Cell, context: Context) -> list[Cell]:
    """The cells of a contrast and outcome at the visits that the plan models together, in its order."""
    visits = context.settings.plan["longitudinal"]["visits"]
    keys = [(cell.contrast, cell.outcome, visit) for visit in visits]
    return [context.cells[key] for key in keys if key in context.cells]


def visit_rows(cells: Sequence[Cell]) -> pd.DataFrame:
    """A row per participant and visit: the baseline, and each later score on the same instrument.

    A study's instrument is that of its first visit with scores; a visit scored on another is left out.
    """
    parts: list[pd.DataFrame] = []
    instrument: dict[Any, tuple[str, str, str]] = {}
    for cell in cells:
        for study, rows in cell.rows.groupby("study"):
            scale = (rows["instrument"].iloc[0], rows["rating"].iloc[0], rows["scoring"].iloc[0])
            if instrument.setdefault(study, scale) != scale:
                continue
            kept = rows[["study", "participant", "treat", "baseline", "outcome", "weeks"]]
            parts.append(kept.assign(visit=cell.timepoint))
    if not parts:
        return pd.DataFrame({"study": [], "visit": []})
    joined = pd.concat(parts, ignore_index=True)
    start = joined.drop_duplicates(["study", "participant"]).assign(visit=BASELINE, weeks=0.0)
    start = start.assign(outcome=start["baseline"])
    long = pd.concat([start, joined], ignore_index=True)
    return long.dropna(subset=["outcome"]).reset_index(drop=True)


def with_people(long: pd.DataFrame) -> pd.DataFrame:
    """The rows with a `person` each, other than those of the same name in other studies."""
    if long.empty:
        return long
    person = long["study"] + "\x1f" + long["participant"].astype(str)
    return long.assign(person=person).reset_index(drop=True)


def fit_visits_model(long: pd.DataFrame, settings: Settings, stage: str) -> Fit:
    """The model over visits; the baseline is among the outcomes (Liang and Zeger 2000), or a covariate."""
    keys = settings.plan["longitudinal"]
    among = keys["baseline"] == "outcome"
    rows = long if among else long[long["visit"] != BASELINE]
    spec = ModelSpec(
        outcome="outcome",
        participant="person",
        visit="visit",
        baseline_visit=BASELINE if among else None,
        covariates=() if among else ("baseline",),
        covariance=keys["covariance"],
        random_correlation=keys["random_correlation"],
        level=settings.level,
        pool=settings.pool,
    )
    fit = fit_model(rows, specify(spec, stage))
    return with_effects(fit, mean_contrasts(rows), settings.level) if stage == "one" else fit


def mean_contrasts(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Model means by arm and visit: intercepts averaged over the participants of each study."""
    contrasts: dict[str, dict[str, float]] = {}
    for visit, part in rows.groupby("visit", sort=False):
        sizes = part["study"].value_counts().sort_index()
        means: dict[str, float] = {
            INTERCEPT.but(visit=str(visit), study=str(study)): n / len(part) for study, n in sizes.items()
        }
        contrasts[f"reference|{visit}"] = means
        effect: dict[str, float] = {} if visit == BASELINE else {TREATMENT.but(visit=str(visit)): 1.0}
        contrasts[f"active|{visit}"] = {**means, **effect}
    return contrasts


def write_visits(
    ledger: Ledger,
    ident: Ident,
    fit: Fit,
    cells: Sequence[Cell],
    long: pd.DataFrame,
    settings: Settings,
) -> None:
    """Rows per visit, the joint test, what the model gains in participants, and the trajectories."""
    for cell in cells:
        own, there = ident.but(timepoint=cell.timepoint), trials_at(long, cell.timepoint)
        inside = long[long["study"].astype(str).isin(there)]["person"].nunique()
        for estimate in fit.estimates:
            if estimate.term == TREATMENT.but(visit=cell.timepoint):
                row = estimate_row(own, fit, estimate, "treatment")
                row["tau2"] = number(estimate.extra.get("tau2"))
                pi = (estimate.extra.get("pi_low"), estimate.extra.get("pi_high"))
                row |= widened(pi, estimate.ci_low, estimate.ci_high)
                row["n"] = inside
                ledger.estimates.append(row)
                ledger.count(own, "longitudinal_participants", n=inside, of=len(cell.analysed))
        if there < set(cell.studies):
            stand_beside(ledger, cell, settings, own, there, primary_trials(cell, settings))
    for test in fit.tests:
        if test.name == "treatment":
            joint = joint_row(ident, fit, test, k=long["study"].nunique())
            ledger.estimates.append({**joint, "n": long["person"].nunique()})
            ledger.count(ident, "df_num", variable="treatment", value=test.df_num)
    write_trajectories(ledger, ident, fit, long)


def trials_at(long: pd.DataFrame, visit: str) -> frozenset[str]:
    """The trials with scores of both sides at a visit."""
    sides = long[long["visit"] == visit].groupby("study")["treat"].nunique()
    return frozenset(map(str, sides.index[sides == 2]))


def write_trajectories(ledger: Ledger, ident: Ident, fit: Fit, long: pd.DataFrame) -> None:
    """Model means by arm and visit with their intervals, and the weeks at which they stand."""
    for contrast in fit.contrasts:
        arm, _, visit = contrast.term.partition("|")
        for what, value in (
            ("trajectory", contrast.estimate),
            ("trajectory_low", contrast.ci_low),
            ("trajectory_high", contrast.ci_high),
        ):
            n = int(((long["visit"] == visit) & (long["treat"] == (arm == "active"))).sum())
            ledger.count(ident, what, arm=arm, variable=visit, n=n, value=number(value))
    for name, part in long.groupby("visit", sort=False):
        ledger.count(
            ident, "trajectory_weeks", variable=str(name), n=len(part), value=float(part["weeks"].median())
        )
