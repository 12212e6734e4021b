"""`ipdma verify`: a number changed by hand in a table, a claim or a record is found and named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.builders.report_mock import mock_material

from ipdma.cli import main
from ipdma.plan import read_plan
from ipdma.report.claims import claims_csv
from ipdma.report.formats.text import table_csv
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.tables import tabulate_all
from ipdma.runs.files import read_record
from ipdma.runs.manifest import seal
from ipdma.runs.read_run import TABLES
from ipdma.runs.reprint import differing_cells
from ipdma.runs.stamps import MANIFEST, digest_of

PLAN = """\
studies: data
registry: null
contrasts:
  stpp_control: {active: [stpp], reference: [waitlist, tau, placebo], label: STPP against control}
"""


@pytest.fixture
def run(tmp_path):
    """The record files, tables and claims of a run."""
    material = mock_material(3)
    for name in TABLES:
        getattr(material, name).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "plan.yaml").write_text(PLAN)
    records = [read_record(str(tmp_path / f"{name}.csv")) for name in TABLES]
    plan = read_plan(tmp_path / "plan.yaml").as_mapping()
    ledger = Ledger()
    (tmp_path / "tables").mkdir()
    for table in tabulate_all(Material(*records, plan), ledger):
        (tmp_path / "tables" / f"{table.name}.csv").write_bytes(table_csv(table))
    (tmp_path / "claims.csv").write_bytes(claims_csv(ledger))
    made = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    files = {name: {"sha256": digest_of(path), "job": "report"} for name, path in made.items()}
    (tmp_path / MANIFEST).write_text(seal({"versions": {}, "jobs": {}, "files": files}))
    return tmp_path


def verify(run: Path, capsys) -> tuple[int, str]:
    """Status and what was said."""
    status = main(["verify", str(run), "--records-only"])
    return status, capsys.readouterr().out


def test_an_untouched_run_holds(run, capsys):
    status, said = verify(run, capsys)
    assert status == 0
    assert "0 cells differ" in said


def test_a_number_changed_in_a_table_is_named(run, capsys):
    path = run / "tables" / "efficacy_models.csv"
    rows = list(csv.reader(path.open()))
    column = rows[0].index("SE")
    printed, rows[2][column] = rows[2][column], "0.999"
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    status, said = verify(run, capsys)
    assert status == 1
    assert "1 cells differ" in said
    assert f"tables/efficacy_models.csv, line 3, SE: '0.999', but the record files print '{printed}'" in said


def test_a_table_that_is_gone_is_named(run, capsys):
    (run / "tables" / "sensitivity.csv").unlink()
    status, said = verify(run, capsys)
    assert status == 1
    assert "tables/sensitivity.csv" in said


def test_a_number_changed_in_a_record_is_named_with_the_places_that_print_it(run, capsys):
    path = run / "estimates.csv"
    rows = list(csv.reader(path.open()))
    where = rows[0].index("estimate")
    rows[1][where] = "-9.5"
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    status, said = verify(run, capsys)
    assert status == 1
    assert "the record files say -9.5" in said
    assert "but the record files print '-9.50" in said


def test_a_printed_number_changed_in_the_claims_is_named(run, capsys):
    path = run / "claims.csv"
    rows = list(csv.reader(path.open()))
    rows[1][rows[0].index("printed")] = "123456"
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    status, said = verify(run, capsys)
    assert status == 1
    assert "printed as 123456, but the number prints as" in said


def test_added_rows_and_columns_of_a_table_are_found():
    found = list(differing_cells("t", "a,b\n1,2\n3,4,5\n", "a,b\n1,2\n3,4\n"))
    assert [(m.row, m.found, m.expected) for m in found] == [(3, "5", "")]
    assert len(list(differing_cells("t", "a,b\n1,2\n", "a,b\n1,2\n3,4\n"))) == 2
