"""What a forest plot is, and where its parts stand on a page of fixed width: columns give way to the plot."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.ticker import MaxNLocator

from ipdma.report.exhibit import LINE, head_height
from ipdma.report.style import EDGE, SIZE, SMALL, TALL, TITLE, WIDE, text_width, wrap

ROW = 0.155  # inches
LEAD = 0.12  # between lines of one row
GAP = 0.1
PLOT = 0.35 * WIDE
NARROWEST, WIDEST = 0.6, 1.75  # of a column of names
LIGHT = 0.28  # as wide as its heading
TOGETHER = "Pooled over all pages"
ODDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
SCALE = 0.32  # the axis with its numbers and its name


@dataclass(frozen=True)
class Line:
    """One line of a forest plot.

    `kind` is `study`, `aggregate` (a trial without IPD), `pooled`, `interval` (a prediction interval),
    `heading` or `note`.
    `weight` is in percent; `lights` are words of the registry; `study` is the trial that it belongs to.
    """

    kind: str
    cells: tuple[str, ...]
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    weight: float | None = None
    lights: tuple[str, ...] = ()
    study: str = ""


@dataclass(frozen=True)
class Forest:
    """What a forest plot shows.

    `columns` are (group, heading, alignment); the first `left` of them stand left of the plot, and those of
    `spare`, by their index, give way, in that order, where the plot would get too narrow. With `odds` the
    lines hold log odds ratios and the axis shows odds ratios. `lights` are headings of risk-of-bias lights.
    `cap` bounds the scale on each side of no effect, in units of the lines; `answer` are those lines that no
    page is without, where there are several and it is short; `limits` (of the scale),
    `heaviest` (weight) and `gone` (columns that gave way) are set where the plot is one page of several.
    """

    title: str
    columns: Sequence[tuple[str, str, str]]
    left: int
    lines: Sequence[Line]
    directions: tuple[str, str]
    axis: str
    odds: bool = False
    lights: tuple[str, ...] = ()
    footer: Sequence[str] = ()
    stamp: str = ""
    spare: tuple[int, ...] = ()
    cap: float = math.inf
    answer: tuple[Line, ...] = ()
    limits: tuple[float, float] | None = None
    heaviest: float = 0.0
    gone: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Where things stand, in inches from the lower left corner.

    `starts` and `widths` are of the columns that are shown, by their index; `plot` is where the plot begins
    and ends, and `lights` where the lights begin, None where they gave way. `tops` are of the lines, `bottom`
    is below the last. `limits` are of the scale, in units of the effect. `rows` are the lines of text of each
    cell, `groups` those of each group's heading.
    """

    height: float
    starts: dict[int, float]
    widths: dict[int, float]
    plot: tuple[float, float]
    lights: float | None
    limits: tuple[float, float]
    tops: list[float]
    bottom: float
    rows: list[list[list[str]]]
    groups: dict[str, list[str]]
    width: float = WIDE

    def x(self, value: float) -> float:
        """The position of an effect, held inside the plot."""
        low, high = self.limits
        left, right = self.plot
        return left + (min(max(value, low), high) - low) / (high - low) * (right - left)

    def y(self, index: int) -> float:
        """The middle of the first line of row `index`."""
        return self.tops[index] - ROW / 2


