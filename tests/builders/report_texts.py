"""The files of a report but its figures, from its material alone."""

from collections.abc import Iterator

from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.render import render_texts
from ipdma.report.tables import tabulate_all


def texts_of(material: Material) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each, around no drawings."""
    ledger = Ledger()
    yield from render_texts(material, {}, tabulate_all(material, ledger), ledger)
