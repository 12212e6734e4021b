"""`ipdma verify RESULTS`: do the printed numbers still come out of the rows?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ipdma.commands.idle import refuse_idle
from ipdma.errors import IpdmaError, ReadError
from ipdma.harmless import for_terminal
from ipdma.io import write_json
from ipdma.plan import read_plan
from ipdma.provenance import digest_code
from ipdma.report.compare import Verdict, check_claims, compare_records
from ipdma.report.records import Records
from ipdma.runs.derive import records_beside, underived_texts
from ipdma.runs.hold import drawn_by_other_code, hold_files, hold_inputs
from ipdma.runs.read_run import find_run, read_claims, read_records
from ipdma.runs.recompute import can_recompute, lacking_tables, recompute, round_as_told
from ipdma.runs.remake import Remade, remake
from ipdma.runs.reprint import misprints
from ipdma.runs.verify_share import hold_share, is_shared, recompute_share

DESCRIPTION = """\
Hold every file of a run against its manifest (manifest.json: changed, missing, added), make tables, page,
captions and checklist again from the record files and compare their texts, hold every number that the run
printed (claims.csv names each) against the records, and compute the records again from the rows under
private/. Inputs that changed since the run are told. Exit status 0 when all hold, 1 when something does not,
2 when the folder cannot be read. Without private/ (a published folder) nothing is computed again, and that
is said. Of results/share (a plan's `share`) the files are held against its description and every estimate
that the bundles carry is computed again from them."""
EXAMPLES = """\
examples:
  ipdma verify results                          every claim, computed again
  ipdma verify results --records-only           only against the record files, in seconds
  ipdma verify results --contrast stpp_control  one contrast's claims
  ipdma verify results --json verdicts.json     each claim with its verdict
  ipdma verify results/share                    every estimate that the bundles carry, without rows
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder, and how much of it."""
    parser.add_argument("results", metavar="RESULTS", help="a results folder")
    parser.add_argument("--records-only", action="store_true", help="do not compute again")
    parser.add_argument("--contrast", action="append", help="only this contrast (may be given again)")
    parser.add_argument("--json", metavar="F", help="write every claim with its verdict")
    parser.add_argument("--limit", type=int, default=20, help="failed claims to list; 0 lists all (20)")


def run(options: argparse.Namespace) -> int:
    """Check, say, and return the status."""
    if is_shared(Path(options.results)):
        given = {
            "--records-only": options.records_only,
            "--contrast": options.contrast,
            "--json": options.json,
        }
        refuse_idle(given, f"of a run's own folder alone, and {options.results} is what a run shares")
        return verify_share(Path(options.results), options.limit)
    folder = find_run(options.results)
    known_contrasts(folder, options.contrast or [])
    touched = report_lines("files", list(hold_files(folder)), options.limit)
    told = list(hold_inputs(folder))
    if told:
        report_lines("inputs", told, options.limit, "is told of what the run read")
    return held_further(touched, lambda: hold_numbers(folder, options))


def held_further(touched: int, hold: Callable[[], int], raised: type[IpdmaError] | None = None) -> int:
    """The exit status of a folder with so many touched files, by how many of its numbers fail.

    What cannot be read where files were touched is no fault of the tool; it is said, and the status is 1.
    An error that is to be `raised` has its own sentence and status.
    """
    try:
        return 1 if hold() + touched else 0
    except Exception as error:
        if not touched or (raised is not None and isinstance(error, raised)):
            raise
        why = f": {error}" if isinstance(error, IpdmaError) else ""
        print(
            f"not held further: a file that was changed cannot be read as a run writes it{for_terminal(why)}"
        )
        return 1


def verify_share(folder: Path, limit: int) -> int:
    """Hold a shared folder against its description, and compute its estimates again from the bundles."""
    touched = report_lines("files", list(hold_share(folder)), limit, "not as the run left them")
    return held_further(touched, lambda: hold_estimates(folder, limit), raised=IpdmaError)


def hold_estimates(folder: Path, limit: int) -> int:
    """Compute the estimates of a shared folder again from its bundles; returns how many differ."""
    found = recompute_share(folder, say_aside)
    whole = len(found.held) + len(found.differing)
    print(f"recomputed from bundles: {len(found.held)} of {whole} estimates hold")
    for line in found.differing if limit <= 0 else found.differing[:limit]:
        print(for_terminal(f"  {line}"))
    print(f"not carried by the bundles, and not held: {len(found.lacking)} estimates")
    return len(found.differing)


def hold_numbers(folder: Path, options: argparse.Namespace) -> int:
    """Hold texts and numbers against the records, and the records against the rows; returns how many fail."""
    with records_beside(folder) as again:
        claims, records = read_claims(folder), read_records(folder)
        verdicts = check_claims(of_contrasts(claims, options.contrast), records, "the record files")
        said = report_verdicts("record files", verdicts, options.limit)
        said += report_made(folder, claims, again, options)
    return said + hold_again(folder, records, verdicts, options)


def of_contrasts(claims: list[dict[str, str]], contrasts: Sequence[str] | None) -> list[dict[str, str]]:
    """The claims of some contrasts; all where none is named."""
    return [c for c in claims if not contrasts or c["analysis_id"].split(".")[0] in contrasts]


def hold_again(
    folder: Path, records: Records, verdicts: Sequence[Verdict], options: argparse.Namespace
) -> int:
    """Hold claims and records against those computed again from the rows; returns how many fail."""
    stamped = {row.text("source_digest") for row in records.estimates} - {""}
    if not options.records_only and stamped and stamped != {digest_code(["analysis"])}:
        print("the code of the analyses has changed since this run: differences below may come from that")
    again = None if options.records_only else compute(folder, options.contrast)
    said = 0
    if again is not None:
        known = [v.claim for v in verdicts if v.claim["analysis_id"].split(".")[0] in again[1]]
        fresh = check_claims(known, round_as_told(again[0], records), "the recomputed records")
        said += report_verdicts("recomputed", fresh, options.limit)
        whole = folder / "private" / "records"
        said += report_rows(read_records(whole) if whole.is_dir() else records, again, options.limit)
        verdicts = merge(verdicts, fresh)
    if options.json:
        write_json(options.json, [{**v.claim, "holds": not v.why, "why": v.why} for v in verdicts])
    return said


def known_contrasts(folder: Path, names: Sequence[str]) -> None:
    """Refuse a contrast that the plan does not have: nothing of it could fail.

    Raises
    ------
    ReadError
        Naming those that it has.
    """
    there = list(read_plan(folder / "plan.yaml")["contrasts"]) if names else []
    unknown = [name for name in names if name not in there]
    if unknown:
        raise ReadError(f"{folder}: no contrast '{unknown[0]}'; there are {', '.join(there)}")


def report_lines(name: str, lines: Sequence[str], limit: int, what: str = "not as the run left them") -> int:
    """Say how many files fail, and list them; returns their number."""
    print(f"{name}: {len(lines)} {what}")
    list_lines(lines, limit)
    return len(lines)


def say_aside(line: str) -> None:
    """A line of progress."""
    print(for_terminal(line), file=sys.stderr, flush=True)


def list_lines(lines: Sequence[str], limit: int) -> None:
    """Print the first lines, and how many more there are; all where the limit is 0."""
    for line in lines if limit <= 0 else lines[:limit]:
        print(f"  {for_terminal(line)}")
    if 0 < limit < len(lines):
        print(f"  ... and {len(lines) - limit} more (--limit 0 lists all)")


def report_made(
    folder: Path,
    claims: Sequence[dict[str, str]],
    records: Callable[[], list[str]],
    options: argparse.Namespace,
) -> int:
    """Make tables and texts again from the records; returns how many cells and files say something else.

    `records` says which record files do.
    """
    said, lines = 0, []
    lacking = lacking_tables(read_plan(folder / "plan.yaml"))
    if lacking:
        for what in ("tables not printed again", "texts not made again"):
            print(for_terminal(f"{what}: {lacking}"))
    else:
        remade = remake(folder)
        said = report_tables(folder, remade, options.limit)
        if (folder / "report.html").is_file():
            lines = list(underived_texts(folder, [] if options.contrast else claims, remade))
        else:
            print("texts not made again: there is no report.html")
    lines = [*records(), *lines]
    if said + len(lines) and drawn_by_other_code(folder):
        print("the code of tables and pages has changed since this run: differences may come from that")
    return said + report_lines("texts", lines, options.limit, "not derivable from the records")


def compute(folder: Path, contrasts: Sequence[str] | None) -> tuple[Records, set[str]] | None:
    """The records computed again and the contrasts that they cover, or None with a line that says why not."""
    why = can_recompute(folder)
    if why:
        print(for_terminal(f"not computed again: {why}"))
        return None
    return recompute(folder, contrasts, say_aside)


def report_tables(folder: Path, remade: Remade, limit: int) -> int:
    """Hold the tables against those made again; returns the number of cells that differ."""
    if not (folder / "tables").is_dir():
        print(for_terminal(f"tables not printed again: {folder} has no tables/"))
        return 0
    wrong = list(misprints(folder, remade.tables))
    print(f"tables: {len(remade.tables)} printed again, {len(wrong)} cells differ")
    list_lines([misprint.sentence() for misprint in wrong], limit)
    return len(wrong)


def report_verdicts(name: str, verdicts: Sequence[Verdict], limit: int) -> int:
    """Say how many claims hold, and list those that do not; returns their number."""
    failed = [v for v in verdicts if v.why]
    print(f"{name}: {len(verdicts) - len(failed)} of {len(verdicts)} claims hold")
    list_lines([sentence_of(verdict) for verdict in failed], limit)
    return len(failed)


def sentence_of(verdict: Verdict) -> str:
    """A claim that does not hold, where it stands and why."""
    claim = verdict.claim
    key = f"{claim['analysis_id']} {claim['key'].strip('|')} {claim['field']}"
    return f"{claim['place']}: {claim['printed']} ({key}): {verdict.why}"


def report_rows(records: Records, again: tuple[Records, set[str]], limit: int) -> int:
    """Rows of the record files that come out differently, printed or not; returns their number."""
    ours = {
        f: [r for r in getattr(records, f) if r.text("analysis_id").split(".")[0] in again[1]] for f in FILES
    }
    kept = Records(ours["estimates"], ours["study_estimates"], ours["counts"])
    changes = compare_records(kept, again[0], 1e-6)
    print(f"recomputed: {len(changes)} cells or rows of the record files differ")
    for change in changes if limit <= 0 else changes[:limit]:
        print(f"  {for_terminal(change.sentence())}")
    return len(changes)


def merge(first: Sequence[Verdict], second: Sequence[Verdict]) -> list[Verdict]:
    """One verdict a claim: the first reason that it does not hold."""
    later = {id(v.claim): v for v in second}
    return [v if v.why else later.get(id(v.claim), v) for v in first]


FILES = ("estimates", "study_estimates", "counts")
