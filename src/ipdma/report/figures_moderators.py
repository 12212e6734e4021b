"""Effect curves with rug and naive line as exhibits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from matplotlib.figure import Figure

from ipdma.analysis.records import Ident, as_number
from ipdma.model.term import Term
from ipdma.report import style
from ipdma.report.curves import Curve, Point, draw_curve, draw_rug
from ipdma.report.exhibit import Exhibit, blank_figure, put_footer, put_title
from ipdma.report.forest_rows import axis_title
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import first, select
from ipdma.report.style import wrap
from ipdma.report.words import in_sentence


def moderator_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """A curve for each declared moderator on a scale."""
    for analysis in material.detailed:
        for name in material.shown_moderators(analysis):
            found = curve_of(material, analysis, name, ledger.pen(f"figures/effect_by.{analysis.id}.{name}"))
            if found is not None:
                caption = f"{found.title}. {' '.join(found.footer)}"
                alt = f"{found.title}. {found.footer[0]}"
                draw = partial(draw_curve_page, found)
                yield Exhibit(f"effect_by.{analysis.id}.{name}", "Moderators", caption, alt, draw)


def curve_of(material: Material, analysis: Analysis, name: str, pen: Pen) -> Curve | None:
    """The curve of a moderator, or None where the run made none."""
    head = analysis.ident(material.primary, "one", name)
    within = points_of(material, head.but(variant="curve"), name)
    if len(within) < 2:
        return None
    row = first(material.records.of("estimates", head), term=Term("within", name))
    text = f"Interaction within trials {pen.effect(row)}, {pen.p_phrase(row)}" if row is not None else ""
    unit = material.unit(head, name)
    per = f" {unit}" if unit else ""
    return Curve(
        f"{material.title(analysis)}: effect by {in_sentence(material.moderator(name))}",
        material.axis_of(name),
        axis_title(material, analysis),
        within,
        points_of(material, head.but(variant="naive_curve"), name),
        trials_of(material, head, within),
        material.directions(analysis.contrast, analysis.outcome),
        [
            f"{text}{per}." if text else "",
            "Lower panel: mean of the moderator in each trial, and one SD each way.",
        ],
        material.stamp,
    )


def points_of(material: Material, which: Ident, name: str) -> list[Point]:
    """(value, effect, low, high), by value."""
    found = []
    for row in select(material.records.of("estimates", which), term=Term("at", name)):
        numbers = [as_number(row.text("level")), *(row.number(c) for c in ("estimate", "ci_low", "ci_high"))]
        if all(n is not None for n in numbers):
            found.append(tuple(numbers))
    return sorted(found)  # type: ignore[arg-type]


def trials_of(material: Material, head: Ident, within: list[Point]) -> list[tuple[str, float, float | None]]:
    """Mean and SD of the moderator in each trial, by mean."""
    spreads = {r.text("study"): r.number("value") for r in material.counts_of(head, "study_sd")}
    means = [(r.text("study"), r.number("value")) for r in material.counts_of(head, "study_mean")]
    found = [(s, mean, spreads.get(s)) for s, mean in means if s and mean is not None]
    return sorted(found, key=lambda trial: trial[1])


def draw_curve_page(curve: Curve) -> Figure:
    """Curve above, rug below, on one horizontal axis."""
    rug = 0.13 * len(curve.trials) + 0.15
    names = max([style.text_width(name, style.SMALL - 1) for name, _, _ in curve.trials] or [0.0])
    left, plot, right = max(0.85, names + 0.2), 3.1, 0.25
    width = max(left + 4.6 + right, style.text_width(curve.title, style.SIZE + 1.5, "bold") + 0.3)
    lines = [part for line in curve.footer if line for part in wrap(line, width - 0.3)]
    foot = 0.12 + 0.15 * (len(lines) + bool(curve.stamp))
    height = foot + 0.5 + rug + 0.12 + plot + 0.4
    figure = blank_figure(width, height)
    put_title(figure, curve.title, width, height)
    bottom, span = (foot + 0.5) / height, (width - left - right) / width
    below = figure.add_axes((left / width, bottom, span, rug / height))
    above = figure.add_axes((left / width, bottom + (rug + 0.12) / height, span, plot / height))
    draw_curve(curve, above)
    above.tick_params(labelbottom=False)
    draw_rug(curve, below)
    below.set_xlim(above.get_xlim())
    put_footer(figure, lines, curve.stamp, width, height)
    return figure
