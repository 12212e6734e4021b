"""The engine table."""

from __future__ import annotations

from tests.builders.report_mock import cells_of

from ipdma.report import wording


def test_an_engine_short_of_the_optimum_is_flagged_whether_or_not_it_admits_it(tables):
    rows = cells_of(tables["engines"])
    post, follow = rows[:4], rows[4:7]
    assert [row[0] for row in post] == ["ipdma", "statsmodels MixedLM", "ipdma, normal", "R lme4"]
    assert post[1][2:7] == (
        "not comparable",
        *[wording.NOTHING] * 4,
    )  # says that it converged, 18 above our criterion
    assert post[1][-1] == "Did not reach the optimum"
    assert post[2][2:6] == ("0.1235", "0.0457", wording.NOTHING, ".007")
    assert follow[1][2] == "not comparable"
    assert follow[1][-1] == "Statsmodels reports that it did not converge"
    assert any("Not comparable" in note for note in tables["engines"].notes)
