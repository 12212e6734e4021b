"""The picture of the network: nodes, lines of direct comparisons, effects against the reference."""

from tests.builders.network_material import network_material
from tests.builders.network_rows import draw_network

from ipdma.report.exhibit import render_exhibit
from ipdma.report.figures_network import network_exhibits, picture_of
from ipdma.report.ledger import Ledger
from ipdma.report.network_words import networks
from ipdma.report.sections.network import network_section
from ipdma.report.shelf import Shelf


def test_lines_are_the_direct_comparisons():
    material = network_material()
    picture = picture_of(material, networks(material)[0], Ledger().pen("figures/network"))
    assert len(picture.nodes) == 5
    assert len(picture.edges) == 9
    assert max(k for _, _, k in picture.edges) == 3
    assert len(picture.effects) == 4
    (exhibit,) = network_exhibits(material, Ledger())
    drawn = dict(render_exhibit(exhibit, ("svg",)))
    assert b"Waitlist" in drawn["svg"]


def test_a_network_that_was_not_fitted_says_why():
    material = network_material(draw_network(arms={"A": ("tau", "stpp"), "B": ("ad", "both")}))
    assert not list(network_exhibits(material, Ledger()))
    said = network_section(material, Ledger(), Shelf([], [], {}))
    assert "no network was fitted: the network is not connected" in said
