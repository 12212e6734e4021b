"""Processor time to draw every figure of a finished run, with the source on the path:
`PYTHONPATH=SOURCE python benchmarks/figures.py RESULTS`. Two sources are compared by turns on one folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

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


def drawn(material: Material, exhibits: list[Any]) -> Iterator[list[tuple[str, bytes]]]:
    """The files of each figure; early sources draw elsewhere, and the first ones every format."""
    asked = getattr(render, "formats_of", None)
    formats = [asked(material)] if asked else []
    if hasattr(render, "draw_all"):
        return (files for _, files in render.draw_all(exhibits, *formats, 1))
    making = import_module("ipdma.report.making")
    return making.made_of(
        [making.figure_work(exhibit, *formats) for exhibit in exhibits],
        1,
        import_module("ipdma.report.drawn").Drawn({}),
    )


def draw(folder: Path) -> str:
    """Draw all, and say how long it took."""
    material = read_material(folder)
    exhibits = list_exhibits(material, Ledger())
    begun = time.process_time()
    written = sum(map(len, drawn(material, exhibits)))
    return f"{len(exhibits)} figures, {written} files: {time.process_time() - begun:.1f} s"


if __name__ == "__main__":
    print(draw(Path(sys.argv[1])))
