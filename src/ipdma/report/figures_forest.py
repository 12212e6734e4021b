"""The forest plots of a run as exhibits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from matplotlib.figure import Figure

from ipdma.report.exhibit import Exhibit, page_axes
from ipdma.report.forest import Forest, draw_forest, measure_forest
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
            yield Exhibit(
                f"forest.{analysis.id}", "Effects", caption, forest_alt(forest), partial(draw_page, forest)
            )


def interaction_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """All moderators side by side per question, then each declared one with its trials."""
    for analysis in material.detailed:
        overview = overview_of(material, analysis, ledger)
        if overview is not None:
            caption = (
                f"{overview.title}. Pooled within-trial interactions of the one-stage model; "
                "differences between trials do not enter."
            )
            yield Exhibit(
                f"moderators.{analysis.id}",
                "Moderators",
                caption,
                forest_alt(overview),
                partial(draw_page, overview),
            )
    for analysis in material.detailed:
        levels = levels_of(material, analysis, ledger)
        if levels is not None:
            caption = f"{levels.title}, with n and the test of each interaction within trials."
            yield Exhibit(
                f"levels.{analysis.id}", "Moderators", caption, forest_alt(levels), partial(draw_page, levels)
            )
    for analysis in material.detailed:
        for moderator in material.shown_moderators(analysis):
            forest = interaction_forest_of(material, analysis, moderator, ledger)
            if forest is not None:
                caption = (
                    f"{forest.title}. Each trial's own interaction; differences between trials do not enter."
                )
                name = f"interaction.{analysis.id}.{moderator}"
                yield Exhibit(name, "Moderators", caption, forest_alt(forest), partial(draw_page, forest))


def draw_page(forest: Forest) -> Figure:
    """The figure of a forest plot, as large as it needs to be."""
    layout = measure_forest(forest)
    figure, axes = page_axes(layout.width, layout.height)
    draw_forest(forest, layout, axes)
    return figure


def forest_alt(forest: Forest) -> str:
    """What the plot says, in words: its pooled lines."""
    pooled = [" ".join(c for c in line.cells if c) for line in forest.lines if line.kind == "pooled"]
    text = f"Forest plot. {forest.title}."
    return f"{text} Pooled: {'; '.join(pooled)}." if pooled else text
