"""`ipdma harmonise`: write a study's harmonised upload, where nothing has to be fixed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ipdma.commands.check import add_report_arguments, write_reports
from ipdma.harmless import for_terminal
from ipdma.site.catalogue import load_catalogue
from ipdma.site.harmonise import KEY, harmonise_study
from ipdma.site.text_report import report_text

DESCRIPTION = (
    "Write a harmonised upload: participants.csv, assessments.csv, missing.csv, study.yaml, account.json."
)
EXAMPLES = """\
examples:
  ipdma harmonise trials/MUC2008 --out upload/MUC2008
  IPDMA_PSEUDONYM_KEY="$(cat key.txt)" ipdma harmonise trials/MUC2008 --out upload/MUC2008
                          identifiers replaced by keyed hashes; the key stays at the site

exit status: 0 written, 1 something must be fixed, 2 cannot be read; nothing is written on 1 or 2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "study_dir", metavar="STUDY_DIR", type=Path, help="folder with study.yaml, raw or harmonised"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the upload")
    add_report_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Harmonise, report, and return the exit status."""
    result = harmonise_study(options.study_dir, options.out, options.language)
    write_reports(result, options)
    print(for_terminal(report_text(result)), end="", file=sys.stderr)
    if result.ready and result.facts is not None:
        said_loudly = not os.environ.get(KEY) and not result.facts.pseudonymised
        if said_loudly:
            print(f"\n*** {load_catalogue(options.language)['phrases']['pseudonym']}\n", file=sys.stderr)
        counts = f"{len(result.facts.persons)} participants, {len(result.facts.scores)} scores"
        print(for_terminal(f"{options.out}: {counts}"))
    return result.exit_status
