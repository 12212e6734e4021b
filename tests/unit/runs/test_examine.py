"""The checks of a trial are made again where its data or its published numbers changed, and there alone."""

from dataclasses import replace

import pandas as pd
import pytest
from tests.builders.integrity_upload import draw_upload

from ipdma.analysis.kept import Kept
from ipdma.codebook import load_codebook
from ipdma.cohort import Upload
from ipdma.runs.examine import examine_uploads
from ipdma.runs.integrity_pages import Look

ARMS = {"stpp": {"condition": "stpp"}, "tau": {"condition": "tau"}}


def upload(name, seed):
    people, assessments = draw_upload(seed)
    return Upload({"study": {"id": name}, "arms": ARMS}, people, assessments, pd.DataFrame())


def examined(uploads, kept):
    """Every file, and how many trials were checked for it."""
    look = Look(None, "", 10)
    files = dict(examine_uploads(uploads, load_codebook(), look, lambda line: None, kept=kept))
    return files, kept.again


@pytest.fixture(scope="module")
def trials():
    return [upload("XX-A", 1), upload("XX-B", 2)]


def test_only_a_changed_trial_is_checked_again(trials):
    first = Kept({})
    files, made = examined(trials, first)
    assert made == 2
    assert examined(trials, Kept({}, first.text())) == (files, 0)
    people = trials[1].participants.assign(age="131")
    printed = {**trials[1].study, "published": {"arms": {"stpp": {"n": "7"}}}}
    for changed in (replace(trials[1], participants=people), replace(trials[1], study=printed)):
        again, anew = Kept({}, first.text()), Kept({})
        assert examined([trials[0], changed], again) == (examined([trials[0], changed], anew)[0], 1)
        assert again.text() == anew.text()
