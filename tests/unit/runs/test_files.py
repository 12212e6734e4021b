"""Tables of a run that somebody changed are told of in a sentence."""

import numpy as np
import pandas as pd
import pytest

from ipdma.errors import ReadError
from ipdma.runs.files import column_types, count_exposed, read_notes


@pytest.mark.parametrize("read", [read_notes, count_exposed])
@pytest.mark.parametrize("head", ["analysis_id,kynd,text", "analysis_id", ""])
def test_notes_without_a_column_are_a_sentence(tmp_path, read, head):
    (tmp_path / "notes.csv").write_text(f"{head}\n", encoding="utf-8")
    with pytest.raises(ReadError, match="notes.csv: expected a"):
        read(tmp_path / "notes.csv")


def test_a_column_without_a_value_in_one_cell_keeps_the_words_of_another():
    rows = pd.DataFrame({"sex": ["female", None], "age": [40.0, 50.0], "none": [np.nan, np.nan]})
    bundles = rows.assign(sex=np.nan, age=None)
    for frames in ([rows, bundles], [bundles, rows]):
        assert column_types(frames) == {"sex": "text", "age": "number", "none": "number"}
