"""A result at a boundary: its number and the reason in tables, neither in a sentence nor in a figure."""

from __future__ import annotations

import math
import re

import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan

from ipdma.analysis.run import analyse
from ipdma.report.boundary import FEW_DF, NOT_CONVERGED, TOO_FEW, TOO_WIDE, TWO_TRIALS, boundary, widest
from ipdma.report.effect_curve import curve_of
from ipdma.report.forest_rows import forest_of
from ipdma.report.interaction_rows import levels_of, overview_of
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.records import Row
from ipdma.report.sentences import results_sentences
from ipdma.report.tables_efficacy import tabulate_models
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
