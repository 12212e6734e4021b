"""The local report for a terminal: what must be fixed first, findings alike on one line, notes folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ipdma.site.catalogue import load_catalogue, say, say_together
from ipdma.site.check import CheckResult
from ipdma.site.findings import NOTE, Finding
from ipdma.site.report_data import outline, say_confirmed
from ipdma.site.reports import rows_line, verdict

INDENT = " " * 8
MOST_ALIKE = 100


def report_text(result: CheckResult) -> str:
    """Everything that a check found, in as few lines as say it."""
    words = load_catalogue(result.language)["phrases"]
    lines = [verdict(outline(result), words)]
    if result.error is None:
        lines.append(rows_line(outline(result), words))
    for alike in together(result.findings):
        lines += finding_lines(alike, result.language, words)
    lines += [f"{words.get(e['outcome'], '')}: {e['what']}: {e['why']}" for e in result.not_checked]
    return "\n".join(lines) + "\n"


def together(findings: Sequence[Finding]) -> Iterable[list[Finding]]:
    """Findings of one code and grade, in their order."""
    for _, alike in groupby(findings, key=lambda finding: (finding.grade, finding.code)):
        yield list(alike)


def finding_lines(alike: list[Finding], language: str, words: dict[str, str]) -> list[str]:
    """The lines of findings of one code: one line where its catalogue entry can say them together."""
    head = f"{alike[0].code} {words[alike[0].grade]}"
    joint = say_together(alike, language)
    if joint is not None:
        message, remedy = joint
        return [
            f"{head}: {message}",
            *([] if alike[0].grade == NOTE else [f"{INDENT}{words['remedy']}: {remedy}"]),
        ]
    lines, remedies = [], []
    for finding in alike[:MOST_ALIKE]:
        message, remedy = say(finding, language)
        told = f" [{say_confirmed(finding, words)}]" if finding.confirmed else ""
        lines.append(f"{head}: {message}{told}")
        remedies.append(remedy)
    if len(alike) > MOST_ALIKE:
        lines.append(f"{head}: {words['more'].format(more=len(alike) - MOST_ALIKE)}")
        remedies.append(remedies[-1])
    if alike[0].grade == NOTE:
        return lines
    # a remedy that several findings share is said once, below the last of them
    told_once = []
    for line, remedy, after in zip(lines, remedies, [*remedies[1:], None], strict=True):
        told_once += [line, *([f"{INDENT}{words['remedy']}: {remedy}"] if remedy != after else [])]
    return told_once
