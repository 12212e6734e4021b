"""The tree of treatment effects: splits above, a node's effect with its interval below each leaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from ipdma.report import style
from ipdma.report.exhibit import Sheet
from ipdma.report.style import text_width, wrap

LEAF = 1.9  # inches from leaf to leaf
RANK = 0.95
BOX = 0.46
PANEL = 1.7
EDGE = 0.7


@dataclass(frozen=True)
class Branch:
    """A node: its text, and either its two branches with the words on the way to them, or an effect."""

    text: tuple[str, ...]
    branches: tuple[tuple[str, Branch], ...] = ()
    effect: tuple[float, float, float] | None = None  # estimate, low, high


@dataclass(frozen=True)
class TreeDrawing:
    """What a tree figure shows."""

    title: str
    root: Branch
    ylabel: str
    directions: tuple[str, str]
    footer: Sequence[str]
    stamp: str


def leaves_of(branch: Branch) -> list[Branch]:
    """Terminal nodes, left to right."""
    if not branch.branches:
        return [branch]
    return [leaf for _, child in branch.branches for leaf in leaves_of(child)]


def depth_of(branch: Branch) -> int:
    """How many splits lie above the deepest leaf."""
    return 1 + max(depth_of(child) for _, child in branch.branches) if branch.branches else 0


def place_branches(
    branch: Branch, pitch: float, depth: int = 0, start: float = 0.0
) -> Iterator[tuple[Branch, float, int, list[tuple[str, float]]]]:
    """(node, x in inches, depth, words and x of its branches): a node stands over the middle of its own."""
    own = []
    x = start
    for words, child in branch.branches:
        placed = list(place_branches(child, pitch, depth + 1, x))
        yield from placed
        own.append((words, placed[-1][1]))
        x += pitch * len(leaves_of(child))
    middle = sum(at for _, at in own) / len(own) if own else start + pitch / 2
    yield branch, middle, depth, own


def draw_branches(drawing: TreeDrawing, axes: Axes, left: float, top: float, pitch: float) -> dict[str, Any]:
    """Boxes, lines and words on an axes whose units are inches."""
    artists: dict[str, Any] = {"box": [], "line": [], "text": []}
    deepest = depth_of(drawing.root)
    for branch, x, depth, own in place_branches(drawing.root, pitch):
        level = depth if own else deepest
        y = top - level * RANK - BOX / 2
        for words, child_x in own:
            child = next(b for w, b in branch.branches if w == words)
            below = (depth + 1 if child.branches else deepest) * RANK
            ends = ([left + x, left + child_x], [y - BOX / 2, top - below])
            artists["line"] += axes.plot(*ends, color=style.INK, lw=0.8, zorder=1)
            put_words(axes, artists, words, (left + child_x, top - (depth + 1) * RANK + 0.2), pitch - 0.1)
        draw_node(axes, artists, branch, (left + x, y), pitch)
    return artists


def put_words(axes: Axes, artists: dict[str, Any], words: str, at: tuple[float, float], width: float) -> None:
    """The condition on the way to a node, on white so that the line does not run through it."""
    box = {"fc": "white", "ec": "none", "pad": 1.0}
    text = "\n".join(wrap(words, width, style.SMALL))
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": style.SMALL, "bbox": box, "zorder": 2}
    artists["text"].append(axes.text(*at, text, parse_math=False, linespacing=1.05, **look))


def draw_node(
    axes: Axes, artists: dict[str, Any], branch: Branch, at: tuple[float, float], pitch: float
) -> None:
    """One box with its lines of text."""
    x, y = at
    wide = max(text_width(line, style.SMALL, "bold") for line in branch.text) + 0.16
    wide = max(wide, min(1.0, pitch - 0.12))
    tall = 0.14 * len(branch.text) + 0.1
    shape = "square,pad=0" if branch.effect is not None else "round,pad=0,rounding_size=0.1"
    face = "#eaf3fa" if branch.effect is not None else "white"
    frame = FancyBboxPatch(
        (x - wide / 2, y - tall / 2), wide, tall, boxstyle=shape, fc=face, ec=style.INK, lw=0.8, zorder=2
    )
    artists["box"].append(axes.add_patch(frame))
    top = y + 0.07 * (len(branch.text) - 1)
    for index, line in enumerate(branch.text):
        weight = "bold" if index == 0 else "normal"
        look: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": style.SMALL, "zorder": 3}
        artists["text"].append(
            axes.text(x, top - 0.14 * index, line, fontweight=weight, parse_math=False, **look)
        )


def draw_effects(drawing: TreeDrawing, axes: Axes, pitch: float) -> dict[str, Any]:
    """The leaves' effects with their intervals, each below its leaf."""
    leaves = leaves_of(drawing.root)
    artists: dict[str, Any] = {"zero": [axes.axhline(0, color=style.INK, lw=0.7)], "mark": [], "whisker": []}
    for index, leaf in enumerate(leaves):
        if leaf.effect is None:
            continue
        x = (index + 0.5) * pitch
        estimate, low, high = leaf.effect
        artists["whisker"] += axes.plot([x, x], [low, high], color=style.INK, lw=1.1)
        artists["mark"] += axes.plot([x], [estimate], "s", color=style.BLUE, mec=style.INK, mew=0.5, ms=6)
    axes.set_xlim(0, pitch * len(leaves))
    axes.margins(y=0.12)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    down, up = drawing.directions
    axes.set_ylabel(f"{drawing.ylabel}\n\u2190 {down}    {up} \u2192", parse_math=False)
    return artists


def draw_tree_page(drawing: TreeDrawing) -> Figure:
    """The figure: its leaves share the page's width."""
    leaves = leaves_of(drawing.root)
    pitch = min(LEAF, (style.WIDE - EDGE - 0.1) / len(leaves))
    words = f"{drawing.directions[0]}    {drawing.directions[1]}    "
    panel = max(PANEL, text_width(words) + 0.3)
    crown = depth_of(drawing.root) * RANK + BOX + 0.3
    sheet = Sheet(drawing.title, drawing.footer, drawing.stamp, panel + crown)
    draw_branches(drawing, sheet.page(), EDGE, sheet.top - 0.1, pitch)
    draw_effects(drawing, sheet.axes(EDGE, sheet.foot + 0.05, pitch * len(leaves), panel - 0.05), pitch)
    return sheet.figure
