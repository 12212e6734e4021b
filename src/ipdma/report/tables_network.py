"""The network in tables: its nodes with their ranks, every comparison, the league."""

from __future__ import annotations

from collections.abc import Iterator

from ipdma.model.df import df_label
from ipdma.report import wording
from ipdma.report.forest_rows import prediction_text
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.model_words import model_words
from ipdma.report.network_words import (
    CAUTION,
    comparison,
    comparison_words,
    comparisons,
    networks,
    node_pairs,
    node_words,
    nodes_of,
)
from ipdma.report.records import Row, first, select
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import MARKS, flags
from ipdma.report.words import in_sentence

EFFECTS = {
    "random": "effects of treatments that vary between trials",
    "common": "effects of treatments common to all trials",
}
ESTIMATORS = {
    "reml": "REML",
    "ml": "maximum likelihood",
    "dl": "DerSimonian and Laird",
    "pm": "Paule and Mandel",
    "common": "none, a common effect",
}
SHARED = (
    " Between trials two contrasts of arms vary with \u03c4\u00b2 and, where they share an arm, covary with "
    "\u03c4\u00b2/2, so that no arm counts twice."
)
WAY = "A negative difference favours the treatment named first."


def tabulate_network(material: Material, ledger: Ledger) -> list[Table]:
    """Nodes and ranks, the league of the first network, every comparison, interactions."""
    asked = networks(material)
    if not asked:
        return []
    return [
        nodes_table(material, asked, ledger.pen("tables/network_nodes")),
        league_table(material, asked[0], ledger.pen("tables/league")),
        comparisons_table(material, asked, ledger.pen("tables/network")),
        moderators_table(material, asked, ledger.pen("tables/network_moderators")),
    ]


def heading_of(material: Material, analysis: Analysis) -> Section:
    """Outcome and time point."""
    outcome = wording.heading(material.outcome(analysis.outcome))
    return Section(f"{outcome}, {material.timepoint(analysis.timepoint)}")


def model_note(material: Material) -> str:
    """The plan's primary model as a network has it: an intercept for each trial, whatever the plan says."""
    model = (material.plan.get("models") or {}).get(material.primary) or {}
    varies = (model.get("treatment_effect") or "random") == "random"
    said = model_words(material, {**model, "intercept": "stratified"}, EFFECTS)
    return f"One mixed model over all arms of all trials, with {said}.{SHARED if varies else ''}"


