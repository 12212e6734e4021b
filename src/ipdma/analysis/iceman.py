"""ICEMAN for meta-analyses (Schandelmaier 2020): the questions that a run can answer about an interaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.records import Fit
from ipdma.model.term import Term

ASKED_BELOW = 0.10  # credibility is asked of interactions that someone might believe


def write_iceman(
    ledger: Ledger, ident: Ident, p_value: float, answered: Iterable[tuple[int, str, str]]
) -> None:
    """Write the eight core questions where p is below 0.10, from `answers`."""
    if p_value >= ASKED_BELOW:
        return
    for question, answer, reason in answered:
        ledger.count(ident, "iceman", variable=str(question), level=f"{answer}: {reason}")


def answers(
    moderator: Moderator,
    settings: Settings,
    data: ModeratorFrame,
    one: Fit,
    two: Fit | None,
    p_value: float,
    varying: Mapping[str, Fit],
) -> Iterator[tuple[int, str, str]]:
    """Each question's number, answer (`author` where only a person can answer) and reason.

    `varying` are the fits of the interaction as it varies between trials, by stage.
    """
    yield (
        1,
        "definitely yes",
        "the estimate is within trials alone; the across-trial association stands apart",
    )
    yield 2, *similar_between_trials(data, two, varying.get("two"))
    yield 3, "author", "does not apply: no between-trial comparison enters the estimate"
    yield 4, "author", "whether the direction was stated beforehand is not in the data"
    yield 5, *chance(p_value)
    yield 6, *number_tested(moderator, settings)
    yield 7, *varies_between_trials(data, one, varying.get("one"))
    yield 8, *cut_points(moderator)


def tested_p(fit: Fit, name: str) -> float | None:
    """The p value of a within-trial interaction: of the joint test of a categorical one."""
    found = {**{e.term: e.p_value for e in fit.estimates}, **{t.name: t.p_value for t in fit.tests}}
    return found.get(Term("within", name))


def varies_between_trials(data: ModeratorFrame, one: Fit, varying: Fit | None) -> tuple[str, str]:
    """Does the model let the interaction vary between trials, and does the finding stand if it may.

    A random treatment effect alone says nothing of the interaction.
    """
    if any(term.is_effect("within", data.name) for term in one.variance.effects):
        return "definitely yes", "the interaction itself varies between trials"
    p = None if varying is None else tested_p(varying, data.name)
    if p is None:
        return "definitely no", "the interaction is common to all trials, and no model lets it vary"
    answer = "probably yes" if p < ASKED_BELOW else "probably no or unclear"
    return answer, f"the interaction is common to all trials; where it may vary, p = {p:.3f}"


def opposite(fit: Fit | None, name: str) -> tuple[int, int]:
    """Trials whose own interaction points the other way than the pooled one, and trials in all.

    Of several levels that with the most trials against it.
    """
    worst = (0, 0)
    for estimate in fit.estimates if fit else ():
        own = [s.estimate for s in fit.study_estimates if s.term == estimate.term] if fit else []
        if estimate.term.is_effect("within", name) and own:
            worst = max(worst, (sum(value * estimate.estimate < 0 for value in own), len(own)))
    return worst


def similar_between_trials(data: ModeratorFrame, two: Fit | None, varying: Fit | None) -> tuple[str, str]:
    """Is the interaction alike from trial to trial: Cochran's Q, and trials that point the other way."""
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
    against, of = opposite(varying or two, data.name)
    if 3 * against > of:
        return "probably no or unclear", (
            f"{against} of {of} trials point the other way, although their differences may be chance "
            f"(Q test p = {p:.3f})"
        )
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
    if settings.leaders[moderator.name] != moderator.name:
        leader = settings.leaders[moderator.name]
        return "definitely no", f"another form of {leader}, which stands for the variable in the family"
    m = len({settings.leaders[name] for name in settings.family})
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
