"""`ipdma compare` and `ipdma verify`: what is equal, what changed, what does not hold."""

from __future__ import annotations

import csv
import io

import pytest
import yaml
from tests.builders.report_mock import mock_material

from ipdma.cli import main
from ipdma.report.claims import claims_csv
from ipdma.report.compare import check_claims, compare_plans, compare_records
from ipdma.report.ledger import Ledger
from ipdma.report.records import Records
from ipdma.report.tables import tabulate_all


@pytest.fixture(scope="module")
def material():
    return mock_material(3)


def write_run(folder, material, plan=None):
    """A results folder as the workflow leaves it."""
    ledger = Ledger()
    tabulate_all(material, ledger)
    folder.mkdir()
    for name in ("estimates", "study_estimates", "counts"):
        getattr(material, name).to_csv(folder / f"{name}.csv", index=False)
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan or dict(material.plan)))
    (folder / "claims.csv").write_bytes(claims_csv(ledger))
    return folder


def change_one(path, column, line, value):
    """Change one cell of a record file."""
    rows = list(csv.reader(io.StringIO(path.read_text())))
    rows[line - 1][rows[0].index(column)] = value
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows(rows)
    path.write_text(held.getvalue())


def test_equal_runs_are_equal(material):
    records = Records.from_tables(material.estimates, material.study_estimates, material.counts)
    assert compare_records(records, material.records) == []


def test_a_changed_number_a_lost_and_a_new_row_are_named(material):
    estimates = material.estimates.copy()
    estimates.loc[0, "estimate"] = -9.0
    estimates.loc[1, "analysis_id"] = "new.one.post.primary.one"
    changed = Records.from_tables(estimates, material.study_estimates, material.counts)
    found = compare_records(material.records, changed)
    assert sorted(c.what for c in found) == ["changed", "only in A", "only in B"]
    change = next(c for c in found if c.what == "changed")
    assert (change.field, change.b) == ("estimate", -9.0)
    assert "estimate" in change.sentence()


def test_plans_are_compared_at_every_depth_but_for_the_folder():
    a = {"results": "x", "models": {"primary": {"df": None}}, "seed": 1}
    b = {"results": "y", "models": {"primary": {"df": "hksj"}}, "seed": 1}
    assert compare_plans(a, b) == ["models.primary.df: None -> 'hksj'"]


def test_a_default_that_an_earlier_plan_yaml_did_not_name_is_told():
    (line,) = compare_plans({"pool": {}}, {"pool": {"ci": "nst"}})
    assert line == "pool.ci: not named (the default of the version that ran it) -> 'nst'"


def test_compare_exits_0_1_and_2(material, tmp_path, capsys):
    a, b = write_run(tmp_path / "a", material), write_run(tmp_path / "b", material)
    assert main(["compare", str(a), str(b)]) == 0
    assert "equal" in capsys.readouterr().out
    change_one(b / "estimates.csv", "p_value", 3, "0.5")
    assert main(["compare", str(a), str(b)]) == 1
    assert "p_value" in capsys.readouterr().out
    assert main(["compare", str(a), str(tmp_path / "nowhere")]) == 2
    assert "estimates.csv" in capsys.readouterr().err


def test_verify_says_which_claims_hold(material, tmp_path, capsys):
    run = write_run(tmp_path / "run", material)
    assert main(["verify", str(run)]) == 1
    out = capsys.readouterr().out
    assert "manifest.json: missing; the run has not finished" in out
    assert "not computed again" in out
    count = len((run / "claims.csv").read_text().splitlines()) - 1
    assert f"{count} of {count} claims hold" in out
    change_one(run / "estimates.csv", "estimate", 2, "-0.111")
    assert main(["verify", str(run), "--records-only"]) == 1
    out = capsys.readouterr().out
    assert "-0.111" in out
    assert "tables/efficacy" in out


def test_a_claim_that_prints_another_number_does_not_hold(material):
    ledger = Ledger()
    tabulate_all(material, ledger)
    claim = next(iter(ledger.claims)).as_mapping()
    assert not check_claims([claim], material.records, "r")[0].why
    assert check_claims([{**claim, "printed": "77"}], material.records, "r")[0].why
    assert "no such row" in check_claims([{**claim, "key": "other"}], material.records, "r")[0].why


def test_verify_without_a_report_says_what_to_do(material, tmp_path, capsys):
    run = write_run(tmp_path / "run", material)
    (run / "claims.csv").unlink()
    assert main(["verify", str(run)]) == 1
    assert "claims.csv: no such file" in capsys.readouterr().out
