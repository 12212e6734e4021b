"""`ipdma check`: everything wrong with one study's files, at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.harmless import for_terminal
from ipdma.site.catalogue import LANGUAGES
from ipdma.site.check import CheckResult, check_study
from ipdma.site.report_data import local_json, shareable_json
from ipdma.site.reports import report_html
from ipdma.site.text_report import report_text
from ipdma.writing import write_file

DESCRIPTION = "Read STUDY_DIR/study.yaml and what it names, and report everything wrong at once."
EXAMPLES = """\
examples:
  ipdma check trials/MUC2008                        what is wrong, in the terminal
  ipdma check trials/MUC2008 --html local.html      with rows and values; stays at the site
  ipdma check trials/MUC2008 --shareable mail.html  counts and means, none of fewer than 5; may be sent
  ipdma check upload/MUC2008 --json report.json     a harmonised upload, for a program

exit status: 0 ready, 1 something must be fixed, 2 the upload cannot be read
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("study_dir", metavar="STUDY_DIR", type=Path, help="folder with study.yaml")
    add_report_arguments(parser)


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """The reports that check and harmonise share."""
    parser.add_argument("--json", metavar="F", type=Path, help="local report as JSON")
    parser.add_argument("--html", metavar="F", type=Path, help="local report as a page")
    parser.add_argument(
        "--shareable", metavar="F", type=Path, help="shareable report: HTML, or JSON where F ends so"
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="language of the messages")


def run(options: argparse.Namespace) -> int:
    """Check, report, and return the exit status."""
    result = check_study(options.study_dir, options.language)
    write_reports(result, options)
    print(for_terminal(report_text(result)), end="", file=sys.stderr if result.error else sys.stdout)
    return result.exit_status


def write_reports(result: CheckResult, options: argparse.Namespace) -> None:
    """Write the reports that were asked for; those with rows and values are their owner's alone."""
    if options.json:
        write_file(options.json, local_json(result), private=True)
    if options.html:
        write_file(options.html, report_html(result, shareable=False), private=True)
    if options.shareable:
        as_json = options.shareable.suffix.lower() == ".json"
        text = shareable_json(result) if as_json else report_html(result, shareable=True)
        write_file(options.shareable, text)
