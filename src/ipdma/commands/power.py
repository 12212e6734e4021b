"""`ipdma power`: what the consortium could find, before there are data, and whose data would add most."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ipdma.harmless import for_terminal
from ipdma.io import write_json
from ipdma.library.show import add_drawing_argument, drawn
from ipdma.report.power_words import power_lines
from ipdma.runs.planning import PlannedPower, find_power
from ipdma.writing import write_file

DESCRIPTION = """\
From the registry of trials alone: the power and the expected width of the interval of the headline and of
each moderator that the plan asks for, with the trials whose data will come, with every trial, and in order
the trials whose data would add most. What is assumed stands under `power` in the plan (effect, SD,
correlation, risk, spread of moderators, variation between trials), and a trial may have its own: columns
`arms` (`stpp 78; tau 40`), `chance` (that its data come), `sd`, `correlation`, `risk`, `spread_MODERATOR`
(its published SD, or the shares of its levels as 0.6/0.4; `none` where it was not measured)."""
EXAMPLES = """\
examples:
  ipdma power config/studies.tsv --plan config/config.yaml
  ipdma power config/studies.tsv --plan config/config.yaml --json power.json --figure power.svg

exit status: 0, or 2 when the registry or the plan cannot be read; everything wrong is said at once
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("registry", metavar="REGISTRY", type=Path, help="studies.tsv: a row for each trial")
    parser.add_argument("--plan", metavar="PLAN", type=Path, required=True, help="the plan")
    parser.add_argument("--json", metavar="F", help="write everything for a program")
    add_drawing_argument(parser, "--figure", "draw it")


def run(options: argparse.Namespace) -> int:
    """Compute, draw, write, print."""
    found = find_power(options.registry, options.plan)
    drawing = drawn(lambda: figure_of(found), options.figure, "--figure") if options.figure else None
    if options.json:
        write_json(options.json, found.as_json())
    if drawing is not None:
        write_file(options.figure, drawing)
    for line in power_lines(found.plan, found.answers, found.notes):
        print(for_terminal(line))
    return 0


def figure_of(found: PlannedPower) -> Any:
    """The figure; matplotlib is imported when one is asked for."""
    from ipdma.report.power_figure import draw_power

    return draw_power(found.plan, found.answers)
