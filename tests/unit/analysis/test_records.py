"""The name of an analysis is made and read in one place."""

from ipdma.analysis.records import Ident


def test_an_ident_is_read_back():
    for ident in (
        Ident("c", "o", "t"),
        Ident("c", "o", "t", "primary", "one"),
        Ident("c", "o", "t", "primary", "one", "age", "at"),
        Ident("c", "o", "t", "multiverse"),
        Ident("c", "o", "t", "delta:0.25:-0.5", "one"),
        Ident("c", "o", "t", "published:0.75:same_trials", "two"),
        Ident("c", "o", "t", "published:0.75"),
        Ident("c", "o", "t", "with", "one", "one", "trial:A.B"),
        Ident("c", "o", "t", "", "two"),
        Ident("c", "o", "t", "m", "", "age"),
        Ident("cohort"),
    ):
        assert Ident.parse(ident.analysis_id) == ident
        assert str(ident) == ident.analysis_id


def test_question_is_its_first_three_parts():
    assert Ident("c", "o", "t", "primary", "one", "age").question == Ident("c", "o", "t")
