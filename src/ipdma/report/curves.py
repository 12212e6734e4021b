"""The effect against a moderator: a curve with its band, and the trials' ranges as a rug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from ipdma.report import style

Point = tuple[float, float, float, float]  # moderator value, effect, low, high


@dataclass(frozen=True)
class Curve:
    """What an effect curve shows.

    `within` is the effect within trials at values of the moderator, in rising order; `trials` are (name,
    mean, SD) of the moderator in each trial; `directions` say what an effect below and above zero favours.
    `points_per_unit` is how many points of an instrument one unit of effect is: a second axis, called
    `points`, then shows them; None for no such axis.
    """

    title: str
    xlabel: str
    ylabel: str
    within: Sequence[Point]
    trials: Sequence[tuple[str, float, float | None]]
    directions: tuple[str, str]
    footer: Sequence[str]
    stamp: str
    points_per_unit: float | None = None
    points: str = ""


def draw_curve(curve: Curve, axes: Axes) -> dict[str, list[Any]]:
    """Band and line of the within-trial effect, line of no effect."""
    x, y, low, high = zip(*curve.within, strict=True)
    artists: dict[str, list[Any]] = {
        "band": [axes.fill_between(x, low, high, color=style.SKY, alpha=0.35, lw=0)]
    }
    artists["zero"] = [axes.axhline(0, color=style.INK, lw=0.7)]
    artists["line"] = axes.plot(x, y, color=style.BLUE, lw=1.8)
    axes.set_xlim(min(x), max(x))
    label_effect(axes, curve.ylabel, curve.directions)
    if curve.points_per_unit is not None:
        artists["points"] = [draw_points_axis(axes, curve.points_per_unit, curve.points)]
    return artists


def draw_points_axis(axes: Axes, points: float, label: str) -> Any:
    """A second axis on the right: the effect in an instrument's points, so many to a standard deviation."""

    def to_points(sd: Any) -> Any:
        return sd * points

    def to_sd(score: Any) -> Any:
        return score / points

    other = axes.secondary_yaxis("right", functions=(to_points, to_sd))
    other.set_ylabel(label, parse_math=False)
    other.spines["right"].set_visible(True)
    return other


def draw_rug(curve: Curve, axes: Axes, named: bool = True) -> dict[str, list[Any]]:
    """One thin line per trial: mean, and one SD each way. No participant is shown."""
    artists: dict[str, list[Any]] = {"mean": [], "range": []}
    for index, (_, mean, spread) in enumerate(curve.trials):
        if spread is not None:
            artists["range"] += axes.plot(
                [mean - spread, mean + spread], [index, index], color=style.FAINT, lw=1.1
            )
        artists["mean"] += axes.plot([mean], [index], "|", color=style.INK, ms=5, mew=1.3)
    names = [name for name, _, _ in curve.trials] if named else [""] * len(curve.trials)
    axes.set_yticks(range(len(curve.trials)), names)
    axes.set_ylim(len(curve.trials) - 0.3, -0.7)
    axes.set_xlabel(curve.xlabel)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return artists


def label_effect(axes: Axes, label: str, directions: tuple[str, str]) -> None:
    """The vertical axis's name, what its two ends favour, and room about no effect."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.1 * (high - low)), max(high, 0.1 * (high - low)))
    axes.set_ylabel("\n".join([label, *ends_named(directions, axes_height(axes))]), parse_math=False)


def axes_height(axes: Axes) -> float:
    """Inches from the lower to the upper end of the vertical axis."""
    figure: Any = axes.figure
    return float(axes.get_position().height * figure.get_size_inches()[1])


def ends_named(directions: tuple[str, str], height: float) -> list[str]:
    """What the ends of a vertical axis favour: one line where its inches are enough, else two."""
    low, high = f"\u2190 {directions[0]}", f"{directions[1]} \u2192"
    both = f"{low}    {high}"
    return [both] if style.text_width(both) <= height else [low, high]
