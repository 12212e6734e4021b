"""Rubin's rules within each trial: the trials' own estimates over completed data sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipdma.model.df.trials import TrialEstimates
from ipdma.model.records import Fit
from ipdma.model.term import Term


def combine_trials(fits: Sequence[Fit]) -> dict[Term, TrialEstimates]:
    """Each term's trials with Qbar and T = Ubar + (1 + 1 / m) B; a trial that some set lacks is left out."""
    terms = [term for term in fits[0].trials if all(term in fit.trials for fit in fits)]
    return {term: combine([fit.trials[term] for fit in fits]) for term in terms}


def combine(sets: Sequence[TrialEstimates]) -> TrialEstimates:
    """One term over its m data sets; the df are those of the first."""
    m, first = len(sets), sets[0]
    kept = [study for study in first.studies if all(study in one.studies for one in sets)]
    at = [[one.studies.index(study) for study in kept] for one in sets]
    q = np.array([one.estimate[i] for one, i in zip(sets, at, strict=True)])
    u = np.array([one.variance[i] for one, i in zip(sets, at, strict=True)])
    b = q.var(axis=0, ddof=1) if m > 1 else np.zeros(len(kept))
    notes = dict.fromkeys(note for one in sets for note in one.notes)
    lost = sorted({study for one in sets for study in one.studies} - set(kept))
    if lost:
        notes[f"no estimate in some data set, so left out of its interval: {', '.join(lost)}"] = None
    df = tuple(first.df[i] for i in at[0])
    return TrialEstimates(
        first.term, tuple(kept), q.mean(axis=0), u.mean(axis=0) + (1 + 1 / m) * b, df, tuple(notes)
    )
