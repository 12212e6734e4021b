"""Arms: each has participants, there is more than one, and the numbers agree with what the study declares."""

from __future__ import annotations

from collections import Counter

from ipdma.site.facts import Facts
from ipdma.site.findings import Findings
from ipdma.site.study_file import StudyFile


def check_arms(file: StudyFile, facts: Facts, findings: Findings) -> None:
    """Empty arms, a single arm, and numbers randomised."""
    sizes = Counter(person.arm for person in facts.persons if person.arm is not None)
    column = facts.columns.get("arm")
    # where no arm could be read at all, or a number randomised disagrees, the reason stands already
    for arm in file.arms.values() if sizes else ():
        if not sizes[arm.name] and not facts.unresolved and not arm.randomised:
            said = {"arm": arm.name}
            findings.add("arm_without_participants", facts.persons_file, "arm", column, said=said)
    if len(file.arms) == 1 or (len(sizes) == 1 and not facts.unresolved):
        findings.add(
            "one_arm", facts.persons_file, "arm", column, said={"arm": next(iter(sizes or file.arms))}
        )


def check_counts(file: StudyFile, facts: Facts, findings: Findings) -> None:
    """Participants in the data against the numbers randomised that study.yaml declares."""
    sizes = Counter(person.arm for person in facts.persons)
    pairs = [(f"arm {arm.name}", arm.randomised, sizes[arm.name], "arm") for arm in file.arms.values()]
    pairs.append(("the study", file.randomised, len(facts.persons), "participant"))
    for what, declared, found, variable in pairs:
        if declared is not None and not found <= declared <= found + facts.unresolved:
            said = {"what": what, "declared": declared, "found": found, "where": "randomised"}
            findings.add("count_disagrees", "study.yaml", variable, said=said)


def count_unresolved(facts: Facts, findings: Findings) -> int:
    """How many participants may stand behind faulty identifiers and arms."""
    lost = sum(person.arm is None for person in facts.persons)
    for finding in findings.all:
        if finding.name == "participant_missing":
            lost += finding.count
        elif finding.name == "participant_repeated" and finding.file == facts.persons_file:
            lost += finding.count - len(set(finding.values))
    return lost
