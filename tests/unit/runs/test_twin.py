"""The folder of a twin is a contribution: unrounded numbers are no fault in it, and of real rows they are."""

from __future__ import annotations

import pandas as pd
from tests.builders.bundles import small_bundle

from ipdma.bundle.twin.invent import Twin
from ipdma.codebook import load_codebook
from ipdma.runs.twin import upload_texts
from ipdma.site.check import check_study
from ipdma.site.study_file import TWIN
from ipdma.writing import write_files


def twin_of_two():
    """Two people with half an episode more than whole, one of whom fell ill at an age not reached yet."""
    people = pd.DataFrame(
        {
            "study": "T01",
            "participant": ["TWIN-0001", "TWIN-0002"],
            "arm": ["A", "B"],
            "condition": ["stpp", "waitlist"],
            "age": [30.25, 41.5],
            "age_at_onset": [35.75, 20.125],
            "previous_episodes": [1.5, 2.5],
            "sex": ["female", "male"],
        }
    )
    scores = [
        ("T01", person, "hamd17", "observer", time, weeks, score, "")
        for person in people["participant"]
        for time, weeks, score in (("baseline", 0.0, 20.5), ("post", 16.0, 11.25))
    ]
    columns = ["study", "participant", "instrument", "rating", "timepoint", "weeks", "score", "scoring"]
    return Twin(small_bundle(), people, pd.DataFrame(scores, columns=columns), ())


def faults(folder):
    """Codes of the findings that must be fixed."""
    return {own.code for own in check_study(folder).findings if own.grade == "must_fix"}


def test_a_twin_is_ready_and_the_same_rows_as_anybodys_are_not(tmp_path):
    texts = upload_texts(twin_of_two(), load_codebook())
    write_files(tmp_path / "twin", {name: text.encode() for name, text in texts.items()})
    assert not faults(tmp_path / "twin")
    texts["study.yaml"] = texts["study.yaml"].replace(f"{TWIN}: ", "")
    write_files(tmp_path / "rows", {name: text.encode() for name, text in texts.items()})
    assert faults(tmp_path / "rows") >= {"IPD-027", "IPD-049"}
