"""Moderator figures as exhibits: effect curves with rug and naive line, effects at levels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TypeGuard

from matplotlib.figure import Figure

from ipdma.report import cells, style
from ipdma.report.curves import Curve, Levels, Point, draw_curve, draw_levels, draw_rug
from ipdma.report.exhibit import Exhibit, blank_figure, framed, put_footer
from ipdma.report.forest_rows import axis_title, f_test
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material, in_sentence
from ipdma.report.records import Row, as_number, first, select
from ipdma.report.style import wrap


def moderator_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """A curve for a moderator on a scale, levels for a categorical one."""
    for analysis in (a for a in material.detailed if material.shown_moderators(a)):
        for name in material.plan.get("moderators", {}):
            pen = ledger.pen(f"figures/effect_by.{analysis.id}.{name}")
            found: Curve | Levels | None = curve_of(material, analysis, name, pen)
            if found is None and name in material.shown_moderators(analysis):
                found = levels_of(material, analysis, name, pen)
            if found is None:
                continue
            draw = (
                partial(draw_curve_page, found)
                if isinstance(found, Curve)
                else partial(draw_levels_page, found)
            )
            caption = f"{found.title}. {' '.join(found.footer)}"
            alt = f"{found.title}. {found.footer[0]}"
            yield Exhibit(f"effect_by.{analysis.id}.{name}", "Moderators", caption, alt, draw)


def curve_of(material: Material, analysis: Analysis, name: str, pen: Pen) -> Curve | None:
    """The curve of a moderator, or None where the run made none."""
    head = f"{analysis.id}.{material.primary}.one.{name}"
    within = points_of(material, f"{head}.curve", name)
    if len(within) < 2:
        return None
    row = first(material.records.of("estimates", head), term=f"treatment:within:{name}")
    unit = material.count(head, "moderator_unit")
    label = material.moderator(name) + (
        " (SD units of the instrument)" if is_baseline(material, name) else ""
    )
    text = f"Interaction within trials {pen.effect(row)}, {pen.p_phrase(row)}" if row is not None else ""
    per = f" {unit.text('level')}" if unit is not None and unit.text("level") else ""
    return Curve(
        f"{material.title(analysis)}: effect by {in_sentence(material.moderator(name))}",
        label,
        axis_label(material, analysis),
        within,
        points_of(material, f"{head}.naive_curve", name),
        trials_of(material, head, within),
        material.directions(analysis.contrast, analysis.outcome),
        [
            f"{text}{per}." if text else "",
            "Lower panel: mean of the moderator in each trial, and one SD each way.",
        ],
        material.stamp,
    )


def is_baseline(material: Material, name: str) -> bool:
    """Whether the moderator is baseline severity, which is standardised like the outcome."""
    return (
        material.plan["moderators"][name].get("column") == "baseline"
        and material.plan.get("standardise") != "none"
    )


def axis_label(material: Material, analysis: Analysis) -> str:
    """What the vertical axis measures."""
    return "Log odds ratio" if material.is_binary(analysis.outcome) else axis_title(material, analysis)


def points_of(material: Material, analysis_id: str, name: str) -> list[Point]:
    """(value, effect, low, high), by value."""
    found = []
    for row in select(material.records.of("estimates", analysis_id), term=f"treatment:at:{name}"):
        numbers = [as_number(row.text("level")), *(row.number(c) for c in ("estimate", "ci_low", "ci_high"))]
        if all(n is not None for n in numbers):
            found.append(tuple(numbers))
    return sorted(found)  # type: ignore[arg-type]


def trials_of(material: Material, head: str, within: list[Point]) -> list[tuple[str, float, float | None]]:
    """Mean and SD of the moderator in each trial, by mean."""
    spreads = {r.text("study"): r.number("value") for r in material.counts_of(head, "study_sd")}
    means = [(r.text("study"), r.number("value")) for r in material.counts_of(head, "study_mean")]
    found = [(material.study(s), mean, spreads.get(s)) for s, mean in means if s and mean is not None]
    return sorted(found, key=lambda trial: trial[1])


def levels_of(material: Material, analysis: Analysis, name: str, pen: Pen) -> Levels | None:
    """Effects at the levels of a categorical moderator, or None."""
    head = f"{analysis.id}.{material.primary}.one.{name}"
    rows = [
        r
        for r in select(material.records.of("estimates", f"{head}.at"), term=f"treatment:at:{name}")
        if complete(r)
    ]
    if not rows or not material.count(head, "moderator_reference"):
        return None
    test = first(material.records.of("estimates", head), term=f"treatment:within:{name}")
    counts = [
        first(material.counts_of(head, "moderator_level"), level=r.text("level"), study="", arm="")
        for r in rows
    ]
    least = material.least
    mask = cells.hidden([[None if c is None else c.number("n")] for c in counts], least)
    points = []
    for row, count, hide in zip(rows, counts, mask, strict=True):
        n = (
            ""
            if count is None
            else f"n = {cells.withheld(count.number('n'), least) if hide[0] else pen.count(count)}"
        )
        points.append((row.text("level"), *(row[c] for c in ("estimate", "ci_low", "ci_high")), n))
    return Levels(
        f"{material.title(analysis)}: effect by {in_sentence(material.moderator(name))}",
        axis_label(material, analysis),
        points,
        material.directions(analysis.contrast, analysis.outcome),
        [
            f"Interaction within trials: {f_test(material, pen, test)}." if has_test(test) else "",
            "Effect for participants at each level in a trial of average case mix, from within-trial information.",
        ],
        material.stamp,
    )


def has_test(row: Row | None) -> TypeGuard[Row]:
    """Whether there is a joint test to print."""
    return row is not None and row.number("p_value") is not None


def complete(row: Row) -> bool:
    """Whether a row has an estimate and its interval."""
    return all(row.number(column) is not None for column in ("estimate", "ci_low", "ci_high"))


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
    look = {"fontsize": style.SIZE + 1.5, "fontweight": "bold", "va": "center"}
    figure.text(0.15 / width, 1 - 0.18 / height, curve.title, parse_math=False, **look)  # type: ignore[arg-type]
    bottom, span = (foot + 0.5) / height, (width - left - right) / width
    below = figure.add_axes((left / width, bottom, span, rug / height))
    above = figure.add_axes((left / width, bottom + (rug + 0.12) / height, span, plot / height))
    draw_curve(curve, above)
    above.tick_params(labelbottom=False)
    draw_rug(curve, below)
    below.set_xlim(above.get_xlim())
    put_footer(figure, lines, curve.stamp, width, height)
    return figure


def draw_levels_page(levels: Levels) -> Figure:
    """Points above their labels."""
    wide = max(style.text_width(label, style.SMALL) for label, *_ in levels.points) + 0.25
    size = (max(3.2, wide * (len(levels.points) + 0.4)), 3.0)
    figure, axes = framed(
        size, levels.title, [line for line in levels.footer if line], levels.stamp, (0.85, 0.25, 0.6)
    )
    draw_levels(levels, axes[0])
    return figure
