"""A result at a boundary: its number and the reason in tables, neither in a sentence nor in a figure."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan
from tests.builders.network_material import network_material

from ipdma.analysis.run import analyse
from ipdma.report.boundary import FEW_DF, NOT_CONVERGED, TOO_FEW, TOO_WIDE, TWO_TRIALS, boundary, told, widest
from ipdma.report.effect_curve import curve_of
from ipdma.report.figures_network import network_exhibits, picture_of
from ipdma.report.forest_rows import forest_of
from ipdma.report.interaction_rows import levels_of, overview_of
from ipdma.report.ledger import Ledger
from ipdma.report.material import Analysis, Material
from ipdma.report.network_words import beside_contrast, networks
from ipdma.report.records import Row
from ipdma.report.sections.network import network_sentence
from ipdma.report.sentences import results_sentences
from ipdma.report.tables_efficacy import tabulate_models
from ipdma.report.tables_findings import tabulate_findings
from ipdma.report.tables_moderators import tabulate_moderators

MODERATORS = {"age": {"column": "age"}, "sex": {"column": "sex", "type": "categorical"}}
NUMBER = re.compile(r"\d\.\d\d \[")


def material_of(sizes, **keys):
    plan = small_plan(moderators=MODERATORS, subgroups={}, risk_of_bias=[], **keys)
    records = analyse({KEY: as_table(draw_rows(sizes=sizes))}, plan, parts=["efficacy", "moderators"])
    return Material(records.estimates, records.study_estimates, records.counts, plan.as_mapping())


def row_of(**numbers):
    values = {"term": "treatment", "outcome": "depression", "converged": "True", "k": 5.0, "df": 8.0}
    return Row({**values, "ci_low": -0.5, "ci_high": 0.5, **numbers}, "estimates", 2)


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({}, ""),
        ({"df": None}, ""),
        ({"df": 1.99}, FEW_DF),
        ({"df": 2.0}, ""),
        ({"k": 2.0}, ""),
        ({"k": 2.0, "term": "treatment:at:age"}, TWO_TRIALS),
        ({"ci_low": -13450.0, "ci_high": 13471.0}, TOO_WIDE),
        ({"ci_low": -math.inf}, TOO_WIDE),
        ({"ci_low": -4.9, "ci_high": 4.9}, ""),
        ({"converged": "False"}, NOT_CONVERGED),
    ],
)
def test_each_boundary_has_its_reason(numbers, why):
    material = material_of((40, 60, 50))
    assert boundary(material, row_of(**numbers)) == why


def test_the_width_that_a_scale_allows_is_that_of_the_outcome():
    material = material_of((40, 60, 50))
    material.plan["outcomes"]["response"] = {"family": "binomial"}
    material.plan["outcomes"]["points"] = {"standardise": "none", "instruments": ["hamd17"]}
    assert widest(material, "depression") == 10
    assert math.exp(widest(material, "response") / 2) == pytest.approx(1000)
    assert widest(material, "points") == 104  # 0 to 52, and back


def test_two_trials_stand_in_tables_with_the_reason_and_in_no_sentence_or_figure():
    material, ledger = material_of((60, 70)), Ledger()
    analysis = material.analyses[0]
    said = " ".join(line for _, lines in results_sentences(material, ledger) for line in lines)
    assert "too few data to tell an effect" in said
    assert not NUMBER.search(said)
    cells = [row[4] for row in tabulate_models(material, ledger).rows if isinstance(row, tuple)]
    assert f"({FEW_DF})" in cells[0]
    assert NUMBER.search(cells[0])
    effects = next(t for t in tabulate_moderators(material, ledger) if t.name == "moderator_effects")
    told = [row[3] for row in effects.rows if isinstance(row, tuple)]
    assert told
    assert all(NUMBER.search(text) and text.endswith(")") for text in told)
    findings = [row for row in tabulate_findings(material, ledger).rows if isinstance(row, tuple)]
    assert findings
    assert all(row[3] == TOO_FEW and not NUMBER.search(row[4]) for row in findings)
    assert curve_of(material, analysis, "age", ledger.pen("figures/x")) is None
    forest = forest_of(material, analysis, ledger)
    pooled = [line for line in forest.lines if line.kind in ("pooled", "interval")]
    assert pooled
    assert all(TOO_FEW in line.cells and line.estimate is None and line.low is None for line in pooled)
    for figure in (levels_of(material, analysis, ledger), overview_of(material, analysis, ledger)):
        for line in (line for line in figure.lines if line.kind == "study"):
            assert (line.estimate is None) == (TOO_FEW in line.cells)


def test_with_more_trials_everything_is_told():
    material, ledger = material_of((60, 70, 80, 50, 44)), Ledger()
    analysis = material.analyses[0]
    said = " ".join(line for _, lines in results_sentences(material, ledger) for line in lines)
    assert "too few data" not in said
    assert curve_of(material, analysis, "age", ledger.pen("figures/x")) is not None
    for line in forest_of(material, analysis, ledger).lines:
        assert TOO_FEW not in line.cells


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ({"df": 1.2}, TOO_FEW),
        ({"k": 2.0, "term": "treatment:at:age"}, TOO_FEW),
        ({"converged": "False"}, NOT_CONVERGED),
        ({"ci_low": -math.inf}, TOO_WIDE),
    ],
)
def test_what_stands_in_a_numbers_place_is_the_reason(numbers, shown):
    assert told(material_of((40, 60, 50)), Ledger().pen("figures/x"), row_of(**numbers)) == shown


@pytest.fixture(scope="module")
def network():
    return network_material()


def spoilt(material, levels=None, **numbers):
    """A network of which the rows of some comparisons, or all, have other numbers."""
    estimates = material.estimates.astype(object)
    chosen = estimates["level"].isin(levels) if levels else estimates["contrast"] == "network"
    for name, value in numbers.items():
        estimates.loc[chosen, name] = value
    return replace(material, estimates=estimates)


def network_words_of(material):
    """All that is said and drawn of a network: beside a contrast, in its section, in its figure."""
    pen, asked = Ledger().pen("report/network"), networks(material)[0]
    beside = beside_contrast(material, Analysis("stpp_control", "depression", "post"), pen)
    (exhibit,) = network_exhibits(material, Ledger())
    return beside, network_sentence(material, asked, pen), exhibit


@pytest.mark.parametrize(
    ("numbers", "shown", "why"),
    [({"df": 1.2}, TOO_FEW, FEW_DF), ({"converged": False}, NOT_CONVERGED, NOT_CONVERGED)],
)
def test_one_comparison_of_a_network_at_a_boundary_is_told_nowhere(network, numbers, shown, why):
    changed = spoilt(network, ["stpp v tau"], **numbers)
    beside, section, exhibit = network_words_of(changed)
    assert f"{shown} for STPP against usual care" in beside
    assert len(NUMBER.findall(beside)) == 1  # that against a waitlist
    effects = picture_of(changed, networks(changed)[0], Ledger().pen("figures/x")).effects
    assert [name for name, *_ in effects] == ["Antidepressants", "STPP + antidepressants", "Waitlist"]
    assert "; STPP: " not in exhibit.alt
    assert f"Effects not drawn: STPP ({why})." in exhibit.caption
    before = int(re.search(r"in \d+ of (\d+) comparisons", network_words_of(network)[1])[1])
    assert int(re.search(r"in \d+ of (\d+) comparisons", section)[1]) == before - 1


@pytest.mark.parametrize(
    ("numbers", "why"),
    [({"df": 1.2}, "too few data to tell effects"), ({"converged": False}, "the model did not converge")],
)
def test_a_network_at_a_boundary_is_told_nowhere(network, numbers, why):
    changed = spoilt(network, **numbers)
    beside, section, exhibit = network_words_of(changed)
    assert not NUMBER.search(beside)
    assert section.endswith(f"{why}.")
    assert "p = " not in section
    assert "variance" not in section
    assert exhibit.alt.endswith("No effect is drawn.")
    assert not re.search(r"\d\.\d\d from", exhibit.alt)


def test_tests_of_a_network_at_a_boundary_are_not_told(network):
    ids = network.estimates["analysis_id"]
    apart = [name for name in ids.unique() if "inconsistency" in name or "difference" in name]
    estimates = network.estimates.astype(object)
    estimates.loc[ids.isin(apart), "df"] = 1.2
    section = network_words_of(replace(network, estimates=estimates))[1]
    assert "Designs" not in section
    assert section.endswith("Whether direct and indirect evidence differ cannot be told.")
