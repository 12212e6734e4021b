"""A term goes wherever text goes, knows its parts, and its text is read back whole."""

import pickle

import pytest

from ipdma.model.term import INTERCEPT, TREATMENT, Term

TEXTS = {
    Term("treatment"): "treatment",
    Term("treatment", visit="week 8"): "treatment[week 8]",
    Term("within", "age"): "treatment:within:age",
    Term("within", "age", "[60, 70)"): "treatment:within:age[[60, 70)]",
    Term("within", "age", "old", visit="8"): "treatment[8]:within:age[old]",
    Term("across", "age"): "treatment:across:age",
    Term("naive", "age", "old"): "treatment:age[old]",
    Term("at", "age"): "treatment:at:age",
    Term("spline", "age"): "treatment:spline:age",
    Term("prognosis", "sex", "male"): "prognosis:sex[male]",
    Term("intercept"): "intercept",
    Term("covariate", column="base"): "base",
}


@pytest.mark.parametrize(("term", "text"), TEXTS.items(), ids=TEXTS.values())
def test_text_is_made_and_read_back(term, text):
    read = Term.parse(text)
    assert term == text
    assert hash(term) == hash(text)
    assert read.parts == term.parts


def test_nuisance_is_of_a_study_and_visit():
    base = Term("covariate", column="base")
    assert base.but(study="S01") == "base[S01]"
    assert base.but(visit="8", study="S01") == "base[8][S01]"
    assert INTERCEPT.but(study="S01") == "intercept[S01]"
    assert Term("main", "sex", "male", study="S01") == "sex[male][S01]"
    assert Term("study_mean", "sex", "male") == "sex[male]:study_mean"


def test_the_text_alone_has_parts_too():
    """A level or visit that is in the text twice over is not taken for another part."""
    term = Term.parse("treatment[8]:within:sex[male]")
    assert (term.kind, term.visit, term.moderator, term.level) == ("within", "8", "sex", "male")
    assert term.is_effect("within", "sex")
    assert not term.is_effect("within", "se")
    assert term.is_treatment
    assert not Term.parse("base").is_treatment


def test_a_term_is_frozen_and_survives_pickling():
    term = Term("within", "sex", "male")
    with pytest.raises(AttributeError):
        term.level = "female"
    again = pickle.loads(pickle.dumps(term))
    assert again == term
    assert again.parts == term.parts
    assert TREATMENT in {"treatment": 1}
