"""`ipdma unblind`: a plan that was rehearsed blinded, on the true arms, and what changed between."""

from __future__ import annotations

import argparse
from pathlib import Path

from ipdma.harmless import for_terminal
from ipdma.runs.unblind import unblind

DESCRIPTION = """\
Run a plan with `blind: true` on the true arms. Its blinded run must have finished, and IPDMA_BLIND_KEY in
the environment must be the key of that run. The results go beside the blinded ones, into RESULTS-unblinded,
as the same plan with `blind: false` gives them; unblinding.json there says whether plan, code, versions or
data changed between the two runs."""
EXAMPLES = """\
examples:
  IPDMA_BLIND_KEY=... snakemake --cores all --configfile plan.yaml    the rehearsal, blind: true in plan.yaml
  IPDMA_BLIND_KEY=... ipdma unblind plan.yaml                         the true arms

exit status: 0, or 2 when there is nothing to unblind, the key is another one, or the run stops
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The plan."""
    parser.add_argument("plan", metavar="PLAN", type=Path, help="the plan of the blinded run")


def run(options: argparse.Namespace) -> int:
    """Run, record, say."""
    folder, record = unblind(options.plan)
    print(for_terminal(f"{folder}: the plan on the true arms; {folder}/unblinding.json holds the record"))
    if record["unchanged"]:
        print("Plan, code, versions and data are those of the blinded run.")
    for what, names in record["changed"].items():
        if names:
            print(for_terminal(f"changed since the blinded run: {what}: {', '.join(names)}"))
    return 0
