"""Tables of a run that somebody changed are told of in a sentence."""

import pytest

from ipdma.errors import ReadError
from ipdma.runs.files import count_exposed, read_notes


@pytest.mark.parametrize("read", [read_notes, count_exposed])
@pytest.mark.parametrize("head", ["analysis_id,kynd,text", "analysis_id", ""])
def test_notes_without_a_column_are_a_sentence(tmp_path, read, head):
    (tmp_path / "notes.csv").write_text(f"{head}\n", encoding="utf-8")
    with pytest.raises(ReadError, match="notes.csv: expected a"):
        read(tmp_path / "notes.csv")
