"""The effect against a moderator: a curve with its band, trials' ranges as a rug, the naive line beside
it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from ipdma.report import style

Point = tuple[float, float, float, float]  # moderator value, effect, low, high


@dataclass(frozen=True)
class Curve:
    """What an effect curve shows. `trials` are (name, mean, SD) of the moderator in each trial."""

    title: str
    xlabel: str
    ylabel: str
    within: Sequence[Point]
    naive: Sequence[Point]
    trials: Sequence[tuple[str, float, float | None]]
    directions: tuple[str, str]
    footer: Sequence[str]
    stamp: str


def draw_curve(curve: Curve, axes: Axes) -> dict[str, list[Any]]:
    """Band and line of the within-trial effect, dashed naive line, line of no effect."""
    x, y, low, high = zip(*curve.within, strict=True)
    artists: dict[str, list[Any]] = {
        "band": [axes.fill_between(x, low, high, color=style.SKY, alpha=0.35, lw=0)]
    }
    artists["zero"] = [axes.axhline(0, color=style.INK, lw=0.7)]
    artists["line"] = axes.plot(x, y, color=style.BLUE, lw=1.8, label="Within trials, with confidence band")
    artists["naive"] = []
    if curve.naive:
        points = list(zip(*curve.naive, strict=True))
        artists["naive"] = axes.plot(
            points[0], points[1], "--", color=style.ORANGE, lw=1.4, label="Naive (trials mixed)"
        )
    axes.set_xlim(min(x), max(x))
    axes.legend(loc="best")
    label_effect(axes, curve.ylabel, curve.directions)
    return artists


def draw_rug(curve: Curve, axes: Axes) -> dict[str, list[Any]]:
    """One thin line per trial: mean, and one SD each way. No participant is shown."""
    artists: dict[str, list[Any]] = {"mean": [], "range": []}
    for index, (_, mean, spread) in enumerate(curve.trials):
        if spread is not None:
            artists["range"] += axes.plot(
                [mean - spread, mean + spread], [index, index], color=style.FAINT, lw=1.1
            )
        artists["mean"] += axes.plot([mean], [index], "|", color=style.INK, ms=6, mew=1.4)
    axes.set_yticks(range(len(curve.trials)), [name for name, _, _ in curve.trials], fontsize=style.SMALL - 1)
    axes.set_ylim(len(curve.trials) - 0.3, -0.7)
    axes.set_xlabel(curve.xlabel)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return artists


def label_effect(axes: Axes, label: str, directions: tuple[str, str]) -> None:
    """The vertical axis's name, what its two ends favour, and room about no effect."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.1 * (high - low)), max(high, 0.1 * (high - low)))
    axes.set_ylabel(f"{label}\n\u2190 {directions[0]}    {directions[1]} \u2192", parse_math=False)
