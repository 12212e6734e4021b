"""Text that a spreadsheet would run never reaches it as a formula, and comes back as it was."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdma.privacy.acting import shield, unshield

ACTING = [
    '=HYPERLINK("http://x")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    " =1+1",
    "\t=1+1",
    "\r=1",
    "＝1+1",
    "-2+3+cmd|' /C calc'!A0",
    "-A1",
    "+cmd",
    "-1 (x|y!A0)",
]
PLAIN = ["-1", "-1.5", "-0,25", "+3", "-1e-05", "-", "", "007", "P-1", "a=b"]
PLAIN += ["-0.52 (-0.90, -0.10)", "-1.2 to 0.3", "'"]


@pytest.mark.parametrize("text", ACTING)
def test_what_acts_gets_an_apostrophe(text):
    assert shield(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_other_texts_stay(text):
    assert shield(text) == text


@given(st.text(alphabet="=+-@'1a .,\t|(", max_size=8))
def test_every_text_comes_back(text):
    assert unshield(shield(text)) == text


@settings(deadline=None)  # the first call imports
@given(st.text(alphabet="=+-@'1a .,", max_size=8))
def test_a_table_of_a_run_comes_back(text):
    from ipdma.runs.files import csv_text

    table = pd.DataFrame({"a": [text, "x"], "n": [-1.5, 2.0]})
    read = pd.read_csv(io.StringIO(csv_text(table)), dtype={"a": str}, keep_default_na=False)
    assert [unshield(cell) for cell in read["a"]] == [text, "x"]
    assert list(read["n"]) == [-1.5, 2.0]
