"""What was received, told back: people in each arm, means of each scale at each time, and what read it, so
that a site sees at once whether its file was understood."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ipdma.privacy.few import is_few, say_few
from ipdma.site.catalogue import say_all_but
from ipdma.site.check import CheckResult
from ipdma.site.facts import Facts, Score
from ipdma.site.read_assessments import TIMES
from ipdma.site.sharing import shared
from ipdma.site.study_file import RATINGS

Group = tuple[str, str, str]  # instrument, rating, time point


def received_scores(result: CheckResult, fewest: int | None) -> dict[str, list[Any]] | None:
    """What was received as the cells of a table; None where no participant was read.

    Parameters
    ----------
    result : CheckResult
    fewest : int or None
        Numbers of fewer people are withheld; None at the site, where every number may be seen.

    Returns
    -------
    dict
        `arms`: the head of each arm; `scores`: for each scale at each time its name, the time and a cell an
        arm.
    """
    facts = result.facts
    if result.error is not None or facts is None or not facts.persons:
        return None
    people = Counter(person.arm for person in facts.persons)
    sizes = {arm: people[arm] for arm in (result.file.arms if result.file is not None else ()) if people[arm]}
    if not sizes:
        return None
    known = result.codebook.instruments if result.codebook is not None else {}
    return {
        "arms": [arm_head(result, arm, sizes[arm], fewest) for arm in sizes],
        "scores": [
            score_row(result, group, scores, sizes, fewest)
            for group, scores in grouped(facts)
            if group[0] in known
            and group[1] in RATINGS
            and group[2] in TIMES  # any other word is a cell of theirs
        ],
    }


def arm_head(result: CheckResult, arm: str, size: int, fewest: int | None) -> str:
    """`STPP (n = 40)`."""
    held = result.file.arms.get(arm) if result.file is not None else None
    name = held.label or held.name if held is not None else arm
    if fewest is None:
        return f"{name} (n = {size})"
    return f"{shared(name)} (n = {say_few(fewest) if is_few(size, fewest) else size})"


def grouped(facts: Facts) -> Iterator[tuple[Group, list[Score]]]:
    """The scores of each scale, rater and time, as treatment goes on."""
    found: dict[Group, list[Score]] = {}
    for score in facts.scores:
        found.setdefault((score.instrument, score.rating, score.timepoint), []).append(score)

    order = {time: place for place, time in enumerate(TIMES)}
    for group in sorted(found, key=lambda g: (g[0], g[1], order.get(g[2], len(TIMES)), g[2])):
        yield group, found[group]


def score_row(
    result: CheckResult, group: Group, scores: list[Score], sizes: Mapping[str, int], fewest: int | None
) -> list[str]:
    """One scale at one time: n and mean (SD) of each arm."""
    instrument, rating, timepoint = group
    known = result.codebook.instruments.get(instrument) if result.codebook is not None else None
    label = getattr(known, "label", instrument)
    arms: dict[str, list[float]] = {arm: [] for arm in sizes}
    for score in scores:
        arm = result.facts.persons[score.person].arm if result.facts is not None else None
        if arm in arms:
            arms[arm].append(score.value)
    cells = [arm_cell(values, sizes[arm], fewest, result.language) for arm, values in arms.items()]
    when = timepoint.replace("_", " ") + weeks_text(scores, fewest)
    return [f"{label} ({rating})", when, *cells]


def arm_cell(values: list[float], size: int, fewest: int | None, language: str) -> str:
    """`38: 21.4 (5.2)`; no mean of few people, and no n from which the few without a score would follow."""
    n = len(values)
    if fewest is not None and is_few(n, fewest):
        return say_few(fewest)
    if n < 2:
        return str(n)
    count = str(n)
    if fewest is not None and is_few(size - n, fewest):
        count = say_all_but(fewest, language)
    return f"{count}: {statistics.fmean(values):.1f} ({statistics.stdev(values):.1f})"


def weeks_text(scores: list[Score], fewest: int | None) -> str:
    """`, weeks 14 to 16`: those that several people share."""
    shared = Counter(score.weeks for score in scores if score.weeks is not None)
    weeks = sorted(week for week, n in shared.items() if fewest is None or n >= fewest)
    if not weeks:
        return ""
    return f", {weeks[0]:g}" if weeks[0] == weeks[-1] else f", {weeks[0]:g}\u2013{weeks[-1]:g}"
