"""The figure of each network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from ipdma.report.boundary import boundary, ends
from ipdma.report.exhibit import Exhibit
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.network_plot import NetworkPicture, draw_network_page
from ipdma.report.network_words import comparisons, measure_word, networks, node_words, nodes_of
from ipdma.report.records import Row
from ipdma.report.words import in_sentence


def network_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """One figure for each outcome and time point."""
    for number, analysis in enumerate(networks(material)):
        name = f"network.{analysis.outcome}.{analysis.timepoint}"
        picture = picture_of(material, analysis, ledger.pen(f"figures/{name}"))
        if picture is None:
            continue
        told = "; ".join(
            f"{one}: {value:.2f} from {low:.2f} to {high:.2f}" for one, value, low, high in picture.effects
        )
        caption = f"{picture.title}. {' '.join(picture.footer)}"
        alt = f"{picture.title}. {len(picture.nodes)} treatments. {told or 'No effect is drawn'}."
        yield Exhibit(name, "Effects", caption, alt, partial(draw_network_page, picture), main=not number)


def picture_of(material: Material, analysis: Analysis, pen: Pen) -> NetworkPicture | None:
    """What the figure shows, or None where nothing was fitted."""
    nodes, rows = nodes_of(material, analysis), comparisons(material, analysis)
    if not nodes or not rows:
        return None
    order = [node.text("arm") for node in nodes]
    names = [(node_words(n.text("arm")), pen.count(n), n.number("n") or 0.0) for n in nodes]
    edges = [
        (order.index(one), order.index(other), int(pen.count(row, "k")))
        for row in rows
        if row.number("k")
        for one, _, other in [row.text("level").partition(" v ")]
    ]
    against = [row for row in rows if row.text("level").endswith(f" v {order[0]}")]
    outcome = in_sentence(material.outcome(analysis.outcome))
    return NetworkPicture(
        f"All treatments in one model: {outcome}, {material.timepoint(analysis.timepoint)}",
        f"{measure_word(material, analysis.outcome)} against {in_sentence(node_words(order[0]))}",
        names,
        edges,
        [found for row in against if (found := effect_of(material, row)) is not None],
        (
            "A line joins treatments that a trial compares directly; the number is of trials. Circles grow "
            f"with participants. Right: effects against {in_sentence(node_words(order[0]))} with "
            f"{material.level} intervals; below zero the treatment is better.",
            *left_out(material, against),
        ),
        material.stamp,
    )


def effect_of(material: Material, row: Row) -> tuple[str, float, float, float] | None:
    """A comparison with its estimate and interval; None without them, or at a boundary."""
    value, low, high = ends(material, row)
    return None if value is None or low is None or high is None else (first_node(row), value, low, high)


def first_node(row: Row) -> str:
    """The node that a comparison names first."""
    return node_words(row.text("level").partition(" v ")[0])


def left_out(material: Material, rows: Iterable[Row]) -> Iterator[str]:
    """Which effects are not drawn, and why, where there are any."""
    away = [f"{first_node(row)} ({why})" for row in rows if (why := boundary(material, row))]
    if away:
        yield f"Effects not drawn: {'; '.join(away)}."
