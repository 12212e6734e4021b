"""The moderator table prints the variance of a random interaction with its interval."""

from tests.builders.analysis_rows import KEY, as_table, count, pick, rows_with_status, small_plan

from ipdma.analysis.run import analyse
from ipdma.report.interaction_rows import overview_of
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.table import Section
from ipdma.report.tables_moderators import APART, tabulate_moderators

NAME = "stpp_control.depression.post.primary.one.m"
MODERATOR = {"column": "status", "type": "categorical", "levels": ["a", "b", "c"]}
WORDS = {"contrasts": {"stpp_control": {}}, "outcomes": {"depression": {}}, "time_points": {"post": {}}}


def table_of(interaction):
    """The table's column of varying interactions and the records that it is drawn from."""
    model = {"covariates": ["baseline"], "interaction_effect": interaction}
    plan = small_plan(models={"primary": model}, moderators={"m": MODERATOR})
    records = analyse({KEY: as_table(rows_with_status())}, plan, parts=["moderators"])
    written = {**WORDS, "moderators": {"m": MODERATOR}, "primary_model": "primary"}
    material = Material(records.estimates, records.study_estimates, records.counts, written)
    table = next(t for t in tabulate_moderators(material, Ledger()) if t.name == "moderators_across")
    at = [column.label for column in table.columns].index("Varying between trials [95% CI]")
    return [row[at] for row in table.rows if isinstance(row, tuple)], records


def test_tau2_of_each_level_stands_with_its_interval():
    cells, records = table_of("random")
    assert len(cells) == 3
    for cell, level in zip(cells[1:], ("b", "c"), strict=True):
        term = f"treatment:within:m[{level}]"
        tau2 = pick(records.estimates, term=term, analysis_id=NAME).tau2
        low, high = (
            count(records, analysis_id=NAME, what=what, variable=term).value.item()
            for what in ("tau2_low", "tau2_high")
        )
        assert cell == f"\u03c4\u00b2 {tau2:.3f} [{low:.3f}, {high:.3f}]"


def test_beside_a_common_interaction_stands_the_one_that_varies():
    cells, records = table_of("common")
    assert cells[0].startswith("F(")
    for cell, level in zip(cells[1:], ("b", "c"), strict=True):
        row = pick(records.estimates, term=f"treatment:within:m[{level}]", analysis_id=f"{NAME}.random")
        shown = f"{row.estimate:.2f} [{row.ci_low:.2f}, {row.ci_high:.2f}]".replace("-", "\u2212")
        assert cell.startswith(shown)
        assert f"\u03c4\u00b2 {row.tau2:.3f} [" in cell


def test_declared_moderators_stand_apart_from_exploratory_ones_and_further_forms():
    keys = {
        "age": {"column": "age", "exploratory": True},
        "severity": {"column": "baseline"},
        "severe": {"column": "baseline", "type": "categorical", "cuts": [0.0]},
    }
    records = analyse({KEY: as_table(rows_with_status())}, small_plan(moderators=keys), parts=["moderators"])
    written = {**WORDS, "moderators": keys, "primary_model": "primary"}
    material = Material(records.estimates, records.study_estimates, records.counts, written)
    for table in tabulate_moderators(material, Ledger()):
        heads = [i for i, row in enumerate(table.rows) if isinstance(row, Section)]
        assert [table.rows[i].label.endswith(APART) for i in heads] == [False, True]
        names = [row[0] for row in table.rows[heads[1] :] if isinstance(row, tuple)]
        assert names[0].startswith("Age")
        assert table.rows[1][0].startswith("Severity")
    lines = overview_of(material, material.analyses[0], Ledger()).lines
    labels = [line.cells[0] for line in lines if line.kind == "study"]
    assert [("exploratory" in x, "another form of severity" in x) for x in labels] == [
        (True, False),
        (False, False),
        (False, True),
    ]
