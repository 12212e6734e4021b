"""ICEMAN for meta-analyses (Schandelmaier 2020): the questions that a run can answer about an interaction."""

from __future__ import annotations

from collections.abc import Iterator

from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.records import Fit

ASKED_BELOW = 0.10  # credibility is asked of interactions that someone might believe


def write_iceman(
    ledger: Ledger,
    ident: Ident,
    moderator: Moderator,
    settings: Settings,
    data: ModeratorFrame,
    one: Fit,
    two: Fit | None,
    p_value: float,
) -> None:
    """Write the eight core questions where p is below 0.10; `author` where only a person can answer."""
    if p_value >= ASKED_BELOW:
        return
    for question, answer, reason in answers(moderator, settings, data, one, two, p_value):
        ledger.count(ident, "iceman", variable=str(question), level=f"{answer}: {reason}")


def answers(
    moderator: Moderator, settings: Settings, data: ModeratorFrame, one: Fit, two: Fit | None, p_value: float
) -> Iterator[tuple[int, str, str]]:
    """Each question's number, answer and reason."""
    yield (
        1,
        "definitely yes",
        "the estimate is within trials alone; the across-trial association stands apart",
    )
    yield 2, *similar_between_trials(data, two)
    yield 3, "author", "does not apply: no between-trial comparison enters the estimate"
    yield 4, "author", "whether the direction was stated beforehand is not in the data"
    yield 5, *chance(p_value)
    yield 6, *number_tested(moderator, settings)
    random = one.variance.treatment is not None
    answer = "definitely yes" if random else "definitely no"
    yield 7, answer, f"the treatment effect is {'random' if random else 'common'} between trials"
    yield 8, *cut_points(moderator)


def similar_between_trials(data: ModeratorFrame, two: Fit | None) -> tuple[str, str]:
    """Is the interaction alike from trial to trial: Cochran's Q of the study interactions."""
    found = [
        e
        for e in (two.estimates if two else ())
        if e.term.is_effect("within", data.name) and e.extra.get("q_p") is not None
    ]
    if not found or len(data.varying()) < 2:
        return "probably no or unclear", "too few trials inform the interaction to compare them"
    p = min(float(e.extra["q_p"]) for e in found)
    k = len(data.varying())
    if p < 0.05:
        return "definitely no", f"the interactions of {k} trials differ (Q test p = {p:.3f})"
    if p < 0.10:
        return "probably no or unclear", f"the interactions of {k} trials may differ (Q test p = {p:.3f})"
    return "probably yes", f"no sign that the interactions of {k} trials differ (Q test p = {p:.3f})"


def chance(p_value: float) -> tuple[str, str]:
    """Does a test suggest that chance is an unlikely explanation: the instrument's own bands."""
    reason = f"interaction p = {p_value:.3f}" if p_value >= 0.001 else "interaction p < 0.001"
    for limit, answer in (
        (0.005, "definitely yes"),
        (0.01, "probably yes"),
        (0.05, "probably no or unclear"),
    ):
        if p_value <= limit:
            return answer, reason
    return "definitely no", reason


def number_tested(moderator: Moderator, settings: Settings) -> tuple[str, str]:
    """Few moderators, or their number allowed for."""
    if moderator.name not in settings.family:
        return "definitely no", "exploratory: outside the family that the plan declares"
    m = len(settings.family)
    if settings.correction == "holm":
        return "definitely yes", f"{m} moderators declared beforehand, p corrected by Holm's method"
    return ("probably yes" if m <= 3 else "definitely no"), f"{m} moderators declared, p not corrected"


def cut_points(moderator: Moderator) -> tuple[str, str]:
    """Were arbitrary cut points avoided."""
    if moderator.cuts:
        return (
            "probably no or unclear",
            "a continuous characteristic is cut at values that the plan fixed beforehand",
        )
    return "definitely yes", "no cut point is used"
