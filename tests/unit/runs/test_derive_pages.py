"""A report beside a validation page from which no page can be drawn is named, and nothing else is opened."""

import json

import pytest

from ipdma.runs.derive_pages import underived_report
from ipdma.site.report_data import shareable_json


@pytest.mark.parametrize("language", ["xx", None, "../../x", ["en"], 1])
def test_a_report_in_a_language_without_messages_is_not_derivable(small, tmp_path, language):
    path = tmp_path / "validation" / "A.json"
    path.parent.mkdir()
    told = json.loads(shareable_json(small.check()))
    path.write_text(json.dumps({**told, "language": language}), encoding="utf-8")
    assert list(underived_report(tmp_path, path)) == [
        "validation/A.json: not derivable from the records; it is no report as a run writes it"
    ]
