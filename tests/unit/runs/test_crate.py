"""The description of a shared folder has what RO-Crate 1.1 asks of one."""

import hashlib
import json

from ipdma.runs.crate import METADATA, crate_digests, crate_text

FILES = {"plan.yaml": b"a: 1\n", "bundles/A.bundle.json": b"{}\n"}


def graph(**facts):
    """The entities by id."""
    held = json.loads(crate_text(FILES, "A run", "What it is", facts))
    return {own["@id"]: own for own in held["@graph"]}


def test_the_root_and_the_description_itself_are_there():
    found = graph()
    assert found[METADATA]["about"] == {"@id": "./"}
    assert found[METADATA]["conformsTo"]["@id"].endswith("ro/crate/1.1")
    assert found["./"]["@type"] == "Dataset"
    assert {own["@id"] for own in found["./"]["hasPart"]} == set(FILES)


def test_every_file_has_its_digest_and_size():
    for name, content in FILES.items():
        own = graph()[name]
        assert own["sha256"] == hashlib.sha256(content).hexdigest()
        assert own["contentSize"] == str(len(content))
    assert set(crate_digests(crate_text(FILES, "A run", "What it is", {}))) == set(FILES)


def test_date_and_licence_stand_where_the_plan_gives_them():
    root = graph(published="2026-11-29", license="https://spdx.org/licenses/CC-BY-4.0")["./"]
    assert root["datePublished"] == "2026-11-29"
    assert root["license"].endswith("CC-BY-4.0")
    assert "datePublished" not in graph()["./"]
