"""What people write into study.yaml, before it goes into an upload: no name, date or identifier of
anybody."""

from __future__ import annotations

from collections.abc import Iterator

from ipdma.privacy.identifying import NAME
from ipdma.privacy.wording import IDENTIFIER, told_of
from ipdma.site.entries import STUDY_YAML
from ipdma.site.facts import Facts
from ipdma.site.findings import Findings
from ipdma.site.study_file import StudyFile


def identifiers_of(facts: Facts) -> frozenset[str]:
    """The file's identifiers, without regard to case."""
    return frozenset(person.id.casefold() for person in facts.persons)


def written_texts(file: StudyFile) -> Iterator[tuple[str, str]]:
    """Where a person's own words stand that an upload takes along, and the words."""
    for position, entry in enumerate(file.confirmed, start=1):
        for key in ("why", "by"):
            if entry.get(key):
                yield f"confirmed, entry {position}, {key}", str(entry[key])
    if file.source.keep and file.source.keep.why:
        yield "source.keep_rows, why", file.source.keep.why
    for name, arm in file.raw_arms.items():
        if isinstance(arm, dict) and isinstance(arm.get("label"), str):
            yield f"arms.{name}, label", arm["label"]


def check_wording(file: StudyFile, facts: Facts, findings: Findings) -> None:
    """One finding per text that may point at a person."""
    known = identifiers_of(facts)
    for where, text in written_texts(file):
        kind = told_of(where.rpartition(", ")[2], text, known)
        # an arm may be called after its inventor, never after a participant
        if kind and not (where.startswith("arms.") and kind in (NAME, IDENTIFIER)):
            findings.add("text_kept_back", STUDY_YAML, said={"where": where, "what": kind})
