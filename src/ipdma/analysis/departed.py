"""The headline if gaps are not at random: shifts by arm, and the reference arm's course from the gap on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.characteristics import positions
from ipdma.analysis.completed import Completed
from ipdma.analysis.guest_completed import with_guests
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.imputed_fits import fit_headline
from ipdma.analysis.missing_plan import MissingPlan
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.bundle.records import IMPUTED, MISSING
from ipdma.imputation import reference_based, shift_outcomes, study_seed


def depart(
    ledger: Ledger,
    completed: Completed,
    cell: Cell,
    settings: Settings,
    plan: MissingPlan,
    earlier: Mapping[str, Mapping[str, float]],
) -> None:
    """Write the headline under shifts by arm and under reference-based draws.

    Shifts are in units of the outcome as it is analysed; draws follow Carpenter, Roger and Kenward (2013),
    see `reference_based`.

    Parameters
    ----------
    completed : Completed
        Completed data sets one below the other.
    cell : Cell
        The rows as they were observed.
    earlier : mapping of str to mapping of str to float
        Columns with earlier scores of the same outcome: the weeks at which each study measured them.
    """
    spec = settings.primary(cell.family)
    rows, m = completed.rows, completed.done.m
    missing = missing_outcomes(rows, cell)
    filled = with_guests(cell, rows.assign(**{MISSING: missing.astype(float)}), m)
    told = filled.with_columns([*spec.covariates, MISSING])
    for active, reference in delta_pairs(plan):
        ident = cell.ident(f"delta:{active:g}:{reference:g}", "one")
        note_silent(ledger, ident, filled, [*spec.covariates, MISSING])
        outcome, gone, treat = (told[name].to_numpy(dtype=float) for name in ("outcome", MISSING, "treat"))
        shifted = told.assign(outcome=shift_outcomes(outcome, gone, treat, active, reference))
        fit_headline(ledger, ident, replace(filled, rows=shifted, guests=()), spec, False)
        ledger.count(ident, "delta", arm="active", value=active)
        ledger.count(ident, "delta", arm="reference", value=reference)
    for method in plan.reference_based:
        ident = cell.ident(method, "one")
        starts = start_columns(rows, earlier) if method == "copy_increments" else {}
        drawn = completed.scaled(drawn_from_reference(completed, missing, method, plan.seed, starts))
        drawn = np.where(missing, drawn, rows["outcome"].to_numpy(dtype=float))
        part = with_guests(cell, rows.assign(outcome=drawn), m, f"{IMPUTED}.{method}")
        fit_headline(ledger, ident, part, spec, False)
        if method == "copy_increments":
            ledger.note(ident, "imputation_note", say_starts(sorted(rows["study"].unique()), starts))


def missing_outcomes(completed: pd.DataFrame, cell: Cell) -> np.ndarray:
    """True for the completed rows whose outcome was imputed."""
    observed = cell.rows.set_index(["study", "participant"])["outcome"].notna()
    at = pd.MultiIndex.from_frame(completed[["study", "participant"]])
    return ~observed.reindex(at).to_numpy(dtype=bool)


def delta_pairs(plan: MissingPlan) -> list[tuple[float, float]]:
    """Shifts of the active and of the reference arm; no shift at all is the imputed headline itself."""
    grid = [d for d in plan.delta_grid if d != 0]
    pairs = {
        "active": [(d, 0.0) for d in grid],
        "reference": [(0.0, d) for d in grid],
        "both": [(d, d) for d in grid],
        "grid": [(a, r) for a in (0.0, *grid) for r in (0.0, *grid) if (a, r) != (0.0, 0.0)],
    }
    return pairs[plan.delta_arms]


def start_columns(rows: pd.DataFrame, earlier: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """For each study the latest earlier score that it measured before the outcome, where there is one."""
    starts = {}
    for study, part in rows.groupby("study", sort=True):
        outcome_weeks = float(part["weeks"].median()) if "weeks" in part else np.nan
        found = [
            (weeks[str(study)], name)
            for name, weeks in earlier.items()
            if weeks.get(str(study), np.inf) < outcome_weeks and part[name].notna().all()
        ]
        if found:
            starts[str(study)] = max(found)[1]
    return starts


def say_starts(studies: list[str], starts: Mapping[str, str]) -> str:
    """What increments were copied from, by study."""
    groups: dict[str, list[str]] = {}
    for study in studies:
        groups.setdefault(starts.get(str(study), "the baseline"), []).append(str(study))
    parts = [f"{name} in {', '.join(members)}" for name, members in sorted(groups.items())]
    return f"increments start from {'; from '.join(parts)}"


def drawn_from_reference(
    completed: Completed, missing: np.ndarray, method: str, seed: int, starts: Mapping[str, str]
) -> np.ndarray:
    """Outcomes in points in which the active arm's gaps are drawn as the reference arm would have them.

    Each study is drawn for as many data sets as it has of its own; then they come round again.
    """
    rows, m = completed.done.rows, completed.done.m
    outcome = rows["outcome"].to_numpy(dtype=float).copy()
    for study, places in positions(rows, "study").items():
        at = places.reshape(m, -1)
        own = at[: completed.sets[study]]
        treat = rows["treat"].to_numpy()[own[0]]
        gap = missing[own[0]] & (treat == 1)
        open_outcome = outcome[own]
        open_outcome[:, gap] = np.nan
        baseline = rows["baseline"].to_numpy(dtype=float)[own]
        interim = rows[starts.get(study, "baseline")].to_numpy(dtype=float)[own]
        rng = np.random.default_rng([study_seed(seed, f"{study}\n{method}")])
        drawn = reference_based(baseline, interim, open_outcome, treat, method, rng)
        outcome[at] = drawn[np.arange(m) % len(own)]
    return outcome
