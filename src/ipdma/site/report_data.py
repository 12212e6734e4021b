"""What a report of a check tells, as plain data: the site's own with cells and rows, or the one that may
leave it with counts alone. A page is drawn from nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ipdma import __version__
from ipdma.privacy.cells import FEW, say_count
from ipdma.site.catalogue import load_catalogue, say, say_shared
from ipdma.site.check import CheckResult
from ipdma.site.findings import Finding
from ipdma.site.received import received_scores
from ipdma.site.sharing import for_sharing, shared_error


def local_json(result: CheckResult) -> str:
    """The local report as JSON text."""
    return json.dumps(result.as_json(), indent=1, ensure_ascii=False) + "\n"


def shareable_json(result: CheckResult, fewest: int = FEW, contact: str = "") -> str:
    """The shareable report as JSON text; `shareable_data` says what the arguments are."""
    return json.dumps(shareable_data(result, fewest, contact), indent=1, ensure_ascii=False) + "\n"


def shareable_data(result: CheckResult, fewest: int = FEW, contact: str = "") -> dict[str, Any]:
    """All that may leave the site: findings without rows and values, counts under `fewest` as `<5`.

    So small a number of rows left out is said so, and the rows read are then not given: their difference
    would tell it. `contact` is whom the site may ask, or nothing.
    """
    excluded = result.rows["excluded"]
    few = 0 < excluded < fewest
    rows = {
        "read": None if few else shown(result.rows["read"], fewest),
        "kept": shown(result.rows["kept"], fewest),
        "excluded": shown(excluded, fewest),
    }
    findings = [shared_entry(finding, result.language, fewest) for finding in result.findings]
    return {
        "ready": result.ready,
        "error": error_of(result),
        "study": result.study,
        "findings": findings,
        "not_checked": result.not_checked,
        "rows": rows,
        **around(result, fewest),
        "fewest": fewest,
        "contact": contact,
    }


def error_of(result: CheckResult) -> str | None:
    """Why the upload cannot be read, as it may leave the site."""
    named = (result.file.source.file or "") if result.file is not None else ""
    return shared_error(result.error, named, load_catalogue(result.language)["phrases"]["data_file"])


def outline(result: CheckResult) -> dict[str, Any]:
    """What stands at the head of the site's own report: the verdict, the rows and the findings' grades."""
    return {
        "ready": result.ready,
        "error": result.error,
        "study": result.study,
        "findings": [{"grade": finding.grade} for finding in result.findings],
        "not_checked": result.not_checked,
        "rows": result.rows,
    }


def local_data(result: CheckResult) -> dict[str, Any]:
    """All that the site itself is told, in the same form."""
    words = load_catalogue(result.language)["phrases"]
    findings = [local_entry(finding, result.language, words) for finding in result.findings]
    more = {"findings": findings, **around(result, None), "fewest": None, "contact": ""}
    return outline(result) | more


def around(result: CheckResult, fewest: int | None) -> dict[str, Any]:
    """What stands around the findings: names of what was mapped, what was received, what read it."""
    digest = result.codebook.digest[:12] if result.codebook is not None else ""
    return {
        "language": result.language,
        "variables": mapped_names(result),
        "received": received_scores(result, fewest),
        "read_by": {"version": __version__, "codebook": digest},
    }


def mapped_names(result: CheckResult) -> list[str]:
    """Variables and instruments that the upload holds; none of a file that cannot be read."""
    if result.error is not None or result.file is None or result.facts is None:
        return []
    names = [name for name in result.facts.columns if name not in result.facts.not_collected]
    return list(dict.fromkeys([*names, *(plan[0] for plan in result.facts.planned)]))


def small(count: int, fewest: int) -> int | str:
    """A count, or `<5`."""
    return f"<{fewest}" if count < fewest else count


def shown(count: int, fewest: int) -> int | str:
    """As `small`, nobody at all said as 0."""
    return count if count == 0 else small(count, fewest)


def shared_entry(finding: Finding, language: str, fewest: int) -> dict[str, Any]:
    """A finding that may leave the site."""
    message, remedy = say_shared(finding, language, fewest)
    finding = for_sharing(finding, load_catalogue(language)["phrases"]["data_file"])
    count = say_count(finding.count, fewest, finding.of)
    return {
        "code": finding.code,
        "grade": finding.grade,
        "file": finding.file,
        # the instrument's name in a table is a cell like any other until it is known
        "variable": None if finding.name == "unknown_instrument" and finding.rows else finding.variable,
        "column": finding.column,
        "count": small(finding.count, fewest) if count == str(finding.count) else count,
        "of": small(finding.of, fewest),
        "message": message,
        "remedy": remedy,
        "confirmed": bool(finding.confirmed),
    }


def local_entry(finding: Finding, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    """A finding as the site's own page has it; `confirmed` is who confirmed it and why, or nothing."""
    message, remedy = say(finding, language)
    return {
        "code": finding.code,
        "grade": finding.grade,
        "variable": finding.variable,
        "message": message,
        "remedy": remedy,
        "confirmed": say_confirmed(finding, words) if finding.confirmed else "",
    }


def say_confirmed(finding: Finding, words: Mapping[str, str]) -> str:
    """Who confirmed a finding, and why."""
    entry = finding.confirmed or {}
    return words["confirmed"].format(by=entry.get("by") or "", why=entry.get("why") or "")
