"""Items become a total by the instrument's own rules: reversal, groups, allowed missing items, proration."""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.codebook import Scoring


def score_items(answers: Sequence[float | None], scoring: Scoring) -> float | None:
    """The total of one participant's answers.

    The mean of the answered items times their number (or the mean itself), not rounded, while no more are
    missing than the scoring allows; of items of which only the highest counts, the group is one item.

    Parameters
    ----------
    answers : sequence of float or None
        In the instrument's order, before reversal; None is missing.

    Returns
    -------
    float or None
        None where too many are missing.
    """
    counted = collapse(turn(answers, scoring), scoring)
    given = [answer for answer in counted if answer is not None]
    if not given or len(counted) - len(given) > scoring.missing_items_allowed:
        return None
    if len(given) == len(counted):
        total = sum(given)
        return (total / len(counted) if scoring.rule == "mean" else total) * scoring.multiplier
    mean = sum(given) / len(given)
    return (mean if scoring.rule == "mean" else mean * len(counted)) * scoring.multiplier


def turn(answers: Sequence[float | None], scoring: Scoring) -> list[float | None]:
    """Reversed items turned over: low + high - answer."""
    turned = list(answers)
    for item in scoring.reversed_items:
        answer = turned[item - 1]
        if answer is not None:
            low, high = scoring.item_ranges[item - 1].bounds
            turned[item - 1] = low + high - answer
    return turned


def collapse(answers: list[float | None], scoring: Scoring) -> list[float | None]:
    """Each group of items of which only the highest counts becomes one."""
    grouped = {item for group in scoring.highest_of for item in group}
    singles = [answer for item, answer in enumerate(answers, start=1) if item not in grouped]
    for group in scoring.highest_of:
        given = [answer for item in group if (answer := answers[item - 1]) is not None]
        singles.append(max(given) if given else None)
    return singles


def totals_of(answers: Sequence[float | None], scoring: Scoring) -> list[float]:
    """What a site may have written as the total: scored by the rules, the prorated one rounded, the plain
    sum."""
    score = score_items(answers, scoring)
    if score is None:
        return []
    given = [answer for answer in collapse(turn(answers, scoring), scoring) if answer is not None]
    if len(given) == len(collapse(turn(answers, scoring), scoring)):
        return [score]
    plain = sum(given) * scoring.multiplier
    return [score, float(round(score)), float(int(score + 0.5)), plain]
