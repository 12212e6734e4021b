"""What a blinded upload keeps and what it loses."""

import csv
import io
import json

import pytest
import yaml
from tests.builders.trials import write_trial

from ipdma.errors import PlanError
from ipdma.runs.begin import begin
from ipdma.runs.blinding import blind_key, blind_upload
from ipdma.site.harmonise import prepare_upload


@pytest.fixture
def upload(tmp_path):
    """An upload with variables of one arm, an age that somebody cannot have, and published numbers."""
    write_trial(tmp_path / "t", "T", n=30)
    content = prepare_upload(tmp_path / "t")[1]
    rows = list(csv.DictReader(io.StringIO(content["participants.csv"].decode())))
    missing = content["missing.csv"].decode().splitlines()
    free = ("therapist", "sessions_attended", "age_at_onset")
    missing = [line for line in missing if line.split(",")[2] not in free]
    for number, row in enumerate(rows):
        treated = row["condition"] == "stpp"
        row["therapist"], row["sessions_attended"] = ("T1", "12") if treated else ("", "")
        row["age_at_onset"] = "" if treated else str(20 + number)
        if treated:
            missing.append(f"T,{row['participant']},age_at_onset,not_applicable")
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    own = yaml.safe_load(content["study.yaml"])
    own["arms"]["a"]["label"] = "the active one"
    own["published"] = [{"arm": "a", "n": 15}]
    return content | {
        "participants.csv": stream.getvalue().encode(),
        "missing.csv": ("\n".join(missing) + "\n").encode(),
        "study.yaml": yaml.safe_dump(own).encode(),
    }


def rows_of(content, name):
    return list(csv.DictReader(io.StringIO(content[name].decode())))


def test_arms_keep_their_sizes_and_the_rest_of_a_person_stays(upload):
    blind = blind_upload(upload, "T", "key")
    before, after = rows_of(upload, "participants.csv"), rows_of(blind, "participants.csv")
    assert sorted(r["arm"] for r in before) == sorted(r["arm"] for r in after)
    assert [r["arm"] for r in before] != [r["arm"] for r in after]
    assert {(r["arm"], r["condition"]) for r in after} == {("a", "stpp"), ("b", "tau")}
    assert [r["participant"] for r in before] == [r["participant"] for r in after]
    assert blind["assessments.csv"] == upload["assessments.csv"]


def test_what_would_tell_the_arms_is_not_there(upload):
    blind = blind_upload(upload, "T", "key")
    for row in rows_of(blind, "participants.csv"):
        assert (row["therapist"], row["sessions_attended"], row["age_at_onset"]) == ("", "", "")
    missing = {(r["variable"], r["reason"]) for r in rows_of(blind, "missing.csv")}
    assert {("therapist", "not_collected"), ("age_at_onset", "not_collected")} <= missing
    assert "not_applicable" not in {reason for _, reason in missing}
    own = yaml.safe_load(blind["study.yaml"])
    assert own["arms"] == {"a": {"condition": "stpp"}, "b": {"condition": "tau"}}
    assert "published" not in own
    assert json.loads(blind["account.json"])["digest"] != json.loads(upload["account.json"])["digest"]


def test_another_key_draws_other_arms_and_the_same_key_the_same(upload):
    one, two, other = (blind_upload(upload, "T", key)["participants.csv"] for key in ("a", "a", "b"))
    assert one == two
    assert one != other


def test_a_blinded_plan_needs_a_key_and_shares_nothing(tmp_path, monkeypatch):
    from tests.builders.trials import make_consortium, write_plan

    monkeypatch.chdir(tmp_path)
    make_consortium(tmp_path)
    monkeypatch.delenv("IPDMA_BLIND_KEY", raising=False)
    with pytest.raises(PlanError, match="IPDMA_BLIND_KEY"):
        blind_key()
    write_plan(tmp_path / "plan.yaml", blind=True)
    with pytest.raises(PlanError, match="IPDMA_BLIND_KEY"):
        begin(["plan.yaml"], {}, False)
    monkeypatch.setenv("IPDMA_BLIND_KEY", "x")
    run = begin(["plan.yaml"], {}, False)
    assert any("Left out: therapists" in line for line in run.notices)
    assert (run.looks, run.folders, run.aggregate) == (False, [], None)
