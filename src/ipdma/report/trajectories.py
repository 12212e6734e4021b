"""Model means of both sides over the visits, with bands; participants per visit below. No person's line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.analysis.records import Ident
from ipdma.report import style
from ipdma.report.curves import draw_points_axis
from ipdma.report.exhibit import Exhibit, Sheet
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import distinct, first, select
from ipdma.report.style import text_width

SIDES = ("active", "reference")
LOOKS = ((style.BLUE, "-", "o"), (style.ORANGE, "--", "s"))


@dataclass(frozen=True)
class Course:
    """One side: (weeks, mean, low, high) per visit, and what is printed below each."""

    name: str
    points: Sequence[tuple[float, float, float, float]]
    sizes: Sequence[str]
    means: Sequence[str] = ()


@dataclass(frozen=True)
class Trajectories:
    """What a figure of trajectories shows; `visits` are (weeks, name).

    `points_per_unit` is how many points of the instrument make one unit of the scores: a second axis, named
    `points`, counts them; None draws none.
    """

    title: str
    ylabel: str
    visits: Sequence[tuple[float, str]]
    courses: Sequence[Course]
    footer: Sequence[str]
    stamp: str
    points_per_unit: float | None = None
    points: str = ""


def trajectory_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """One figure for each contrast and outcome whose visits stand in one model."""
    for contrast, outcome in dict.fromkeys((a.contrast, a.outcome) for a in material.analyses):
        question = Analysis(contrast, outcome, "visits")
        pen = ledger.pen(f"figures/trajectories.{contrast}.{outcome}")
        found = trajectories_of(material, question, pen)
        if found is None:
            continue
        sides = "; ".join(f"{c.name}: {', '.join(c.means)}" for c in found.courses)
        caption = f"{found.title}. {' '.join(found.footer)}"
        name = f"trajectories.{contrast}.{outcome}"
        draw = partial(draw_trajectories_page, found)
        yield Exhibit(name, "Effects", caption, f"Trajectories by arm. {sides}.", draw, main=True)


def trajectories_of(material: Material, question: Analysis, pen: Pen) -> Trajectories | None:
    """The trajectories of one question, or None where no model over visits was fitted."""
    head = question.ident("longitudinal", "one")
    rows = list(select(material.records.of("counts", head), what="trajectory"))
    weeks = {r.text("variable"): r.number("value") for r in material.counts_of(head, "trajectory_weeks")}
    visits = [v for v in distinct(rows, "variable") if weeks.get(v) is not None]
    if len(visits) < 2:
        return None
    visits = sorted(visits, key=lambda v: weeks[v] or 0.0)
    names = material.sides(question.contrast)
    courses = [
        course_of(material, head, pen, side, name, [(v, weeks[v] or 0.0) for v in visits])
        for side, name in zip(SIDES, names, strict=True)
    ]
    if any(len(c.points) < 2 for c in courses):
        return None
    asked = [a for a in material.analyses if (a.contrast, a.outcome) == (question.contrast, question.outcome)]
    test = first(material.records.of("estimates", head), term="treatment")
    joint = (
        f" Test of the effect over all visits: {pen.p_phrase(test)}."
        if test is not None and test.number("p_value") is not None
        else ""
    )
    return Trajectories(
        f"{material.contrast(question.contrast)}: {material.outcome(question.outcome)} over time",
        score_axis(material, question.outcome),
        tuple((weeks[v] or 0.0, material.timepoint(v)) for v in visits),
        tuple(courses),
        (
            "Means of the one-stage model over all visits, equal at baseline in both arms, with "
            f"{material.level} confidence intervals; trials weigh by their participants. Visits stand at "
            f"their median week.{joint}",
        ),
        material.stamp,
        next((p for a in asked if (p := material.points_per_sd(a)) is not None), None),
        material.points,
    )


def score_axis(material: Material, outcome: str) -> str:
    """What the scores measure."""
    label = material.outcome(outcome)
    unit = "points" if material.standardise(outcome) == "none" else "in SDs"
    return f"{label[:1].upper()}{label[1:]} ({unit})"


def course_of(
    material: Material, head: Ident, pen: Pen, side: str, name: str, visits: Sequence[tuple[str, float]]
) -> Course:
    """One side's means, in order of weeks."""
    points, sizes, means = [], [], []
    for visit, week in visits:
        rows = [
            first(material.counts_of(head, what, variable=visit), arm=side)
            for what in ("trajectory", "trajectory_low", "trajectory_high")
        ]
        numbers = [None if r is None else r.number("value") for r in rows]
        if all(n is not None for n in numbers):
            points.append((week, *numbers))
            sizes.append(pen.count(rows[0]))
            means.append(f"{pen.number(rows[0], 'value')} at {material.timepoint(visit)}")
    return Course(name[:1].upper() + name[1:], points, sizes, means)  # type: ignore[arg-type]


def draw_trajectories(found: Trajectories, axes: Axes) -> dict[str, list[Any]]:
    """A line with a band and marks for each side."""
    artists: dict[str, list[Any]] = {"band": [], "line": []}
    for course, (colour, dash, mark) in zip(found.courses, LOOKS, strict=True):
        weeks, mean, low, high = zip(*course.points, strict=True)
        artists["band"].append(axes.fill_between(weeks, low, high, color=colour, alpha=0.16, lw=0))
        artists["line"] += axes.plot(
            weeks, mean, dash, color=colour, marker=mark, ms=4.5, lw=1.5, label=course.name
        )
    axes.set_ylabel(found.ylabel)
    axes.set_xlabel("Weeks")
    axes.margins(x=0.06)
    axes.legend(loc="upper right")
    return artists


def draw_sizes(found: Trajectories, axes: Axes) -> None:
    """Visits and participants below the axis, at their weeks."""
    axes.set_axis_off()
    axes.set_ylim(len(found.courses) + 1, 0)
    look: dict[str, Any] = {"va": "center", "fontsize": style.SMALL, "parse_math": False, "clip_on": False}
    for week, name in found.visits:
        axes.text(week, 0.5, name, ha="center", **look)
    for index, course in enumerate(found.courses):
        left = axes.get_xlim()[0]
        axes.text(left, index + 1.5, f"n, {course.name}  ", ha="right", **look)
        for (week, *_), text in zip(course.points, course.sizes, strict=True):
            axes.text(week, index + 1.5, text, ha="center", **look)


def draw_trajectories_page(found: Trajectories) -> Figure:
    """The figure, its left margin as wide as the sides' names."""
    names = max(text_width(f"n, {c.name}  ", style.SMALL) for c in found.courses)
    left, tall, below = max(0.7, names + 0.1), 2.6, 0.14 * (len(found.courses) + 1)
    sheet = Sheet(found.title, found.footer, found.stamp, below + 0.42 + tall)
    span = sheet.width - left - (0.12 if found.points_per_unit is None else 0.62)
    above = sheet.axes(left, sheet.foot + below + 0.42, span, tall)
    draw_trajectories(found, above)
    if found.points_per_unit is not None:
        draw_points_axis(above, found.points_per_unit, found.points)
    sizes = sheet.axes(left, sheet.foot, span, below)
    sizes.set_xlim(above.get_xlim())
    draw_sizes(found, sizes)
    return sheet.figure
