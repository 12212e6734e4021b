"""The figures that each declared moderator has: a file a figure, one table.

To add a figure: write its file in this folder with a function (material, analysis, name, ledger) that gives
an `Exhibit`, or None where the run made nothing to draw, and put the function into `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ipdma.report.effect_curve import effect_curve
from ipdma.report.exhibit import Exhibit
from ipdma.report.ledger import Ledger
from ipdma.report.material import Analysis, Material

FIGURES: tuple[Callable[[Material, Analysis, str, Ledger], Exhibit | None], ...] = (
    effect_curve,
)  # fmt: skip


def moderator_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """Every figure of each declared moderator, moderator by moderator."""
    for analysis in material.detailed:
        for name in material.shown_moderators(analysis):
            for figure in FIGURES:
                found = figure(material, analysis, name, ledger)
                if found is not None:
                    yield found
