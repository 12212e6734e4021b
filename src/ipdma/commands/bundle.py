"""`ipdma bundle`: the moments of a trial's arms that a plan needs, attacked before they are written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.bundle import read_bundle
from ipdma.commands.idle import refuse_idle
from ipdma.errors import SpecError
from ipdma.harmless import for_terminal
from ipdma.report.bundle_page import bundle_page, bundle_text_report
from ipdma.report.bundle_words import warning
from ipdma.runs.release import Outcome, make_bundle, way_outs
from ipdma.site.text_report import report_text
from ipdma.writing import write_file

SHOW = "show"
DESCRIPTION = """\
Write the bundle of one trial: numbers, means and covariances of each arm for every set of rows that an
analysis of the frozen plan uses, and no row. It is attacked first: what could tell of fewer people than the
plan's minimum_cell is withheld, with the reason and the way out. What leaves is noted in a ledger (releases/
in STUDY_DIR), and a later bundle is held against it. No other study of the plan is opened.
`ipdma bundle show F` prints what is in a bundle, --html as a page for an ethics board."""
EXAMPLES = """\
examples:
  ipdma bundle trials/MUC2008 --plan plan.yaml --out MUC2008.bundle.json
  ipdma bundle trials/MUC2008 --plan plan.yaml --out MUC2008.bundle.json --minimum-cell 20
                          a site may ask for more people than the plan does, never for fewer
  ipdma bundle show MUC2008.bundle.json --html for-the-board.html

exit status: 0 written, 1 something must be fixed or nothing may leave, 2 cannot be read; nothing is written
on 1 or 2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "place", metavar="STUDY_DIR | show F", nargs="+", help="the trial's folder, or show and a bundle"
    )
    parser.add_argument("--plan", metavar="PLAN", type=Path, help="the frozen plan")
    parser.add_argument("--out", metavar="F", type=Path, help="the bundle, NAME.bundle.json")
    parser.add_argument("--minimum-cell", metavar="N", type=int, help="fewest people that may be told of")
    parser.add_argument("--ledger", metavar="DIR", type=Path, help="earlier releases (STUDY_DIR/releases)")
    parser.add_argument("--html", metavar="P", type=Path, help="with show: write a page")


def run(options: argparse.Namespace) -> int:
    """Show a bundle, or make one."""
    if options.place[0] == SHOW and len(options.place) == 2:
        names = ("plan", "out", "minimum_cell", "ledger")
        given = {f"--{name.replace('_', '-')}": getattr(options, name) for name in names}
        refuse_idle(given, "for making a bundle, and this shows one")
        return show(Path(options.place[1]), options.html)
    lacking = [f"--{name}" for name in ("plan", "out") if getattr(options, name) is None]
    if len(options.place) != 1 or lacking:
        raise SpecError(
            f"expected `ipdma bundle STUDY_DIR --plan PLAN --out F` or `ipdma bundle show F`"
            f"{'; missing: ' + ', '.join(lacking) if lacking else ''}"
        )
    refuse_idle({"--html": options.html}, "for `ipdma bundle show F`, and this makes a bundle")
    outcome = make_bundle(
        Path(options.place[0]), options.plan, options.out, options.minimum_cell, options.ledger
    )
    if not outcome.result.ready:
        print(for_terminal(report_text(outcome.result)), end="", file=sys.stderr)
        return outcome.result.exit_status
    return tell(outcome, options.out)


def show(path: Path, page: Path | None) -> int:
    """Print a bundle, and write its page."""
    bundle = read_bundle(path)
    if page is not None:
        write_file(page, bundle_page(bundle))
    for line in bundle_text_report(bundle):
        print(for_terminal(line))
    return 0


def tell(outcome: Outcome, out: Path) -> int:
    """Say what left, what did not, and what can be done."""
    for own in outcome.withheld:
        print(for_terminal(f"withheld: {own.what}: {own.reason}"), file=sys.stderr)
    for way in way_outs(outcome.withheld):
        print(for_terminal(f"way out: {way}"), file=sys.stderr)
    if outcome.untried:
        print(
            f"not tried, beyond the steps allowed: {outcome.untried} searches for whole numbers",
            file=sys.stderr,
        )
    bundle = outcome.bundle
    if bundle is None:
        print(
            "nothing may leave: no set of people that answers the plan's first question passed",
            file=sys.stderr,
        )
        return 1
    blocks, held = len(bundle.blocks), len(outcome.withheld)
    print(for_terminal(f"{out}: {blocks} sets of people, {held} withheld; show it: ipdma bundle show {out}"))
    if aloud := warning(bundle):
        print(f"\n*** {aloud}\n", file=sys.stderr)
    return 0
