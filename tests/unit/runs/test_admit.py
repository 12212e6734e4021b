"""What a trial leaves in a run's log is no more than its shareable page tells."""

import pytest

from ipdma.errors import DataError
from ipdma.runs.admit import admit


def test_a_few_rows_left_out_do_not_follow_from_the_log(small, tmp_path):
    small.column("rand", ["0", "0", *["1"] * 10])
    small.map["source"]["keep_rows"] = {"column": "rand", "equals": "1", "why": "screening failures"}
    said = []
    files = admit("S", str(small.write()), None, tmp_path, 10, said.append)
    assert said == ["ready: - rows read, 10 kept, <10 left out. 0 to confirm, 0 notes"]
    assert {"validation/S.html", "validation/S.json", "private/validation/S.html"} <= set(files)


def test_a_file_that_cannot_be_read_is_not_named_in_the_log(small, tmp_path):
    with pytest.raises(DataError, match="cannot be read: the data file: the file is empty") as caught:
        admit("S", str(small.write(b"")), None, tmp_path, 10, print)
    assert "f.csv" not in str(caught.value)
    assert "f.csv" in (tmp_path / "private" / "to_fix" / "S.html").read_text(encoding="utf-8")
