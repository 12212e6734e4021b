"""Holm's correction by hand."""

import pytest
from tests.builders.analysis_rows import KEY, as_table, count, draw_rows, small_plan

from ipdma.analysis.multiplicity import holm
from ipdma.analysis.run import analyse
from ipdma.errors import PlanError

DURATION = "episode_duration_months"
FORMS = {
    "severity": {"column": "baseline"},
    "severe": {"column": "baseline", "type": "categorical", "cuts": [0.5]},
    "years": {"column": DURATION, "per": 12, "exploratory": True},
    "chronicity": {"column": DURATION, "type": "categorical", "cuts": [12, 24]},
    "log_duration": {"column": DURATION, "transform": "log"},
    "old": {"column": "dropout", "type": "categorical", "form_of": "age"},
    "age": {"column": "age", "per": 10},
    "sex": {"column": "sex", "type": "categorical", "exploratory": True},
}


def test_holm_by_hand():
    # sorted .01 .02 .03 .5: times 4, 3, 2, 1, never falling
    got = holm({"a": 0.03, "b": 0.01, "c": 0.5, "d": 0.02})
    assert got == pytest.approx({"a": 0.06, "b": 0.04, "c": 0.5, "d": 0.06})


def test_holm_never_passes_one():
    assert holm({"a": 0.6, "b": 0.9}) == pytest.approx({"a": 1.0, "b": 1.0})


def test_a_variable_in_several_forms_counts_once():
    """Six forms of three variables: a family of three, whichever form the plan has first or declares."""
    got = analyse({KEY: as_table(draw_rows())}, small_plan(moderators=FORMS), parts=["moderators"])
    corrected = count(got, what="holm_p")
    names = corrected.variable.str.removeprefix("treatment:within:")
    assert names.tolist() == ["severity", "chronicity", "old"]
    assert set(corrected.n) == {3}
    forms = count(got, what="another_form")
    forms = dict(zip(forms.variable.str.removeprefix("treatment:within:"), forms.level, strict=True))
    assert forms == {"severe": "severity", "years": "chronicity", "log_duration": "chronicity", "age": "old"}
    assert set(count(got, what="exploratory").variable) == {"treatment:within:years", "treatment:within:sex"}


def test_where_the_leading_form_cannot_be_tested_the_next_one_counts():
    rows = draw_rows()
    rows.loc[~rows.study.isin(["S01"]), "dropout"] = None
    plan = small_plan(moderators=FORMS, moderator_analysis={"minimum_studies": 2})
    got = count(analyse({KEY: as_table(rows)}, plan, parts=["moderators"]), what="holm_p")
    assert got.variable.tolist()[-1] == "treatment:within:age"
    assert set(got.n) == {3}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"age": {"column": "age", "form_of": "agee"}}, "no moderator is called 'agee'"),
        ({"age": {"column": "age", "form_of": "old"}}, "leads back to"),
        ({"age": {"column": "age", "form_of": "age"}}, "leads back to 'age'"),
    ],
)
def test_a_form_of_nothing_or_of_itself_is_refused(changes, said):
    with pytest.raises(PlanError, match=said):
        small_plan(moderators=FORMS | changes)
