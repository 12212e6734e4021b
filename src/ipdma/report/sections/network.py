"""All treatments in one model: who is in the network, whether its evidence agrees, the nodes, the league."""

from __future__ import annotations

from html import escape

from ipdma.report import wording
from ipdma.report.boundary import boundary, cause
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.network_words import comparisons, networks, nodes_of
from ipdma.report.records import first
from ipdma.report.shelf import Shelf
from ipdma.report.tables_network import inconsistency


def network_section(material: Material, ledger: Ledger, shelf: Shelf) -> str:
    """A sentence for each network and its figure; the tables closed."""
    pen, asked = ledger.pen("report/network"), networks(material)
    if not asked:
        return ""
    told = "".join(f"<p>{escape(network_sentence(material, analysis, pen))}</p>" for analysis in asked)
    first_of_all = f"network.{asked[0].outcome}.{asked[0].timepoint}"
    return "".join(
        (
            told,
            shelf.figure(first_of_all),
            shelf.folded(
                "table", "network_nodes", "Treatments: people, effects against the reference, ranks"
            ),
            shelf.folded("table", "league", "Every treatment against every other (league table)"),
            shelf.folded("table", "network", "Every comparison: direct, indirect, in two stages"),
            shelf.folded("table", "network_moderators", "Moderators in the network"),
        )
    )


def network_sentence(material: Material, analysis: Analysis, pen: Pen) -> str:
    """Who is in it, how much trials differ, whether designs agree; or why there is none."""
    outcome = wording.heading(material.outcome(analysis.outcome))
    lead = f"{outcome}, {material.timepoint(analysis.timepoint)}: "
    nodes, studies = nodes_of(material, analysis), material.count(analysis.ident(), "studies")
    rows = comparisons(material, analysis)
    if not rows:
        why = material.count(analysis.ident("network", "one"), "not_fitted")
        return f"{lead}no network was fitted{'' if why is None else ': ' + why.text('level')}."
    whole = f"{pen.count(studies)} trials compare {len(nodes)} treatments in {pen.count(rows[0])} people"
    sound = [row for row in rows if not boundary(material, row)]
    if not sound:
        return f"{lead}{whole}; {cause(material, rows[0]) or 'there are too few data to tell effects'}."
    common = sound[0].number("tau2") is None
    tau2 = "" if common else f"; variance between trials {pen.number(sound[0], 'tau2', 3)}"
    agree = design_words(material, analysis, pen)
    return f"{lead}{whole}{tau2}.{agree}{split_words(material, analysis, pen)}"


def design_words(material: Material, analysis: Analysis, pen: Pen) -> str:
    """Whether designs disagree; empty without a test that can be told."""
    test = inconsistency(material, analysis)
    if test is None or boundary(material, test):
        return ""
    verb = "disagree" if (test.number("p_value") or 0.0) < 0.05 else "do not clearly disagree"
    return f" Designs {verb} ({pen.p_phrase(test)})."


def split_words(material: Material, analysis: Analysis, pen: Pen) -> str:
    """How often direct and indirect evidence differ."""
    found = comparisons(material, analysis, "one", "difference")
    both = [row for row in found if row.number("p_value") is not None]
    if not both:
        return " No comparison has both direct and indirect evidence."
    known = [row for row in both if not boundary(material, row)]
    if not known:
        return " Whether direct and indirect evidence differ cannot be told."
    apart = [row for row in known if (row.number("p_value") or 0.0) < 0.05]
    least = min(known, key=lambda row: row.number("p_value") or 0.0)
    where = first(known, level=least.text("level"))
    return (
        f" Direct and indirect evidence differ at .05 in {len(apart)} of {len(known)} comparisons that have "
        f"both (smallest {pen.p_phrase(where)})."
    )
