"""What pages and tables say of the network: its nodes in words, its rows, how it stands beside a contrast."""

from __future__ import annotations

from collections.abc import Iterator

from ipdma.plan import NETWORK
from ipdma.report import wording
from ipdma.report.boundary import told
from ipdma.report.ledger import Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first
from ipdma.report.words import CONDITIONS, in_sentence

CAUTION = (
    "A P-score ranks: the mean certainty that a treatment's outcome is lower than another's. It says nothing "
    "of how large a difference is, and ranks of treatments whose intervals overlap are not to be relied on."
)


def networks(material: Material) -> list[Analysis]:
    """The outcomes and time points of which a network was asked, in the plan's order."""
    asked = [
        Analysis(NETWORK, outcome, timepoint)
        for outcome in material.plan.get("outcomes", {})
        for timepoint in material.plan.get("time_points", {})
    ]
    return [analysis for analysis in asked if material.records.of("counts", analysis.ident())]


def node_words(name: str) -> str:
    """A node in words: that of the condition of its name, else its own name."""
    return CONDITIONS.get(name, wording.heading(name))


def comparison_words(level: str) -> str:
    """`stpp v tau` in words."""
    one, _, other = level.partition(" v ")
    return f"{node_words(one)} against {in_sentence(node_words(other))}"


def comparisons(material: Material, analysis: Analysis, stage: str = "one", variant: str = "") -> list[Row]:
    """The rows of every comparison."""
    rows = material.records.of("estimates", analysis.ident(NETWORK, stage, variant=variant))
    return [row for row in rows if row.text("term") == "treatment" and row.text("level")]


def comparison(material: Material, analysis: Analysis, one: str, other: str) -> Row | None:
    """The row of one node against another, where it stands that way round."""
    return first(comparisons(material, analysis), level=f"{one} v {other}")


def nodes_of(material: Material, analysis: Analysis) -> list[Row]:
    """The nodes with their trials and people."""
    return material.counts_of_arms(analysis.ident(), "network_node")


def beside_contrast(material: Material, analysis: Analysis, pen: Pen) -> str:
    """The network's answers to a contrast's question, node by node, as one sentence; empty without any."""
    asked = Analysis(NETWORK, analysis.outcome, analysis.timepoint)
    found = [
        f"{told(material, pen, row)} for {in_sentence(comparison_words(row.text('level')))}"
        for one, other in node_pairs(material, analysis.contrast)
        if (row := comparison(material, asked, one, other)) is not None and row.number("estimate") is not None
    ]
    unit = in_sentence(measure_word(material, analysis.outcome))
    return f"All arms of all trials in one model, {unit}: {'; '.join(found)}." if found else ""


def measure_word(material: Material, outcome: str) -> str:
    """What an effect in the network is: a difference in points, or a standardised one."""
    return "Difference" if material.standardise(outcome) == "none" else "SMD"


def node_pairs(material: Material, contrast: str) -> Iterator[tuple[str, str]]:
    """The nodes of a contrast's active conditions with those of its reference conditions."""
    nodes = (material.plan.get("network") or {}).get("nodes") or {}
    known = {condition: node for node, own in nodes.items() for condition in own}
    entry = material.plan.get("contrasts", {}).get(contrast, {})
    sides = [
        list(dict.fromkeys(known.get(str(c), str(c)) for c in entry.get(side, [])))
        for side in ("active", "reference")
    ]
    yield from ((one, other) for one in sides[0] for other in sides[1] if one != other)
