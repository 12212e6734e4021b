"""The door from the page: requests as JSON, answers as JSON, no exception ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ipdma.web.samples import sample
from ipdma.web.serve import answer

WORDS = Path(__file__).parents[3] / "src" / "ipdma" / "web" / "words"


def ask(root, files=None, **request):
    said, data = answer(json.dumps({"language": "en", **request}), files or {}, root)
    return json.loads(said), data


def test_the_self_test_finds_the_planted_faults_and_leaves_the_desk_alone(tmp_path):
    assert ask(tmp_path, do="sample", what="clean")[0]["ready"]
    assert ask(tmp_path, do="self_test")[0]["right"]
    assert ask(tmp_path, do="save", what="upload")[0]["name"] == "EXAMPLE-upload.zip"


@pytest.mark.parametrize(("what", "ready"), [("clean", True), ("faulty", False), ("harmonised", True)])
def test_the_examples(tmp_path, what, ready):
    said, _ = ask(tmp_path, do="sample", what=what)
    assert (said["state"], said["ready"]) == ("checked", ready)


def test_files_come_as_memory_views_and_go_as_bytes(tmp_path):
    files = {name: memoryview(data) for name, data in sample("clean").items()}
    assert ask(tmp_path, files, do="take", sizes={})[0]["ready"]
    said, data = ask(tmp_path, do="save", what="mapping")
    assert (said["name"], data) == ("study.yaml", sample("clean")["study.yaml"])


def test_a_file_too_large_is_refused_with_the_words_of_the_command(tmp_path):
    said, _ = ask(tmp_path, do="take", sizes={"t.sav": 210_000_000})
    assert said["state"] == "failed"
    assert "210 MB is more than the 50 MB" in said["error"]


def test_cells_are_written_as_the_template_writes_them(tmp_path):
    said, _ = ask(tmp_path, do="cells", values=[{"1": "male", "2": "female"}, {}, ["9"], "a; b", ""])
    assert said["cells"] == ["1 = male; 2 = female", "", "9;", '"a; b"', ""]


def test_a_fault_of_the_program_names_its_kind_and_nothing_else(tmp_path):
    assert ask(tmp_path, do="nothing")[0] == {"fault": "KeyError"}
    assert ask(tmp_path, do="save", what="upload")[0] == {"error": "nothing was checked yet"}


def test_the_languages_say_the_same_things():
    read = {p.stem: yaml.load(p.read_text("utf-8"), yaml.BaseLoader) for p in WORDS.glob("*.yaml")}
    assert set(read) >= {"en", "nl"}
    for words in read.values():
        assert set(words) == set(read["en"])
        for key, text in words.items():
            assert (
                sorted(part for part in text.split() if "{" in part and "}" in part)
                or "{" not in read["en"][key]
            )
