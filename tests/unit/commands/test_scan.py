"""What a draft says of where the trial's file lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipdma.commands.scan import name_in_draft


@pytest.mark.parametrize(
    ("file", "out", "named"),
    [
        ("t/x.csv", "t/study.yaml", "x.csv"),
        ("t/raw/x.csv", "t/study.yaml", "raw/x.csv"),
        ("t/x.csv", "other/study.yaml", "x.csv"),
        ("/home/anna.weber/trial/x.csv", "/elsewhere/study.yaml", "x.csv"),
        ("t/Dr. Anna Weber/x.csv", "t/study.yaml", "x.csv"),
        ("t/x.csv", None, "x.csv"),
    ],
)
def test_a_draft_names_no_folder_above_it_and_no_person(file, out, named):
    assert name_in_draft(Path(file), out if out is None else Path(out)) == named
