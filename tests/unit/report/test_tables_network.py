"""The network in tables: every number from a record, each comparison once."""

from dataclasses import replace

import pytest
from tests.builders.network_material import network_material
from tests.builders.network_rows import draw_network
from tests.builders.report_mock import cells_of

from ipdma.report.figures_network import picture_of
from ipdma.report.ledger import Ledger
from ipdma.report.material import Analysis
from ipdma.report.network_words import beside_contrast, networks
from ipdma.report.sections.network import network_sentence
from ipdma.report.tables_network import comparisons_table, model_note, tabulate_network


@pytest.fixture(scope="module")
def material():
    return network_material()


@pytest.fixture(scope="module")
def tables(material):
    return {table.name: table for table in tabulate_network(material, Ledger())}


def test_nodes_stand_with_their_people_and_ranks(tables):
    rows = cells_of(tables["network_nodes"])
    names = ["Usual care", "Antidepressants", "STPP + antidepressants", "STPP", "Waitlist"]
    assert [row[0] for row in rows] == names
    assert rows[0][3] == "reference"
    assert sum(int(row[2]) for row in rows) == len(draw_network(tau=0.8))
    assert sum(float(row[5]) for row in rows) == pytest.approx(2.5, abs=0.03)
    assert any("not to be relied on" in note for note in tables["network_nodes"].notes)


def test_the_league_has_each_comparison_once(tables):
    rows = cells_of(tables["league"])
    assert len(rows) == 5
    assert sum(bool(cell) for row in rows for cell in row[1:]) == 10
    assert all(row[1 + i] == "" for i, row in enumerate(rows))


def test_every_comparison_has_direct_and_indirect_evidence_where_there_is_any(tables):
    rows = {row[0]: row for row in cells_of(tables["network"])}
    assert len(rows) == 10
    alone = next(row for name, row in rows.items() if "combined" in name.lower() or row[1] == "0")
    assert alone is not None
    assert any("disagreement between designs, p" in note for note in tables["network"].notes)


def test_numbers_of_the_tables_are_claimed(material):
    ledger = Ledger()
    tabulate_network(material, ledger)
    assert {claim.file for claim in ledger.claims} == {"estimates", "counts"}


def test_a_contrast_finds_its_comparisons_in_the_network(material):
    pen = Ledger().pen("report/answer")
    said = beside_contrast(material, Analysis("stpp_control", "depression", "post"), pen)
    assert "STPP against usual care" in said
    assert "STPP against waitlist" in said
    other = beside_contrast(material, Analysis("stpp_medication", "depression", "post"), pen)
    assert "STPP against antidepressants" in other


def changed(material, **plan):
    """The material with other keys in its plan."""
    return replace(material, plan={**material.plan, **plan})


def test_the_measure_is_that_of_the_plan(material):
    pen, asked = Ledger().pen("report/answer"), Analysis("stpp_control", "depression", "post")
    points = changed(material, standardise="none", outcomes={"depression": {"standardise": "none"}})
    assert ", SMD: " in beside_contrast(material, asked, pen)
    said = beside_contrast(points, asked, pen)
    assert "in one model, difference: " in said
    assert "SMD" not in said
    picture = picture_of(points, networks(points)[0], Ledger().pen("figures/network"))
    assert picture.xlabel == "Difference against usual care"


@pytest.mark.parametrize(
    ("model", "said", "unsaid"),
    [
        ({"covariates": ["baseline"]}, ["with a slope for each trial", "covary with"], "common to all"),
        (
            {"covariates": ["baseline"], "covariate_slopes": "common"},
            ["with one slope for all"],
            "each trial.",
        ),
        ({"treatment_effect": "common", "intercept": "random"}, ["effects of treatments common"], "covary"),
        ({"residual": "by_study"}, ["residual variance for each trial", "not adjusted"], "slope"),
    ],
)
def test_the_model_below_the_tables_is_the_plans(material, model, said, unsaid):
    note = model_note(changed(material, models={material.primary: model}))
    assert "an intercept for each trial" in note
    assert all(words in note for words in said)
    assert unsaid not in note


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ({}, "REML; interval: modified Hartung-Knapp-Sidik-Jonkman)"),
        (
            {"tau2": "dl", "ci": "nst"},
            "DerSimonian and Laird; interval: modified Hartung-Knapp-Sidik-Jonkman, as null",
        ),
        (
            {"tau2": "common", "ci": "nst"},
            "none, a common effect; interval: modified Hartung-Knapp-Sidik-Jonkman)",
        ),
    ],
)
def test_how_two_stages_pool_is_said_below_the_table(material, pool, said):
    notes = comparisons_table(
        changed(material, pool=pool), networks(material), Ledger().pen("tables/network")
    ).notes
    assert any(said in note for note in notes)


def test_effects_common_to_all_trials_have_no_variance_in_the_sentence(material):
    pen, asked = Ledger().pen("report/network"), networks(material)[0]
    estimates = material.estimates.astype(object)
    estimates.loc[estimates["contrast"] == "network", "tau2"] = None
    assert "variance between trials 0" in network_sentence(material, asked, pen)
    assert "variance" not in network_sentence(replace(material, estimates=estimates), asked, pen)


def test_interactions_stand_for_the_comparisons_that_the_plan_asks(tables):
    rows = cells_of(tables["network_moderators"])
    names = ["STPP against usual care", "STPP against waitlist", "STPP against antidepressants"]
    severity = [row for row in rows if row[1] not in ("b", "c", "joint test")]
    assert [row[0] for row in severity] == names
    assert all(row[5] == "\u2014" for row in rows)
    assert {row[1] for row in rows} >= {"b", "c", "joint test"}
