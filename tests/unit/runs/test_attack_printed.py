"""The attack on a report is made again where something that it reads changed, and finds the same."""

import io
import json

import pytest
from tests.builders.record_tables import PLAN, count_people, draw_people

from ipdma.analysis.kept import Kept
from ipdma.disclosure.mask import mask_tables
from ipdma.report.ledger import Claim, Ledger
from ipdma.runs.attack_printed import attacker
from ipdma.runs.attack_shared import COLUMNS
from ipdma.runs.jobs import Desk

SIZES = {"A": 60, "B": 90}
REPORT = {"study": "A", "findings": [], "rows": {"read": 60, "kept": 60, "excluded": 0}}


@pytest.fixture
def folder(tmp_path):
    """The shared records and a page of a small run."""
    shared = mask_tables(count_people(draw_people(1, SIZES)), PLAN)
    for name, columns in COLUMNS.items():
        shared[name].reindex(columns=[*columns, "withheld"]).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "validation").mkdir()
    (tmp_path / "validation" / "A.json").write_text(json.dumps(REPORT), encoding="utf-8")
    return tmp_path


def claim(folder, **changes):
    """A number of the first row that counts withhold, printed all the same."""
    lines = (folder / "counts.csv").read_text(encoding="utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.endswith(",<10"))
    words = {
        "place": "tables/flow",
        "printed": "3",
        "file": "counts",
        "line": line,
        "field": "n",
        "value": 3.0,
    }
    rest = dict.fromkeys(["analysis_id", "key", "digits", "model", "data_digest", "source_digest"], "")
    return Claim(**{**rest, **words, **changes})


def attacked(folder, kept, claims=(), plan=PLAN):
    """How many numbers an attack exposes, how many attacks were made for that, and what it leaves."""
    desk = Desk(folder / "private/stamps/report.json", "report", io.StringIO())
    before = kept.again
    ledger = Ledger(dict.fromkeys(claims))
    return attacker(desk, plan, kept)(ledger), kept.again - before, desk.files["disclosure.json"]


def test_what_did_not_change_is_not_attacked_again(folder):
    first = Kept({})
    planted = [claim(folder)]
    exposed, made, told = attacked(folder, first, planted)
    assert exposed
    assert made
    assert attacked(folder, Kept({}, first.text()), planted) == (exposed, 0, told)


def test_what_changed_is_attacked_again(folder):
    first = Kept({})
    clear, _, _ = attacked(folder, first)
    exposed, made, _ = attacked(folder, Kept({}, first.text()), [claim(folder)])
    assert exposed > clear
    assert made
    less = {**PLAN, "minimum_cell": 2}
    assert attacked(folder, Kept({}, first.text()), plan=less)[1]
    few = {**REPORT, "rows": {"read": 60, "kept": 57, "excluded": 3}}
    (folder / "validation" / "A.json").write_text(json.dumps(few), encoding="utf-8")
    assert attacked(folder, Kept({}, first.text()))[:2] == (clear + 1, 1)
    (folder / "validation" / "A.json").write_text(json.dumps(REPORT), encoding="utf-8")
    assert attacked(folder, Kept({"code": "other"}, first.text()))[1]
