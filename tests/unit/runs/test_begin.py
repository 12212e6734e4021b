"""Words of a plan that the codebook does not know are said before a job starts."""

import pytest

from ipdma.codebook import load_codebook
from ipdma.plan import Plan
from ipdma.runs.begin import word_faults

BASE = {"studies": "here", "contrasts": {"one": {"active": ["stpp"], "reference": ["tau"]}}}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"network": {"outcomes": ["depression"], "nodes": {"a": ["stp"], "b": ["tau"]}}},
            "network.nodes.a: the codebook has no condition 'stp'; did you mean 'stpp'?",
        ),
        (
            {"network": {"outcomes": ["depression"], "reference": "taus"}},
            "network.reference: the codebook has no condition 'taus'; did you mean 'tau'?",
        ),
        (
            {"nesting": {"column": "terapist"}},
            "nesting.column: the codebook has no variable 'terapist'; did you mean 'therapist'?",
        ),
        (
            {"moderators": {"who": {"column": "sex", "spline": [1, 2, 3]}}},
            "moderators.who.spline: expected knots of a variable of numbers, got 'sex', whose type in the "
            "codebook is category; leave spline out",
        ),
    ],
)
def test_each_unknown_word_names_the_nearest(keys, sentence):
    assert list(word_faults(Plan.from_mapping({**BASE, **keys}), load_codebook())) == [sentence]


def test_knots_on_numbers_and_on_scores_are_accepted():
    moderators = {
        "age": {"column": "age", "spline": [20, 30, 40]},
        "severity": {"column": "baseline", "spline": [1, 2, 3]},
        "sex": {"column": "sex", "spline": True},
    }
    assert not list(word_faults(Plan.from_mapping({**BASE, "moderators": moderators}), load_codebook()))
