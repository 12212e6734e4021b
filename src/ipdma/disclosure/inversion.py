"""Events that follow from what is told beside them: a risk times the people at it, a trial's odds ratio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ipdma.analysis.record_words import STATED
from ipdma.analysis.records import as_number
from ipdma.disclosure.cells import Row
from ipdma.disclosure.kinds import tells_risk

EXACT = 1e-9  # how far from a whole number a risk times people may be, per person
PRINTED = 5e-6  # of six printed digits
SAME = 1e-6  # log odds ratios and standard errors nearer than this are the same
HALF = 0.5  # added to all four numbers of a trial where one is zero


def whole_people(risk: float, size: float, error: float) -> int | None:
    """The number of people with the event, where risk times people is a whole number; else None.

    `error` is how far the risk may be from the exact share (0 to 1), by rounding or printing. A risk of 0 or
    1 gives None.
    """
    count = risk * size
    return round(count) if 0 < risk < 1 and abs(count - round(count)) <= error * max(size, 1.0) else None


def told_risks(rows: Iterable[Row]) -> Iterator[tuple[float, float]]:
    """Risks, each with its error, that the counts of one fit of events tell or give back.

    A risk ratio and a risk difference give the risk that both start from; so do a risk under the active arms
    and how far it lies from it.
    """
    values: dict[str, float] = {}
    for row in rows:
        if row["level"] == STATED or not tells_risk(row["what"]):
            continue
        value, label = as_number(row["value"]), as_number(row["variable"])
        if value is not None:
            values[row["what"]] = value
            yield value, EXACT
        if label is not None:
            yield label, PRINTED * label
    if {"active_risk", "absolute_effect"} <= values.keys():
        yield values["active_risk"] - values["absolute_effect"], EXACT
    if {"risk_ratio", "risk_difference"} <= values.keys() and values["risk_ratio"] != 1:
        yield values["risk_difference"] / (values["risk_ratio"] - 1), EXACT


def told_odds_ratio(row: Mapping[str, str]) -> tuple[float | None, float | None]:
    """The log odds ratio of a row and its standard error; None where they are not told.

    Where the interval alone is told, its middle is the log odds ratio.
    """
    estimate, error = as_number(row["estimate"]), as_number(row["std_error"])
    low, high = as_number(row["ci_low"]), as_number(row["ci_high"])
    if estimate is None and low is not None and high is not None:
        estimate = (low + high) / 2
    return estimate, error


def tables_with(
    log_odds: float,
    error: float | None,
    sizes: Sequence[float],
    limits: Sequence[tuple[float, float]],
) -> np.ndarray:
    """Events by arm that have a log odds ratio, and its standard error where it is known.

    Where one of the four numbers is zero, a half is added to all four.

    Parameters
    ----------
    log_odds : float
        Of the active against the reference arm.
    error : float or None
        Its standard error, sqrt(1/a + 1/b + 1/c + 1/d).
    sizes : two numbers
        Participants of the active and of the reference arm.
    limits : two pairs of numbers
        The least and the most events of each arm.

    Returns
    -------
    (2, m) array of int
        Each column is a possible pair of events.
    """
    spans = [np.arange(max(0, low), min(n, high) + 1) for n, (low, high) in zip(sizes, limits, strict=True)]
    active, reference = np.meshgrid(*spans, indexing="ij")
    four = np.stack([active, sizes[0] - active, reference, sizes[1] - reference]).astype(float)
    four += HALF * (four == 0).any(axis=0)
    found = np.log(four[0] * four[3] / (four[1] * four[2]))
    fits = np.abs(found - log_odds) <= SAME * max(1.0, abs(log_odds))
    if error is not None:
        fits &= np.abs(np.sqrt((1 / four).sum(axis=0)) - error) <= SAME * max(1.0, error)
    return np.array([active[fits], reference[fits]]).astype(int)
