"""A finding as it may leave the site, without names of columns and files that can be a person, a date or an
identifier."""

from __future__ import annotations

from dataclasses import replace

from ipdma.privacy.wording import KEPT_BACK, points_at
from ipdma.site.findings import Finding

NAMES = ("word", "first", "second", "other")


def for_sharing(finding: Finding) -> Finding:
    """The finding with such names replaced."""
    said = {key: shared(word) if key in NAMES else word for key, word in finding.said.items()}
    if points_at(said.get("hint", "")):
        said["hint"] = ""
    column = finding.column if finding.column is None else shared(finding.column)
    return replace(finding, file=shared(finding.file), column=column, said=said)


def shared(name: str) -> str:
    """A name, or a word in its place."""
    return KEPT_BACK if points_at(name) else name
