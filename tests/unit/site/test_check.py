"""A ledger of planted faults: every one is found at its cell, and nothing else is."""

from __future__ import annotations

from tests.builders.planted_faults import CLEAN_NOTES, plant_long, plant_wide
from tests.builders.upload_builder import found_cells, long_study, wide_study

from ipdma.site.check import check_study


def test_clean_studies_have_no_findings(tmp_path):
    for study in (wide_study(), long_study()):
        result = check_study(study.write(tmp_path / study.mapping["study"]["id"]))
        assert result.ready
        assert {finding.name for finding in result.findings} <= CLEAN_NOTES


def test_every_planted_fault_of_a_wide_study_is_found(tmp_path):
    study = wide_study()
    plant_wide(study)
    result = check_study(study.write(tmp_path))
    found = {entry for entry in found_cells(result.findings) if entry[0] not in CLEAN_NOTES}
    # a score of nobody (no identifier) cannot be missing, and counts allow for faulty identifiers and arms
    assert study.ledger - found == set()
    assert found - study.ledger == set()
    assert len(study.ledger) >= 150
    assert len({name for name, *_ in study.ledger}) >= 25
    assert not result.ready


def test_every_planted_fault_of_a_long_study_is_found(tmp_path):
    study = long_study()
    plant_long(study)
    result = check_study(study.write(tmp_path, separator=";", encoding="cp1252"))
    found = {entry for entry in found_cells(result.findings) if entry[0] not in CLEAN_NOTES}
    assert study.ledger - found == set()
    assert found - study.ledger == set()


def test_every_finding_counts_its_rows_and_shows_its_cells(tmp_path):
    study = wide_study()
    plant_wide(study)
    folder = study.write(tmp_path)
    for entry in check_study(folder).as_json()["findings"]:
        if entry["rows"]:
            assert entry["count"] == len(entry["rows"]) == len(entry["values"]) <= entry["of"]
            assert entry["rows"] == sorted(entry["rows"])
        if entry["column"] in study.header and entry["code"] not in ("IPD-061",):
            shown = [study.get(row, entry["column"]) for row in entry["rows"]]
            assert entry["values"] == shown
