"""What the report of a finished run was drawn from, read back from its files, and its tables made again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ipdma.plan import read_plan
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.table import Table
from ipdma.report.tables import tabulate_all
from ipdma.runs.files import count_disclosed, count_exposed, read_notes, read_record, read_registry
from ipdma.runs.hold import read_manifest
from ipdma.runs.layout import find_aggregate
from ipdma.runs.read_run import TABLES


@dataclass(frozen=True)
class Remade:
    """The tables of a run as its record files print them.

    Attributes
    ----------
    material : Material
    tables : list of Table
    ledger : Ledger
        Their claims.
    """

    material: Material
    tables: list[Table]
    ledger: Ledger


def remake(folder: Path) -> Remade:
    """Print the tables again from the record files."""
    material, ledger = material_of(folder), Ledger()
    return Remade(material, tabulate_all(material, ledger), ledger)


def material_of(folder: Path) -> Material:
    """What the report of a finished run was drawn from."""
    plan = read_plan(folder / "plan.yaml")
    registry = Path(plan["registry"]) if plan["registry"] else None
    manifest = read_manifest(folder) or {"jobs": {}}
    recipe = manifest["jobs"].get("report", {}).get("recipe", {})
    notes = folder / "parts" / "notes.csv"
    estimates, study_estimates, counts = (read_record(folder / f"{name}.csv") for name in TABLES)
    return Material(
        estimates,
        study_estimates,
        counts,
        plan.as_mapping(),
        read_registry(registry),
        read_registry(find_aggregate(plan)),
        read_notes(notes) if notes.is_file() else [],
        recipe.get("synthetic") or False,
        dict(recipe.get("versions_printed", [])),
        list(recipe.get("folders", [])),
        max(count_exposed(notes) if notes.is_file() else 0, count_disclosed(folder / "disclosure.json")),
    )
