"""Admits one contributed trial to a run: its files are judged, its upload and reports are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ipdma.errors import DataError
from ipdma.runs.blinding import blind_key, blind_upload
from ipdma.runs.bundle_file import is_bundle
from ipdma.site.catalogue import load_catalogue
from ipdma.site.check import CheckResult
from ipdma.site.harmonise import prepare_upload
from ipdma.site.report_data import error_of, local_json, shareable_data, shareable_json
from ipdma.site.reports import report_html, rows_line
from ipdma.writing import write_file

SHOWN = 12  # findings that a message repeats; the report has all


def admit(
    study: str,
    folder: str,
    codebook: str | None,
    results: Path,
    fewest: int,
    say: Callable[[str], None],
    blind: bool = False,
    contact: str = "",
) -> dict[str, bytes]:
    """Check a study; return its harmonised upload and its two reports, by name in the results folder.

    Parameters
    ----------
    study, folder : str
        Its id and its folder, or its bundle, of which the files are those of `admit_bundle`.
    codebook : path or None
        The plan's own.
    results : Path
        While the study is not ready, the report with rows and values goes to `private/to_fix/STUDY.html` and
        `.json` there.
    fewest : int
        Counts below it (the plan's `minimum_cell`) are not told on the page that may be shared.
    say : callable
        Told one line when the study is ready.
    blind : bool
        Draw arms anew by the key in the environment; no report is written, since it would tell the arms.
    contact : str
        Whom the site may ask, on the page that may be shared.

    Raises
    ------
    DataError
        When the study is not ready: what to fix, without rows and values, and where they are listed.
    """
    if is_bundle(Path(folder)):
        from ipdma.runs.bundles import admit_bundle  # with libraries that a file of rows does not take

        return admit_bundle(study, folder, say)
    result, upload = prepare_upload(folder, codebooks=[codebook] if codebook else [])
    to_fix = results / "private" / "to_fix"
    for kind in ("html", "json"):
        (to_fix / f"{study}.{kind}").unlink(missing_ok=True)
    if not result.ready:
        page = to_fix / f"{study}.html"
        write_file(page, report_html(result, shareable=False), private=True)
        write_file(to_fix / f"{study}.json", local_json(result), private=True)
        raise DataError("\n".join(refusal(result, folder, str(page), fewest)))
    if blind:
        say("ready, and blinded: arms are drawn anew")
        upload = blind_upload(upload, study, blind_key())
        return {f"private/harmonised/{study}/{name}": content for name, content in upload.items()}
    counts, told = result.counts(), shareable_data(result, fewest)
    line = rows_line(told, load_catalogue(result.language)["phrases"])
    say(f"ready: {line} {counts['please_confirm']} to confirm, {counts['note']} notes")
    files = {f"private/harmonised/{study}/{name}": content for name, content in upload.items()}
    files[f"private/validation/{study}.html"] = report_html(result, shareable=False).encode()
    files[f"validation/{study}.html"] = report_html(result, True, fewest, contact).encode()
    files[f"validation/{study}.json"] = shareable_json(result, fewest, contact).encode()
    return files


def refusal(result: CheckResult, folder: str, report: str, fewest: int) -> Iterator[str]:
    """Why a study cannot take part, in lines that may stand in a log: no rows, no values, no few people."""
    if result.error is not None:
        yield f"study '{result.study}' ({folder}) cannot be read: {error_of(result)}"
        return
    findings = [f for f in shareable_data(result, fewest)["findings"] if f["grade"] == "must_fix"]
    yield (
        f"study '{result.study}' ({folder}) is not ready: {len(findings)} to fix; "
        f"all, with rows and values, are in {report}"
    )
    for finding in findings[:SHOWN]:
        place = " ".join(str(finding[key]) for key in ("variable", "column") if finding[key])
        yield f"  {finding['code']} {place}: {finding['message']} {finding['remedy']}".rstrip()
    if len(findings) > SHOWN:
        yield f"  and {len(findings) - SHOWN} more"
