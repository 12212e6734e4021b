"""Trees, visits, imputation, engines, odds ratios, prognosis, credibility: what they show of the records."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from matplotlib import rc_context
from tests.builders.report_mock import mock_material

from ipdma.report.exhibit import blank_figure
from ipdma.report.figures import list_exhibits
from ipdma.report.fonts import provide_fonts
from ipdma.report.forest_rows import forest_of
from ipdma.report.ledger import Ledger
from ipdma.report.style import STYLE
from ipdma.report.table import Section
from ipdma.report.tables import tabulate_all
from ipdma.report.trajectories import draw_trajectories
from ipdma.report.tree_plot import draw_effects, leaves_of, place_branches

MINUS = "\u2212"


@pytest.fixture(scope="module")
def material():
    return mock_material(11)


@pytest.fixture(scope="module")
def tables(material):
    return {table.name: table for table in tabulate_all(material, Ledger())}


@pytest.fixture(scope="module")
def drawn(material):
    """What each new exhibit draws."""
    return {e.name.split(".")[0]: e.draw.args[0] for e in list_exhibits(material, Ledger())}


def cells_of(table):
    """Rows without headings."""
    return [row for row in table.rows if not isinstance(row, Section)]


def test_the_tree_has_the_records_splits_and_effects_below_its_leaves(material, drawn):
    root = drawn["tree"].root
    assert root.text[0] == "Severity"
    assert [words for words, _ in root.branches] == ["\u2264 4.61", "> 4.61"]
    inner = root.branches[1][1]
    assert [words for words, _ in inner.branches] == ["2 years or more", "1 to under 2 years, under 1 year"]
    leaves = leaves_of(root)
    rows = material.records.of("estimates", "stpp_control.depression.post.tree.one")
    assert [leaf.effect[0] for leaf in leaves] == [row["estimate"] for row in rows]
    assert [leaf.text[0] for leaf in leaves] == ["n = 210 + 190", "n = 80 + 75", "n = 70 + 75"]
    at = [x for branch, x, _, _ in place_branches(root, 2.0) if branch.effect]
    assert at == [1.0, 3.0, 5.0]
    provide_fonts()
    with rc_context(STYLE):
        artists = draw_effects(drawn["tree"], blank_figure(4, 4).subplots(), 2.0)
    assert [mark.get_xdata()[0] for mark in artists["mark"]] == at
    assert [mark.get_ydata()[0] for mark in artists["mark"]] == [row["estimate"] for row in rows]


def test_trajectories_follow_the_model_means_in_weeks(drawn):
    found = drawn["trajectories"]
    with rc_context(STYLE):
        axes = blank_figure(4, 4).subplots()
        artists = draw_trajectories(found, axes)
    assert list(artists["line"][0].get_xdata()) == [0, 16, 52]
    assert list(artists["line"][1].get_ydata()) == pytest.approx([4.02, 2.81, 2.68])
    assert [c.sizes[0] for c in found.courses] == ["350", "350"]


def test_tipping_map_shades_what_excludes_no_effect(drawn):
    found = drawn["tipping_points"]
    assert [label for _, label in found.columns] == [f"{MINUS}0.50", "0.00", "0.50"]
    assert len(found.cells) == 9
    for (effect, interval), clear in found.cells.values():
        low, high = (float(t.replace(MINUS, "-")) for t in interval.strip("[]").split(", "))
        assert clear == (low > 0 or high < 0)
        assert low < float(effect.replace(MINUS, "-")) < high


def test_an_engine_short_of_the_optimum_is_flagged_whether_or_not_it_admits_it(tables):
    rows = cells_of(tables["engines"])
    post, follow = rows[:3], rows[3:6]
    assert "\u2021" not in post[0][2] + post[2][2]
    assert "\u2021" in post[1][2]  # says that it converged, 18 above our criterion
    assert post[1][-1] == "Did not reach the optimum"
    assert "\u2021" in follow[1][2]
    assert follow[1][-1] == "Statsmodels reports that it did not converge"
    assert any("\u2021" in note for note in tables["engines"].notes)


def test_binary_forest_prints_odds_ratios_beside_an_axis_of_odds_ratios(material):
    analysis = next(a for a in material.analyses if a.outcome == "response")
    forest = forest_of(material, analysis, Ledger())
    assert forest.odds
    column = [name for _, name, _ in forest.columns].index("Odds ratio [95% CI]")
    for line in (n for n in forest.lines if n.kind == "study"):
        shown = float(line.cells[column].split(" ")[0])
        assert shown == pytest.approx(math.exp(line.estimate), abs=0.006)
    interval = next(n for n in forest.lines if n.kind == "interval")
    assert interval.cells[column].startswith(f"[{math.exp(interval.low):.2f}")


def test_without_odds_ratios_in_the_records_column_and_axis_are_both_logarithms(material):
    counts = material.counts[~material.counts["what"].str.startswith("odds_ratio")]
    plain = type(material)(
        material.estimates, material.study_estimates, counts, material.plan, material.registry
    )
    analysis = next(a for a in plain.analyses if a.outcome == "response")
    forest = forest_of(plain, analysis, Ledger())
    assert not forest.odds
    assert forest.axis == "Log odds ratio"
    assert "Log OR [95% CI]" in [name for _, name, _ in forest.columns]


def test_longitudinal_and_imputed_stand_beside_the_headline(tables):
    names = [row[0] for row in cells_of(tables["efficacy"])]
    assert names.count("All visits in one model") == 4
    assert names.count("Gaps filled in (multiple imputation)") == 2
    gains = [r[-1] for r in cells_of(tables["one_stage_two_stage"]) if r[0] == "longitudinal"]
    assert gains[0] == "801 participants in the model, 763 at this visit alone"


def test_imputation_table_names_each_way_of_filling_and_what_is_lost(tables):
    rows = cells_of(tables["imputation"])
    words = [row[1] for row in rows]
    assert words[:2] == ["Observed", "Observed"]
    assert f"Imputed, shifted {MINUS}0.50 SD (active), 0.50 SD (reference)" in words
    assert {"Jump to reference", "Copy increments in reference", "Imputed in two levels"} <= set(words)
    assert rows[2][7:9] == ("12%", "0.0042")
    assert [r[1] for r in rows if r[0] == "Interaction: Severity"] == [
        "Observed",
        "Imputed",
        "Imputed in two levels",
    ]


def test_small_gaps_are_withheld(tables):
    rows = cells_of(tables["missing_values"])
    assert rows[0][1:3] == ("41 of 430", "<10 of 430")
    assert rows[2][3:] == ("2 of 11", "172")


def test_prognosis_has_a_table_of_its_own_and_stands_in_no_other(tables):
    assert "not treatment effects" in tables["prognosis"].title
    assert [row[0] for row in cells_of(tables["prognosis"])][:2] == ["Severity", "Severity"]
    everywhere = [row for name in ("efficacy", "sensitivity") for row in cells_of(tables[name])]
    assert not any("rognosis" in cell for row in everywhere for cell in row)


def test_credibility_power_and_registry_comparison(tables):
    answers = [row[1] for row in cells_of(tables["credibility"])]
    assert len(answers) == 8
    assert "for the author" in answers
    head = [column.label for column in tables["moderators"].columns].index("Planned power")
    assert cells_of(tables["moderators"])[0][head] == "82%"
    rows = {row[0]: row[1:] for row in cells_of(tables["with_and_without_ipd"])}
    assert rows["Year, mean (trials)"] == ("2010 (11)", "2005 (2)")
    assert rows["    high"] == ("5 of 11 (45%)", "1 of 2 (50%)")


def test_a_large_plan_draws_forests_of_its_main_outcomes_alone(material):
    assert material.forested == material.analyses
    outcomes = {f"extra_{i}": {"family": "gaussian"} for i in range(9)}
    outcomes |= {"self_rated": {"family": "gaussian", "rating": "self"}}
    plan = {**material.plan, "outcomes": {**material.plan["outcomes"], **outcomes}}
    rows = material.estimates[material.estimates["outcome"] == "depression"]
    more = [material.estimates, *[rows.assign(outcome=name) for name in outcomes]]
    large = type(material)(pd.concat(more), material.study_estimates, material.counts, plan)
    assert len(large.analyses) == 24
    assert {a.outcome for a in large.forested} == {"depression", "response", "self_rated"}
