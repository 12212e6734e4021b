"""The list of a run's files, and what is said at its end."""

import json
from types import SimpleNamespace

import pytest

from ipdma.runs.announce import say_end
from ipdma.runs.hold import read_manifest
from ipdma.runs.manifest import seal
from ipdma.runs.stamps import MANIFEST
from ipdma.writing import write_file

HELD = {"versions": {}, "jobs": {}, "files": {"a.csv": {"sha256": "0" * 64, "job": "records"}}}


def test_a_sealed_manifest_reads_back(tmp_path):
    write_file(tmp_path / MANIFEST, seal(HELD))
    assert read_manifest(tmp_path) == HELD
    assert seal(HELD) == seal(dict(reversed(HELD.items())))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("a.csv", "b.csv"),
        lambda text: text.replace("\n", "\n ", 1),
        lambda text: text + "\n",
        lambda text: json.dumps(json.loads(text)),
        lambda text: seal({**HELD, "files": {"../a.csv": {"sha256": "0", "job": "x"}}}),
        lambda text: seal({**HELD, "files": ["a.csv"]}),
        lambda text: seal({**HELD, "jobs": []}),
        lambda text: "[]",
    ],
)
def test_any_other_is_none(tmp_path, change):
    write_file(tmp_path / MANIFEST, change(seal(HELD)))
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(59.2, "in 59 s."), (60, "in 1 min 0 s."), (3725, "in 62 min 5 s.")]
)
def test_the_end_says_how_long_it_took_and_what_to_open(seconds, words):
    said = say_end(SimpleNamespace(results="out", blind=False), seconds)
    assert words in said
    assert [line.split()[0] for line in said.splitlines()[1:]] == [
        "out/report.html",
        "out/tables/",
        "out/validation/",
    ]
