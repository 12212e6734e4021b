"""Processor time to draw every figure of a finished run, with the source on the path:
`PYTHONPATH=SOURCE python benchmarks/figures.py RESULTS`. Two sources are compared by turns on one folder."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml

from ipdma.report import render
from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.runs.files import read_record, read_registry

RECORDS = ("estimates", "study_estimates", "counts")


def read_material(folder: Path) -> Material:
    """The records of a run as a rendering reads them; its registry lies where its plan says."""
    plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    registry = Path(plan["registry"])
    tables = [read_record(str(folder / f"{name}.csv")) for name in RECORDS]
    around = [read_registry(str(path)) for path in (registry, registry.with_name("aggregate.tsv"))]
    return Material(*tables, plan, *around, synthetic=True)


def draw(folder: Path) -> str:
    """Draw all, and say how long it took."""
    material = read_material(folder)
    exhibits = list_exhibits(material, Ledger())
    asked = getattr(render, "formats_of", None)  # early sources write every format
    formats = [asked(material)] if asked else []
    begun = time.process_time()
    written = sum(len(files) for _, files in render.draw_all(exhibits, *formats, 1))
    return f"{len(exhibits)} figures, {written} files: {time.process_time() - begun:.1f} s"


if __name__ == "__main__":
    print(draw(Path(sys.argv[1])))
