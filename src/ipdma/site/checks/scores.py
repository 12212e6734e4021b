"""Scores: that there are any, baseline and post scores that participants lack, dropouts that have one."""

from __future__ import annotations

from ipdma.site.facts import Facts
from ipdma.site.findings import Findings

ASSESSMENTS = "assessments.csv"


def check_scores(facts: Facts, findings: Findings) -> None:
    """No score at all, and missing baseline or post scores."""
    if not facts.scores:
        could_stand = bool(facts.blank) or facts.scores_file == ASSESSMENTS
        if could_stand and facts.complete and not facts.faulty and not facts.unread:
            findings.add("no_scores", facts.scores_file, "assessments")
        return
    have = {(s.person, s.instrument, s.timepoint) for s in facts.scores}
    have |= {(person, instrument, str(timepoint)) for person, instrument, timepoint, _ in facts.faulty}
    blank = {key[:3]: row for key, row in facts.blank.items()}
    for (instrument, timepoint), column in planned_once(facts).items():
        places = [
            (blank.get((number, instrument, timepoint)) or person.rows[0], "")
            for number, person in enumerate(facts.persons)
            if (number, instrument, timepoint) not in have
        ]
        if places:
            said = {"timepoint": timepoint}
            findings.add(
                "missing_score",
                facts.persons_file,
                instrument,
                column,
                places,
                of=len(facts.persons),
                said=said,
            )


def planned_once(facts: Facts) -> dict[tuple[str, str], str | None]:
    """Instruments at baseline and at post, with their first column; weeks may differ between people."""
    seen: dict[tuple[str, str], str | None] = {}
    for instrument, timepoint, _, column in facts.planned:
        if timepoint in ("baseline", "post") and instrument not in facts.unread:
            seen.setdefault((instrument, timepoint), column)
    return seen


def check_dropouts(facts: Facts, findings: Findings) -> None:
    """Participants who stopped early and have a post score all the same."""
    with_post = {score.person for score in facts.scores if score.timepoint == "post"}
    places = [
        (person.cells["dropout"].row or person.rows[0], person.cells["dropout"].text)
        for number, person in enumerate(facts.persons)
        if number in with_post and "dropout" in person.cells and person.cells["dropout"].value == "yes"
    ]
    if places:
        of = len(facts.persons)
        findings.add(
            "dropout_with_score", facts.persons_file, "dropout", facts.columns.get("dropout"), places, of=of
        )
