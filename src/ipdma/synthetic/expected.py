"""What each analysis of the consortium should find: the estimands of the plan with their true values."""

from __future__ import annotations

import pandas as pd

from ipdma.model.term import TREATMENT, Term
from ipdma.synthetic.truth import Effect, Truth

CHRONICITY = ("1 to under 2 years", "2 years or more")  # against "under 1 year"
TIMES = ("post", "follow_up")
COLUMNS = ("contrast", "timepoint", "moderator", "term", "value")


def expected_terms(truth: Truth) -> pd.DataFrame:
    """True values of the terms of the continuous outcome that the default plan estimates.

    Returns
    -------
    DataFrame
        `contrast, timepoint, moderator, term, value`: the moderator is empty for the headline; terms as the
        models name them; values in baseline SDs of the instrument (per SD, per level, per 10 years).
    """
    rows = [
        (contrast, time, *line)
        for contrast, effect in truth.effects.items()
        for time in TIMES
        for line in terms_of(effect, time)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def terms_of(effect: Effect, time: str) -> list[tuple[str, str, float]]:
    """Moderator, term and value of one contrast at one time point."""
    levels = zip(CHRONICITY, effect.chronicity[time], strict=True)
    return [
        ("", TREATMENT, effect.mean[time]),
        ("severity", Term("within", "severity"), effect.severity[time]),
        *[("chronicity", Term("within", "chronicity", level), value) for level, value in levels],
        ("antidepressant", Term("within", "antidepressant", "yes"), effect.antidepressant[time]),
        ("age", Term("within", "age"), 0.0),
    ]
