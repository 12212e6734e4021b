"""What each trial says of a term by itself: the data of the null-standardised interval inside one stage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ipdma.model.design import Design
from ipdma.model.df.trials import TrialEstimates
from ipdma.model.stage_one import StudyFit, fit_studies
from ipdma.model.term import TREATMENT, Term

ADDED = 0.5  # to each cell of a trial with an empty one (Haldane 1956, Anscombe 1956)


def trials_alone(design: Design) -> dict[Term, TrialEstimates]:
    """The trials' own estimates of every term that the null-standardised interval is for."""
    terms = random_terms(design)
    if not terms:
        return {}
    fits = fit_studies(design)
    return {term: of_term(design, fits, term) for term in terms}


def answered_alone(trials: Mapping[Term, TrialEstimates]) -> dict[Term, tuple[str, ...]]:
    """The one trial behind each term whose row is that trial's own answer."""
    return {term: own.studies for term, own in trials.items() if own.k == 1}


def random_terms(design: Design) -> list[Term]:
    """Terms that vary between trials and of which each trial has an estimate from its own rows alone.

    The treatment has an estimate of each trial's own unless an across-trial term, or a common interaction
    that is not centred, moves it; one trial has its own whatever varies.
    """
    only = len(design.studies) == 1
    interactions = only or design.spec.interaction_effect == "random"
    kinds = ["within", "naive"] if interactions else []
    beside = {term.kind for term in design.shared_terms} - {"treatment", "within", *kinds}
    if not beside and (only or design.spec.treatment_effect == "random"):
        kinds = ["treatment", *kinds]
    return [term for term in design.shared_terms if term.kind in kinds]


def of_term(design: Design, fits: Sequence[StudyFit], term: Term) -> TrialEstimates:
    """One term's trials; an empty cell of outcome by arm is filled for the treatment."""
    rows: list[tuple[str, float, float, float | None]] = []
    filled, silent = [], []
    for k, fit in enumerate(fits):
        if term in fit.terms:
            at = fit.terms.index(term)
            rows.append((fit.study, float(fit.estimate[at]), float(fit.covariance[at, at]), fit.df))
        elif term == TREATMENT and (found := filled_log_odds(design, k)):
            filled.append(fit.study)
            rows.append((fit.study, *found, None))
        else:
            silent.append(f"{fit.study} ({fit.silent.get(term, 'not estimable there')})")
    notes = []
    if filled:
        beside = ", without covariates" if design.nuisance.shape[1] > 1 else ""
        notes.append(
            f"empty cell in {', '.join(filled)}: {ADDED:g} is added to every cell of that trial for its own "
            f"log odds ratio{beside}"
        )
    if silent:
        notes.append(f"its interval has no information from {', '.join(silent)}")
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    return TrialEstimates(
        term, tuple(columns[0]), np.array(columns[1]), np.array(columns[2]), tuple(columns[3]), tuple(notes)
    )


def filled_log_odds(design: Design, k: int) -> tuple[float, float] | None:
    """Log odds ratio and variance of a binary trial's two by two table, each cell with `ADDED` more.

    None where the outcome is not binary, the arms are not two, or all participants have the same outcome.
    """
    t = design.shared[design.study == k, design.shared_terms.index(TREATMENT)]
    y = design.outcome[design.study == k]
    arms = np.unique(t)
    if design.spec.family != "binomial" or len(arms) != 2 or np.ptp(y) == 0:
        return None
    cells = [float(((t == arm) & (y == outcome)).sum()) + ADDED for arm in arms for outcome in (0.0, 1.0)]
    no_0, yes_0, no_1, yes_1 = cells
    return math.log(yes_1 * no_0 / (no_1 * yes_0)), sum(1 / cell for cell in cells)