def nodes_table(material: Material, asked: list[Analysis], pen: Pen) -> Table:
    """Each node: trials, people, its effect against the reference, its P-score."""
    columns = [
        Column("Treatment", "left"),
        Column("Trials"),
        Column("N"),
        Column(f"Against the reference [{material.level} CI]"),
        Column(f"{material.level} PI"),
        Column("P-score"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in asked:
        nodes = nodes_of(material, analysis)
        lines = [node_row(material, analysis, nodes[0].text("arm"), node, pen) for node in nodes]
        rows += [heading_of(material, analysis), *lines] if lines else []
    return Table(
        "network_nodes",
        "Treatments in the network",
        columns,
        rows,
        [model_note(material), WAY, CAUTION, MARKS],
    )


def node_row(material: Material, analysis: Analysis, reference: str, node: Row, pen: Pen) -> tuple[str, ...]:
    """One node."""
    name = node.text("arm")
    row = comparison(material, analysis, name, reference)
    scores = material.counts_of_arms(analysis.ident("network", "one"), "p_score")
    score = first(scores, arm=name)
    return (
        node_words(name),
        pen.number(node, "value", 0),
        pen.count(node),
        "reference" if name == reference else effect(material, row, pen),
        prediction_text(material, pen, row, False) if row is not None else wording.NOTHING,
        pen.number(score, "value", 2),
    )


def effect(material: Material, row: Row | None, pen: Pen) -> str:
    """An effect with its interval, or a dash."""
    return wording.NOTHING if row is None else pen.effect(row) + flags(material, row)


def comparisons_table(material: Material, asked: list[Analysis], pen: Pen) -> Table:
    """Every comparison: the network, direct and indirect evidence, two stages."""
    columns = [
        Column("Comparison", "left"),
        Column("K direct"),
        Column(f"Network [{material.level} CI]"),
        Column("p"),
        Column(f"{material.level} PI"),
        Column("Direct"),
        Column("Indirect"),
        Column("p of their difference"),
        Column("Two stages"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in asked:
        lines = [comparison_row(material, analysis, row, pen) for row in comparisons(material, analysis)]
        rows += [heading_of(material, analysis), *lines] if lines else []
    notes = [
        model_note(material),
        WAY,
        "Direct and indirect evidence by node splitting, where both exist. K counts trials that make a "
        "comparison directly; 0: indirect evidence alone. Two stages take in trials without participant "
        f"data{pooled_words(material, asked)}.",
        *inconsistency_lines(material, asked, pen),
        MARKS,
    ]
    return Table("network", "Every comparison of the network", columns, rows, notes)


def pooled_words(material: Material, asked: list[Analysis]) -> str:
    """How two stages pool, where any network has them."""
    rows = [row for analysis in asked for row in comparisons(material, analysis, "two")]
    used = dict.fromkeys(row.text("df_method") for row in rows)
    if not rows:
        return ""
    pool = material.plan.get("pool") or {}
    named = pool.get("tau2") or ("reml" if rows[0].number("tau2") is not None else "common")
    text = f" (\u03c4\u00b2: {ESTIMATORS[named]}; interval: {', '.join(map(df_label, used))}"
    if named != "common" and pool.get("ci") not in (None, *used):
        text += f", as {df_label(pool['ci'])} has no form for contrasts that share an arm"
    return text + ")"


def comparison_row(material: Material, analysis: Analysis, row: Row, pen: Pen) -> tuple[str, ...]:
    """One comparison."""
    level = row.text("level")
    sides = {
        variant: first(comparisons(material, analysis, "one", variant), level=level)
        for variant in ("direct", "indirect", "difference")
    }
    return (
        comparison_words(level),
        pen.count(row, "k"),
        effect(material, row, pen),
        pen.p(row),
        prediction_text(material, pen, row, False),
        effect(material, sides["direct"], pen),
        effect(material, sides["indirect"], pen),
        pen.p(sides["difference"]) if sides["difference"] is not None else wording.NOTHING,
        effect(material, first(comparisons(material, analysis, "two"), level=level), pen),
    )


def inconsistency_lines(material: Material, asked: list[Analysis], pen: Pen) -> Iterator[str]:
    """What the test of inconsistency says of each network."""
    for analysis in asked:
        if row := inconsistency(material, analysis):
            when = material.timepoint(analysis.timepoint)
            outcome = wording.heading(material.outcome(analysis.outcome))
            found = pen.p_phrase(row) + flags(material, row)
            yield f"{outcome}, {when}: disagreement between designs, {found}."


def inconsistency(material: Material, analysis: Analysis) -> Row | None:
    """The design-by-treatment test in one stage."""
    ident = analysis.ident("network", "one", variant="inconsistency")
    return first(material.records.of("estimates", ident), term="treatment")


def league_table(material: Material, analysis: Analysis, pen: Pen) -> Table:
    """Row against column, best rank first; each comparison stands once, as the plan has it."""
    scores = material.counts_of_arms(analysis.ident("network", "one"), "p_score")
    ranked = [r.text("arm") for r in sorted(scores, key=lambda r: -(r.number("value") or 0.0))]
    columns = [Column("Treatment", "left"), *(Column(node_words(name)) for name in ranked)]
    rows: list[tuple[str, ...] | Section] = [
        (node_words(one), *(league_cell(material, analysis, one, other, pen) for other in ranked))
        for one in ranked
    ]
    where = f"{in_sentence(material.outcome(analysis.outcome))}, {material.timepoint(analysis.timepoint)}"
    notes = [f"Row against column; each comparison stands once. {WAY}", CAUTION, MARKS]
    return Table("league", f"League table of {where}", columns, rows, notes)


def league_cell(material: Material, analysis: Analysis, one: str, other: str, pen: Pen) -> str:
    """The row's node against the column's, or nothing."""
    row = comparison(material, analysis, one, other) if one != other else None
    return effect(material, row, pen) if row is not None else ""


def moderators_table(material: Material, asked: list[Analysis], pen: Pen) -> Table:
    """The within-trial interactions of the comparisons that the plan's contrasts ask, beside the pairwise."""
    columns = [
        Column("Comparison", "left"),
        Column("Unit, or level", "left"),
        Column("K direct"),
        Column(f"Network [{material.level} CI]"),
        Column("p"),
        Column(f"Pairwise model [{material.level} CI]"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in asked:
        for name in (material.plan.get("network") or {}).get("moderators") or []:
            lines = list(moderator_rows(material, analysis, str(name), pen))
            title = f"{material.moderator(str(name))}: {heading_of(material, analysis).label}"
            rows += [Section(title), *lines] if lines else []
    notes = [
        "Within-trial interactions: how the effect of a comparison changes with the moderator inside trials. "
        "In the network every arm of a trial informs them; the pairwise model has the arms of one contrast. "
        "Comparisons that no contrast of the plan asks stand in estimates.csv.",
        WAY,
        MARKS,
    ]
    return Table("network_moderators", "Interactions in the network", columns, rows, notes)


def moderator_rows(material: Material, analysis: Analysis, name: str, pen: Pen) -> Iterator[tuple[str, ...]]:
    """A line for each comparison and level."""
    found = material.records.of("estimates", analysis.ident("network", "one", name))
    unit = material.unit(analysis.ident("network", "one", name), name)
    for contrast in material.plan.get("contrasts", {}):
        for one, other in node_pairs(material, contrast):
            own = [r for r in select(found, level=f"{one} v {other}") if r.number("p_value") is not None]
            for row in own:
                joint = row.number("estimate") is None
                yield (
                    comparison_words(row.text("level")),
                    "joint test" if joint else row.term.level or unit,
                    pen.count(row, "k"),
                    wording.NOTHING if joint else effect(material, row, pen),
                    pen.p(row),
                    wording.NOTHING if joint else pairwise(material, analysis, contrast, row, pen),
                )


def pairwise(material: Material, analysis: Analysis, contrast: str, row: Row, pen: Pen) -> str:
    """The same interaction in the primary model of one contrast."""
    asked = Analysis(contrast, analysis.outcome, analysis.timepoint)
    rows = material.records.of("estimates", asked.ident(material.primary, "one", row.text("moderator")))
    return effect(material, first(rows, term=row.text("term")), pen)
