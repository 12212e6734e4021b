"""The forest plots of a run as exhibits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from matplotlib.figure import Figure

from ipdma.report.exhibit import Exhibit, blank_figure
from ipdma.report.forest import draw_forest
from ipdma.report.forest_layout import Forest, fit_columns, measure_forest, pages_of
from ipdma.report.forest_rows import forest_of
from ipdma.report.interaction_rows import interaction_forest_of, levels_of, overview_of
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material


def forest_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """One forest plot per contrast and time point, of the outcomes that get one."""
    for analysis in material.forested:
        forest = forest_of(material, analysis, ledger)
        if forest is not None:
            caption = (
                f"{material.title(analysis)}. Trials' own estimates, pooled estimates of both stages with "
                f"{material.level} confidence "
                "intervals, and prediction intervals. "
                f"{material.sign_note(analysis.contrast, analysis.outcome)}"
            )
            yield from paged(f"forest.{analysis.id}", "Effects", caption, forest, ledger, main=True)


def interaction_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """All moderators side by side per question, then each declared one with its trials."""
    for analysis in material.detailed:
        overview = overview_of(material, analysis, ledger)
        if overview is not None:
            caption = (
                f"{overview.title}. Pooled within-trial interactions of the one-stage model; "
                "differences between trials do not enter."
            )
            yield from paged(f"moderators.{analysis.id}", "Moderators", caption, overview, ledger, main=True)
    for analysis in material.detailed:
        levels = levels_of(material, analysis, ledger)
        if levels is not None:
            caption = f"{levels.title}, with n and the test of each interaction within trials."
            yield from paged(f"levels.{analysis.id}", "Moderators", caption, levels, ledger)
    for analysis in material.detailed:
        for moderator in material.shown_moderators(analysis):
            forest = interaction_forest_of(material, analysis, moderator, ledger)
            if forest is not None:
                caption = (
                    f"{forest.title}. Each trial's own interaction; differences between trials do not enter."
                )
                yield from paged(
                    f"interaction.{analysis.id}.{moderator}", "Moderators", caption, forest, ledger
                )


def paged(
    name: str, section: str, caption: str, forest: Forest, ledger: Ledger, main: bool = False
) -> Iterator[Exhibit]:
    """An exhibit per page of a forest plot, `NAME`, then `NAME.page2`; what gave way to the plot claims
    nothing."""
    shown = fit_columns(forest)[0]
    cells = [n.cells[i] for n in forest.lines for i in range(len(n.cells)) if i in shown or len(n.cells) == 1]
    ledger.keep(f"figures/{name}", [forest.title, caption, forest_alt(forest), *forest.footer, *cells])
    pages = list(pages_of(forest))
    for number, page in enumerate(pages, 1):
        own = name if number == 1 else f"{name}.page{number}"
        words = caption if len(pages) == 1 else f"{caption} Page {number} of {len(pages)}."
        yield Exhibit(own, section, words, forest_alt(page), partial(draw_page, page), main)


def draw_page(forest: Forest) -> Figure:
    """The figure of a forest plot, as large as it needs to be."""
    layout = measure_forest(forest)
    figure = blank_figure(layout.width, layout.height)
    draw_forest(forest, layout, figure)
    return figure


def forest_alt(forest: Forest) -> str:
    """What the plot says, in words: its pooled lines."""
    pooled = [" ".join(c for c in line.cells if c) for line in forest.lines if line.kind == "pooled"]
    text = f"Forest plot. {forest.title}."
    return f"{text} Pooled: {'; '.join(pooled)}." if pooled else text
