"""Admits one contributed trial to a run: its files are judged, its upload and reports are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ipdma.errors import DataError
from ipdma.site.check import CheckResult
from ipdma.site.harmonise import harmonise_study
from ipdma.site.reports import local_json, report_html, shareable_data
from ipdma.writing import write_file

SHOWN = 12  # findings that a message repeats; the report has all


def admit_study(
    folder: str,
    out: str,
    local: str,
    shareable: str,
    to_fix: str,
    codebook: str | None,
    say: Callable[[str], None],
) -> None:
    """Check a study and write its harmonised upload and its two reports.

    Parameters
    ----------
    folder, out : path
        The study's folder, and where its upload goes.
    local, shareable : path
        The report with rows and values, which stays private, and the one without.
    to_fix : path
        Where the local report goes, as `.html` and `.json`, while the study is not ready.
    codebook : path or None
        The plan's own.
    say : callable
        Told one line when the study is ready.

    Raises
    ------
    DataError
        When the study is not ready: what to fix, without rows and values, and where they are listed.
    """
    result = harmonise_study(folder, out, codebooks=[codebook] if codebook else [])
    for path in (Path(f"{to_fix}.html"), Path(f"{to_fix}.json")):
        path.unlink(missing_ok=True)
    if not result.ready:
        write_file(f"{to_fix}.html", report_html(result, shareable=False), private=True)
        write_file(f"{to_fix}.json", local_json(result), private=True)
        raise DataError("\n".join(refusal(result, folder, f"{to_fix}.html")))
    write_file(local, report_html(result, shareable=False), private=True)
    write_file(shareable, report_html(result, shareable=True))
    counts = result.counts()
    say(
        f"ready: {result.rows['kept']} of {result.rows['read']} rows kept, "
        f"{counts['please_confirm']} to confirm, {counts['note']} notes"
    )


def refusal(result: CheckResult, folder: str, report: str) -> Iterator[str]:
    """Why a study cannot take part, in lines that may stand in a log: no rows, no values."""
    if result.error is not None:
        yield f"study '{result.study}' ({folder}) cannot be read: {result.error}"
        return
    findings = [f for f in shareable_data(result)["findings"] if f["grade"] == "must_fix"]
    yield (
        f"study '{result.study}' ({folder}) is not ready: {len(findings)} to fix; "
        f"all, with rows and values, are in {report}"
    )
    for finding in findings[:SHOWN]:
        place = " ".join(str(finding[key]) for key in ("variable", "column") if finding[key])
        yield f"  {finding['code']} {place}: {finding['message']} {finding['remedy']}".rstrip()
    if len(findings) > SHOWN:
        yield f"  and {len(findings) - SHOWN} more"
