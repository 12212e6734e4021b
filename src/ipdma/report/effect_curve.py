"""The curve of an effect by a moderator on a scale, with the trials' means below, as an exhibit."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from ipdma.analysis.records import Ident, as_number
from ipdma.model.term import Term
from ipdma.report import style
from ipdma.report.boundary import boundary, ends
from ipdma.report.curves import Curve, Point, draw_curve, draw_rug, ends_named
from ipdma.report.exhibit import Exhibit, Sheet, share_height
from ipdma.report.forest_rows import axis_title
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import first, select
from ipdma.report.words import in_sentence


def effect_curve(material: Material, analysis: Analysis, name: str, ledger: Ledger) -> Exhibit | None:
    """The curve of a moderator on a scale, or None where the run made none."""
    place = f"effect_by.{analysis.id}.{name}"
    found = curve_of(material, analysis, name, ledger.pen(f"figures/{place}"))
    if found is None:
        return None
    caption = f"{found.title}. {' '.join(found.footer)}"
    alt = f"{found.title}. {found.footer[0]}"
    return Exhibit(place, "Moderators", caption, alt, partial(draw_curve_page, found))


def curve_of(material: Material, analysis: Analysis, name: str, pen: Pen) -> Curve | None:
    """The curve of a moderator, or None where the run made none."""
    head = analysis.ident(material.primary, "one", name)
    within = points_of(material, head.but(variant="curve"), name)
    if len(within) < 2:
        return None
    points = material.points_per_sd(analysis)
    size = points if points and is_severity(material, analysis, name) else 1.0
    row = first(material.records.of("estimates", head), term=Term("within", name))
    shown = row is not None and not boundary(material, row)
    text = f"Interaction within trials {pen.effect(row)}, {pen.p_phrase(row)}" if shown else ""
    unit = material.unit(head, name)
    per = f" {unit}" if unit else ""
    return Curve(
        f"{material.title(analysis)}: effect by {in_sentence(material.moderator(name))}",
        material.axis_of(name) if size == 1.0 else f"{material.moderator(name)} ({material.points})",
        axis_title(material, analysis),
        [(x * size, *effect) for x, *effect in within],  # type: ignore[misc]
        [(s, mean * size, sd and sd * size) for s, mean, sd in trials_of(material, head)],
        material.directions(analysis.contrast, analysis.outcome),
        [
            f"{text}{per}." if text else "",
            "Line: effect within trials with its confidence band. Lower panel: mean of the moderator in each "
            "trial, and one SD each way.",
        ],
        material.stamp,
        points,
        material.points,
    )


def is_severity(material: Material, analysis: Analysis, name: str) -> bool:
    """Whether a moderator is the baseline score, in standard deviations of its instrument."""
    column = (material.plan["moderators"].get(name) or {}).get("column")
    return column == "baseline" and material.standardise(analysis.outcome) != "none"


def points_of(material: Material, which: Ident, name: str) -> list[Point]:
    """(value, effect, low, high), by value."""
    found = []
    for row in select(material.records.of("estimates", which), term=Term("at", name)):
        numbers = [as_number(row.text("level")), *ends(material, row)]
        if all(n is not None for n in numbers):
            found.append(tuple(numbers))
    return sorted(found)  # type: ignore[arg-type]


def trials_of(material: Material, head: Ident) -> list[tuple[str, float, float | None]]:
    """Mean and SD of the moderator in each trial, by mean."""
    spreads = {r.text("study"): r.number("value") for r in material.counts_of(head, "study_sd")}
    means = [(r.text("study"), r.number("value")) for r in material.counts_of(head, "study_mean")]
    found = [(s, mean, spreads.get(s)) for s, mean in means if s and mean is not None]
    found = [(material.study(s), mean, spread) for s, mean, spread in found]
    return sorted(found, key=lambda trial: trial[1])


def draw_curve_page(curve: Curve) -> Figure:
    """Curve above, rug below, on one horizontal axis."""
    plot, below, right = 2.3, 0.42, 0.12 if curve.points_per_unit is None else 0.5
    each = share_height(len(curve.trials), 0.125, plot + below + 1.7)
    rug = each * len(curve.trials) + 0.1
    names = max([style.text_width(name, style.SMALL) for name, _, _ in curve.trials] or [0.0])
    lines = 1 + len(ends_named(curve.directions, plot))
    left = max(0.5 + 0.125 * lines, names + 0.15)
    sheet = Sheet(curve.title, curve.footer, curve.stamp, below + rug + 0.1 + plot, style.NARROW)
    span = sheet.width - left - right
    lower = sheet.axes(left, sheet.foot + below, span, rug)
    above = sheet.axes(left, sheet.foot + below + rug + 0.1, span, plot)
    draw_curve(curve, above)
    above.tick_params(labelbottom=False)
    draw_rug(curve, lower, named=each > 0.1)
    lower.set_xlim(above.get_xlim())
    return sheet.figure
