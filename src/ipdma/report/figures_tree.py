"""The tree of treatment effects, from the records."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ipdma.analysis.records import Ident
from ipdma.report.boundary import ends, told
from ipdma.report.exhibit import Exhibit
from ipdma.report.forest_rows import axis_title
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first
from ipdma.report.tree_plot import Branch, TreeDrawing, draw_tree_page

ROOT = "all participants"
EXPLORATORY = (
    "Exploratory: the splits were searched for in these data, so the intervals of the nodes are too narrow "
    "and their effects too far apart."
)


def tree_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """A figure for each tree with a split."""
    for analysis in material.analyses:
        head = analysis.ident("tree", "one")
        if not material.counts_of(head, "tree_split"):
            continue
        pen = ledger.pen(f"figures/tree.{analysis.id}")
        drawing = tree_of(material, analysis, pen)
        leaves = [r for r in material.records.of("estimates", head) if r.number("estimate") is not None]
        alt = "; ".join(f"{path_words(material, r.text('level'))}: {pen.effect(r)}" for r in leaves)
        yield Exhibit(
            f"tree.{analysis.id}",
            "Moderators",
            f"{drawing.title}. {' '.join(drawing.footer)}",
            f"Tree of treatment effects. {alt}.",
            partial(draw_tree_page, drawing),
        )


def tree_of(material: Material, analysis: Analysis, pen: Pen) -> TreeDrawing:
    """The tree of one question."""
    head = analysis.ident("tree", "one")
    inner = {r.text("level"): r for r in material.counts_of(head, "tree_split")}
    leaves = {r.text("level"): r for r in material.records.of("estimates", head)}
    return TreeDrawing(
        f"{material.title(analysis)}: exploratory tree",
        branch_of(material, head, pen, ROOT, inner, leaves),
        axis_title(material, analysis),
        material.directions(analysis.contrast, analysis.outcome),
        (
            f"Leaves: participants (active + reference), effect and {material.level} interval. "
            "p: parameter instability, corrected for the variables tried at the node.",
            EXPLORATORY,
            *stability_line(material, head, pen),
        ),
        material.stamp,
    )


def branch_of(
    material: Material, head: Ident, pen: Pen, path: str, inner: dict[str, Row], leaves: dict[str, Row]
) -> Branch:
    """A node and all below it."""
    split = inner.get(path)
    if split is None:
        return leaf_of(material, head, pen, path, leaves.get(path))
    name = split.text("variable")
    p = first(material.counts_of(head, "tree_p", level=path), variable=name)
    text = (material.moderator(name), pen.p_phrase(p, "value"), f"n = {pen.count(split)}")
    below = [q for q in [*inner, *leaves] if q != path and parent_of(q, inner) == path]
    pairs = tuple(
        (
            edge_words(pen, split, q),
            branch_of(material, head, pen, q, inner, leaves),
        )
        for q in sorted(below, key=lambda q: " > " in last_step(q, path))
    )
    return Branch(text, pairs)


def leaf_of(material: Material, head: Ident, pen: Pen, path: str, row: Row | None) -> Branch:
    """A terminal node: participants by side, and the effect."""
    sides = [first(material.counts_of(head, "tree_node", level=path, arm=s)) for s in ("active", "reference")]
    text = (
        f"n = {pen.count(sides[0])} + {pen.count(sides[1])}",
        "" if row is None else told(material, pen, row),
    )
    numbers = (None,) if row is None else ends(material, row)
    effect = None if any(n is None for n in numbers) else tuple(numbers)
    return Branch(text, (), effect)  # type: ignore[arg-type]


def parent_of(path: str, inner: dict[str, Row]) -> str:
    """The inner node right above a path."""
    above = [q for q in inner if q not in (ROOT, path) and path.startswith(f"{q} & ")]
    return max(above, key=len, default=ROOT)


def last_step(path: str, parent: str) -> str:
    """The condition that leads from a node to its child."""
    return path if parent == ROOT else path.removeprefix(f"{parent} & ")


def edge_words(pen: Pen, split: Row, path: str) -> str:
    """`\u2264 2.10`, `> 2.10`, or the levels of a category."""
    step = last_step(path, split.text("level"))
    if split.number("value") is None:
        return step.removeprefix(f"{split.text('variable')}: ").replace("_", " ")
    return f"{'>' if ' > ' in step else chr(0x2264)} {pen.number(split, 'value')}"


def path_words(material: Material, path: str) -> str:
    """A path with the moderators' own names."""
    for name in sorted(material.plan.get("moderators", {}), key=len, reverse=True):
        for sign in (" <= ", " > ", ": "):
            path = path.replace(f"{name}{sign}", f"{material.moderator(name)}{sign}")
    return path.replace("<=", "\u2264").replace("_", " ").replace(" & ", ", ")


def stability_line(material: Material, head: Ident, pen: Pen) -> tuple[str, ...]:
    """How often each variable splits the tree when whole trials are drawn again."""
    rows = [r for r in material.counts_of(head, "tree_stability") if r.number("n")]
    if not rows:
        return ()
    parts = [f"{material.moderator(r.text('variable'))} {pen.count(r)}" for r in rows]
    return (f"Trials drawn again {pen.count(rows[0], 'of')} times, trees that split by: {', '.join(parts)}.",)