def axis_limits(lines: Sequence[Line], cap: float = math.inf) -> tuple[float, float]:
    """Limits that show the pooled lines and the bulk of the studies; what is wider ends in an arrow.

    Limits and estimates far from the middle estimate, in half widths of a usual interval, do not count. An
    interval does not stretch the scale past `cap`; an estimate does. Without a line to draw, -1 and 1.
    """
    drawn = [n for n in lines if n.estimate is not None and n.low is not None and n.high is not None]
    if not drawn:
        return -1.0, 1.0
    halves = sorted((n.high - n.low) / 2 for n in drawn)  # type: ignore[operator]
    half = max(halves[len(halves) // 2], 1e-6)
    centres = sorted(n.estimate for n in drawn if n.estimate is not None)
    middle = centres[len(centres) // 2]
    core = [c for c in centres if abs(c - middle) <= 5 * half] + [0.0] * (abs(middle) <= 8 * half)
    fixed = [b for n in lines if n.kind in {"pooled", "interval"} for b in (n.low, n.high) if b is not None]
    fixed = [b for b in fixed if abs(b - middle) <= 8 * half]
    low = max(min(n.low for n in drawn if n.low is not None), min(core) - 2 * half)
    high = min(max(n.high for n in drawn if n.high is not None), max(core) + 2 * half)
    low, high = max(min([low, *fixed]), -cap), min(max([high, *fixed]), cap)
    low, high = min([low, *core]), max([high, *core])
    pad = 0.03 * (high - low) or 1.0
    return low - pad, high + pad


def ideal_width(forest: Forest, index: int, shown: Collection[int]) -> float:
    """The width that a column asks for: its cells, its heading, its share of the group's longest word among
    the columns that are shown."""
    lines = [n for n in forest.lines if n.kind not in {"heading", "note"}]
    group, head, align = forest.columns[index]
    if align == "left":  # a name that may run on asks for nothing
        lines = [n for n in lines if not free_beside(forest, n, index)]
    cells = {(n.cells[index], "bold" if n.kind == "pooled" else "normal") for n in lines}
    longest = max([text_width(word, SIZE, "bold") for word in group.split()], default=0.0)
    members = sum(forest.columns[i][0] == group for i in shown)
    wide = [text_width(cell, SIZE, weight) for cell, weight in cells]
    wide += [text_width(head, SIZE, "bold"), (longest - GAP * (members - 1)) / members]
    return min(max(wide), WIDEST) if align == "left" else max(wide)


def fit_columns(forest: Forest) -> tuple[dict[int, float], bool]:
    """Columns that are shown with their widths in inches, and whether the lights are.

    So that the plot keeps its share, first the lights give way, then the spare columns; then the widest
    columns of names are cut.
    """
    every = [i for i in range(len(forest.columns)) if i not in forest.gone]
    widths = {index: ideal_width(forest, index, every) for index in every}
    lights, spare = bool(forest.lights), list(forest.spare)
    room = WIDE - 2 * EDGE - PLOT
    while excess_of(widths, forest, lights) > room and (lights or spare):
        if lights:
            lights = False
        else:  # both arms' means, or neither
            gone = [i for i in spare if forest.columns[i][1] == forest.columns[spare[0]][1]]
            spare = [i for i in spare if i not in gone]
            left = [i for i in widths if i not in gone]
            widths = {i: ideal_width(forest, i, left) for i in left}
    excess = excess_of(widths, forest, lights) - room
    if excess > 0:
        flexible = {i: w for i, w in widths.items() if forest.columns[i][2] == "left"}
        widths |= shrink(flexible, sum(flexible.values()) - excess)
    return widths, lights


def shown_headings(forest: Forest) -> set[str]:
    """Headings of the columns and lights that do not give way."""
    widths, lights = fit_columns(forest)
    return {forest.columns[index][1] for index in widths} | set(forest.lights if lights else ())


def excess_of(widths: dict[int, float], forest: Forest, lights: bool) -> float:
    """What columns and lights take of a page's width."""
    return sum(widths.values()) + GAP * (len(widths) + 1) + LIGHT * len(forest.lights) * lights


def shrink(widths: dict[int, float], room: float) -> dict[int, float]:
    """The widest columns cut to one width, so that all fit; their cells then take several lines."""
    order = sorted(widths.values())
    for index, width in enumerate(order):
        cap = (room - sum(order[:index])) / (len(order) - index)
        if cap <= width:
            return {i: max(min(w, cap), min(w, NARROWEST)) for i, w in widths.items()}
    return widths


def measure_forest(forest: Forest) -> Layout:
    """Lay the page out."""
    widths, shown = fit_columns(forest)
    starts, x, plot = {}, EDGE, (0.0, 0.0)
    room = WIDE - 2 * EDGE - excess_of(widths, forest, shown)
    for index in sorted(widths):
        if index >= forest.left and plot[1] == 0.0:
            plot = (x, x + room)
            x = plot[1] + GAP
        starts[index] = x
        x += widths[index] + GAP
    rows = [wrapped(forest, widths, line) for line in forest.lines]
    groups = {g: wrap(g, span, SIZE, "bold") for g, span in group_spans(forest, starts, widths).items()}
    limits = forest.limits or axis_limits(forest.lines, forest.cap)
    height, top = page_height(forest, rows, groups, plot, limits)
    tops = []
    for row in rows:
        tops.append(top)
        top -= row_height(row)
    return Layout(height, starts, widths, plot, x if shown else None, limits, tops, top, rows, groups)


def wrapped(forest: Forest, widths: dict[int, float], line: Line) -> list[list[str]]:
    """The cells of a line, each as its lines of text; a name runs on over empty cells beside it."""
    if line.kind in {"heading", "note"}:
        return [wrap(line.cells[0], WIDE - 2 * EDGE, SIZE, "bold") or [""]]
    weight = "bold" if line.kind == "pooled" else "normal"
    cells = []
    for index, cell in enumerate(line.cells):
        room = widths.get(index, 0.0) + sum(
            widths.get(i, 0.0) + GAP for i in free_beside(forest, line, index)
        )
        left = index in widths and forest.columns[index][2] == "left"
        cells.append(wrapped_cell(cell, room, weight) if left else [cell])
    return cells


def free_beside(forest: Forest, line: Line, index: int) -> list[int]:
    """The empty cells right of a cell, up to the next text or the plot."""
    end = next((i for i in range(index + 1, forest.left) if line.cells[i]), forest.left)
    return list(range(index + 1, end))


def wrapped_cell(cell: str, width: float, weight: str) -> list[str]:
    """A cell's lines, each as far in as the first."""
    if text_width(cell, SIZE, weight) <= width + 1e-6:
        return [cell]
    indent = " " * (len(cell) - len(cell.lstrip(" ")))
    return [indent + text for text in wrap(cell, width - text_width(indent, SIZE), SIZE, weight)]


def row_height(row: list[list[str]]) -> float:
    """A row as tall as its longest cell."""
    return ROW + LEAD * (max(len(cell) for cell in row) - 1)


def group_spans(forest: Forest, starts: dict[int, float], widths: dict[int, float]) -> dict[str, float]:
    """The width over which each group heading may run: to the next column, and never less than a word."""
    spans = {}
    for group in dict.fromkeys(g for g, _, _ in forest.columns if g):
        members = [i for i, c in enumerate(forest.columns) if c[0] == group and i in widths]
        if members:
            spans[group] = starts[members[-1]] + widths[members[-1]] - starts[members[0]] + 0.6 * GAP
    return spans


def page_height(
    forest: Forest,
    rows: list[list[list[str]]],
    groups: dict[str, list[str]],
    plot: tuple[float, float],
    limits: tuple[float, float],
) -> tuple[float, float]:
    """Height of the page, and of the line under the column headings."""
    above = (
        head_height(len(title_lines(forest))) + 0.2 + LEAD * max([len(g) for g in groups.values()], default=0)
    )
    below = SCALE + LEAD * max(len(d) for d in direction_lines(forest, plot, limits)) + 0.08
    below += 0.05 + LINE * (len(footer_lines(forest)) + bool(forest.stamp))
    body = sum(row_height(row) for row in rows)
    return above + body + below, body + below


def title_lines(forest: Forest) -> list[str]:
    """The title, wrapped."""
    return wrap(forest.title, WIDE - 2 * EDGE, TITLE, "bold")


def footer_lines(forest: Forest) -> list[str]:
    """The notes, wrapped."""
    return [part for line in forest.footer for part in wrap(line, WIDE - 2 * EDGE, SMALL)]


def zero_x(plot: tuple[float, float], limits: tuple[float, float]) -> float:
    """The line of no effect, or the plot's middle where that line is not shown."""
    low, high = limits
    share = -low / (high - low) if low <= 0 <= high else 0.5
    return plot[0] + share * (plot[1] - plot[0])


def direction_lines(
    forest: Forest, plot: tuple[float, float], limits: tuple[float, float]
) -> tuple[list[str], list[str]]:
    """What each side of no effect favours, wrapped to the room on that side."""
    if not any(forest.directions):
        return [], []
    middle = zero_x(plot, limits)
    left = wrap(f"\u2190 {forest.directions[0]}", middle - 0.05 - EDGE, SMALL)
    return left, wrap(f"{forest.directions[1]} \u2192", WIDE - EDGE - middle - 0.05, SMALL)


def scale_ticks(limits: tuple[float, float], odds: bool, width: float = PLOT) -> list[tuple[float, str]]:
    """Tick values and labels that do not touch; odds ratios stand at their logarithms."""
    low, high = limits
    if not odds:
        values = [
            v for v in MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) if low <= v <= high
        ]
        return [(v, f"{v:g}".replace("-", "\u2212")) for v in (round(v, 10) for v in values)]
    shown = [(math.log(v), f"{v:g}") for v in ODDS if low <= math.log(v) <= high]
    per_inch = (high - low) / width
    kept: list[tuple[float, str]] = []
    for value, label in sorted(shown, key=lambda tick: (abs(tick[0]), tick[0])):
        room = [(text_width(label, SMALL) + text_width(o, SMALL)) / 2 + 0.05 for _, o in kept]
        if all(abs(value - v) >= r * per_inch for (v, _), r in zip(kept, room, strict=True)):
            kept.append((value, label))
    return sorted(kept)


def pages_of(forest: Forest) -> Iterator[Forest]:
    """The plot on as many pages as it needs, all on one scale; the answer stands on each unless it takes more
    than a third of a page, the notes on the last."""
    layout = measure_forest(forest)
    if layout.height <= TALL:
        yield forest
        return
    pairs = zip(forest.lines, layout.rows, strict=True)
    if sum(row_height(row) for line, row in pairs if line in forest.answer) > TALL / 3:
        forest = replace(forest, answer=())
    weights = [n.weight or 0.0 for n in forest.lines if n.kind in {"study", "aggregate"}]
    gone = tuple(i for i in range(len(forest.columns)) if i not in layout.starts)
    shared = {"limits": layout.limits, "heaviest": max(weights, default=0.0), "gone": gone}
    lines, number = list(forest.lines), 1
    while lines:
        title = forest.title if number == 1 else f"{forest.title} (continued)"
        whole = replace(forest, lines=lines, title=title, **shared)  # type: ignore[arg-type]
        last = answered(whole)
        if measure_forest(last).height <= TALL:
            yield last
            return
        page = replace(whole, footer=())
        count = lines_that_fit(page)
        yield answered(replace(page, lines=lines[:count]))
        lines, number = lines[count:], number + 1
    if forest.footer:  # no room beside the last line
        yield answered(replace(whole, lines=[], title=f"{forest.title} (continued)"))


def answered(page: Forest) -> Forest:
    """A page with the answer below its lines, where it is not among them."""
    if all(line in page.lines for line in page.answer):
        return page
    return replace(page, lines=[*page.lines, Line("heading", (TOGETHER,)), *page.answer])


def lines_that_fit(forest: Forest) -> int:
    """How many lines stand on one page beside the answer: the last of them is no heading, and at least one is
    left to stand with the notes."""
    layout = measure_forest(forest)
    foot = measure_forest(answered(replace(forest, lines=[])))
    rest = layout.height - sum(map(row_height, layout.rows)) + sum(map(row_height, foot.rows))
    count = 0
    for row in layout.rows[:-1]:
        rest += row_height(row)
        if rest > TALL:
            break
        count += 1
    while count > 1 and not may_end(forest.lines[count - 1], forest.lines[count]):
        count -= 1
    return max(count, 1)


def may_end(last: Line, following: Line) -> bool:
    """Whether a page may end between two lines: none begins with what is pooled of the page before."""
    return last.kind != "heading" and following.kind not in {"pooled", "interval", "note"}
