"""The power before the data, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ipdma.analysis.planned_questions import Question
from ipdma.analysis.planning import Answer, most_wanted

SHOWN = 5  # trials that a line names
HEAD = ("", "Assumed", "Trials", "Power", "Wald", "Width", "All came", "Would add most")


def power_lines(plan: Mapping[str, Any], answers: Sequence[Answer], notes: Sequence[str]) -> Iterator[str]:
    """A table for each outcome and contrast, the order in which to ask trials, and what was assumed."""
    groups: dict[tuple[str, str], list[Answer]] = {}
    for own in answers:
        groups.setdefault((own.question.outcome, own.question.contrast), []).append(own)
    for (outcome, contrast), members in groups.items():
        yield f"{label(plan, 'outcomes', outcome)}: {label(plan, 'contrasts', contrast)}"
        yield from columns([HEAD, *(table_row(plan, own) for own in members)])
        yield ""
    yield from asking(answers)
    yield from assumptions(plan, answers, notes)


def label(plan: Mapping[str, Any], group: str, name: str) -> str:
    """The plan's words for a name."""
    return str(plan[group][name]["label"] or name)


def question_text(plan: Mapping[str, Any], question: Question) -> str:
    """`Effect of treatment`, or the moderator and its level."""
    if not question.moderator:
        return "Effect of treatment"
    level = f": {question.level}" if question.level else ""
    return f"x {label(plan, 'moderators', question.moderator)}{level}"


def table_row(plan: Mapping[str, Any], own: Answer) -> tuple[str, ...]:
    """One question: power by either test, width, and what it could be."""
    now, everybody = own.expected, own.everybody
    width = "none" if now.width is None else f"{now.width:.2f}"
    helpers = ", ".join(f"{study} {points(gain)}" for study, gain in own.gains[:2] if gain > 0)
    return (
        question_text(plan, own.question),
        own.question.words,
        f"{now.k:.3g}",
        percent(now.power),
        percent(now.power_wald),
        width,
        percent(everybody.power),
        helpers,
    )


def percent(share: float) -> str:
    """A share in percent; never 100 where it is less."""
    return ">99%" if 0.995 <= share < 1 else f"{100 * share:.0f}%"


def points(gain: float) -> str:
    """A gain in percentage points."""
    return f"{100 * gain:+.1f}"


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as aligned text."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def asking(answers: Sequence[Answer]) -> Iterator[str]:
    """Whose data would help most, and with what."""
    wanted = [pair for pair in most_wanted(answers) if pair[1] > 0]
    if not wanted:
        yield "No trial whose data are not sure to come would add to the power."
    for study, mean in wanted[:SHOWN]:
        gains = [(gain, own.question) for own in answers for name, gain in own.gains if name == study]
        best = [
            max(part, key=lambda pair: pair[0])
            for part in ([g for g in gains if not g[1].moderator], [g for g in gains if g[1].moderator])
            if part
        ]
        told = " and ".join(f"{100 * gain:.1f} {gain_text(question)}" for gain, question in best)
        yield f"Asking for {study} adds {told}; {100 * mean:.1f} points on average over all rows."
    yield ""


def gain_text(question: Question) -> str:
    """`points of power for severity (stpp_control, depression)`."""
    about = question.moderator or "the effect of treatment"
    return f"points of power for {about} ({question.contrast}, {question.outcome})"


TEST_WORDS = {
    "nst": "the null-standardised t on the number of trials less one",
    "kenward_roger": "Kenward-Roger's test of an effect common to the trials",
    "k_minus_1": "t on the number of trials less one",
    "k_minus_1_common": "t on the number of trials less one, of an effect common to them",
    "residual": "t on the residual degrees of freedom",
    "normal": "the Wald test",
}


def tests_told(plan: Mapping[str, Any], answers: Sequence[Answer]) -> Iterator[str]:
    """Which tests the power is of."""
    kinds: dict[str, dict[str, None]] = {}
    for own in answers:
        asked = own.question
        what = "an interaction" if asked.moderator else "the effect"
        kinds.setdefault(asked.test, {})[f"{what} ({label(plan, 'outcomes', asked.outcome)})"] = None
    told = "; ".join(f"of {', '.join(names)} {TEST_WORDS[test]}" for test, names in kinds.items())
    yield (
        f"Power and expected width are of the test that the plan does: {told}. Width: of the "
        f"{100 * plan['level']:g}% interval, on the scale of the model. Wald: of a Wald test with known "
        "variances, as Riley et al (Stat Med 2020 and 2022) have it, which promises more."
    )


def assumptions(plan: Mapping[str, Any], answers: Sequence[Answer], notes: Sequence[str]) -> Iterator[str]:
    """What the numbers rest on."""
    own = plan["power"]
    yield (
        f"Assumed where a trial has no number of its own: SD {own['sd']:g}, correlation with baseline "
        f"{own['correlation']:g}, risk {own['risk']:g}, {100 * own['analysed']:g}% analysed; SD between "
        f"trials {own['tau']:g} of the effect, {own['tau_interaction']:g} of an interaction."
    )
    yield from tests_told(plan, answers)
    yield from (f"note: {note}" for note in notes)
