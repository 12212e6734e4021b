"""`ipdma pool`: second-stage meta-analysis of study estimates."""

from __future__ import annotations

import argparse
from pathlib import Path

from ipdma.io import read_yaml
from ipdma.library.by_hand import pool_effects_table
from ipdma.library.show import add_answer_arguments, show
from ipdma.model.spec import PoolSpec

DESCRIPTION = "Pool study estimates: one row per study with its estimate and its standard error or variance."
EXAMPLES = """\
examples:
  ipdma pool effects.csv                                    columns study, yi, vi; REML and Hartung-Knapp
  ipdma pool effects.csv --forest forest.svg                the same, drawn
  ipdma pool effects.csv --spec spec.yaml --json out.json   with a spec such as

    estimate: logor
    std_error: se          # wins over variance
    tau2: reml             # reml | dl | pm | ml | common
    ci: nst                # hksj | modified_hksj | nst | wald
    prediction: {df: k_minus_2, se: wald}
    level: 0.95
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("effects", type=Path, metavar="EFFECTS.csv", help="one row per study")
    parser.add_argument("--spec", type=Path, metavar="SPEC.yaml", help="how to pool; every key has a default")
    add_answer_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Read, pool, show, write."""
    mapping = read_yaml(options.spec) if options.spec else {}
    spec = PoolSpec.from_mapping(mapping, str(options.spec or "the pooling spec"))
    show(pool_effects_table(options.effects, spec), options)
    return 0
