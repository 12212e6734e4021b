"""Scores: that there are any, baseline and post scores that participants lack, dropouts that have one."""

from __future__ import annotations

from ipdma.site.facts import Facts
from ipdma.site.findings import Findings


def check_scores(facts: Facts, findings: Findings) -> None:
    """No score at all, and missing baseline or post scores."""
    if not facts.scores:
        if facts.persons and not facts.faulty and facts.complete:
            findings.add("no_scores", facts.scores_file, "assessments")
        return
    have = {(s.person, s.instrument, s.timepoint, s.weeks) for s in facts.scores}
    for instrument, timepoint, weeks, column in unique_plans(facts):
        if timepoint not in ("baseline", "post"):
            continue
        places = []
        for number, person in enumerate(facts.persons):
            key = (number, instrument, timepoint, weeks)
            if key not in have and key not in facts.faulty:
                places.append((facts.blank.get(key) or person.rows[0], ""))
        if places:
            said = {"timepoint": timepoint, "weeks": "" if weeks is None else f"{weeks:g}"}
            findings.add(
                "missing_score",
                facts.persons_file,
                instrument,
                column,
                places,
                of=len(facts.persons),
                said=said,
            )


def unique_plans(facts: Facts) -> list[tuple[str, str, float | None, str | None]]:
    """Planned assessments, one per instrument, time point and weeks."""
    seen: dict[tuple[str, str, float | None], str | None] = {}
    for instrument, timepoint, weeks, column in facts.planned:
        seen.setdefault((instrument, timepoint, weeks), column)
    return [(*key, column) for key, column in seen.items()]


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
