"""A finding as it may leave the site: without the name of the site's own file, of columns that are not used,
and of any that can be a person, a date or an identifier."""

from __future__ import annotations

from dataclasses import replace

from ipdma.privacy.wording import KEPT_BACK, points_at
from ipdma.site.findings import Finding

NAMES = ("word", "first", "second", "other")
UNUSED = ("column_unused", "identifying_unused")  # of columns that stay at the site, so do the names
OURS = ("participants.csv", "assessments.csv", "missing.csv", "account.json")  # of a harmonised upload


def for_sharing(finding: Finding, data_file: str = KEPT_BACK) -> Finding:
    """The finding with such names replaced; `data_file` stands for a file that the site named itself."""
    said = {key: shared(word) if key in NAMES else word for key, word in finding.said.items()}
    if points_at(said.get("hint", "")):
        said["hint"] = ""
    column = finding.column if finding.column is None else shared(finding.column)
    if finding.name in UNUSED:
        column = KEPT_BACK
    file = finding.file if finding.file in OURS or finding.file.endswith(".yaml") else data_file
    return replace(finding, file=shared(file), column=column, said=said)


def shared(name: str) -> str:
    """A name, or a word in its place."""
    return KEPT_BACK if points_at(name) else name
