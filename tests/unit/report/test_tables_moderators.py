"""The moderator table prints the variance of a random interaction with its interval."""

from tests.builders.analysis_rows import KEY, as_table, count, pick, rows_with_status, small_plan

from ipdma.analysis.run import analyse
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.tables_moderators import tabulate_moderators

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
