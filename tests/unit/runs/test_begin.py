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
    ],
)
def test_each_unknown_word_names_the_nearest(keys, sentence):
    assert list(word_faults(Plan.from_mapping({**BASE, **keys}), load_codebook())) == [sentence]
