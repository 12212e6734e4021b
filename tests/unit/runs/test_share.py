"""What a run shares: bundles that may leave, records, a plan that runs on them, and no row."""

from dataclasses import replace

import pytest
from tests.builders.shared_run import make_results, share
from tests.builders.trials import PLAN

from ipdma.bundle import read_bundle
from ipdma.errors import DataError, PlanError
from ipdma.plan import Plan, read_plan
from ipdma.release.attack import attack_bundle
from ipdma.release.gate import release
from ipdma.runs.share import share_files
from ipdma.runs.twin import make_twins
from ipdma.site.check import check_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return share(tmp_path_factory.mktemp("run"))


def test_each_trial_leaves_a_bundle_that_recovers_nobody(folder):
    paths = sorted((folder / "bundles").iterdir())
    assert [path.name for path in paths] == ["A.bundle.json", "B.bundle.json", "C.bundle.json"]
    for path in paths:
        bundle = read_bundle(path)
        assert bundle.gate.for_sharing
        assert attack_bundle(bundle, 10)[0] == []


def test_the_plan_in_it_names_its_own_files_alone(folder):
    plan = read_plan(folder / "plan.yaml")
    assert plan["studies"] == [f"share/bundles/{name}.bundle.json" for name in "ABC"]
    assert plan["registry"] is None
    assert plan["share"] is False


def test_no_file_in_it_holds_a_person(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            assert "person-" not in path.read_text(encoding="utf-8"), path


def test_the_twin_of_each_trial_is_an_upload_of_nobody(folder):
    for name in "ABC":
        result = check_study(folder / "twin" / name)
        assert result.ready, name
        people = (folder / "twin" / name / "participants.csv").read_text().splitlines()
        assert len(people) == 1 + {"A": 60, "B": 80, "C": 100}[name]
        assert "TWIN-0001" in people[1]
    assert "The twin is exact but for" not in (folder / "README.md").read_text()


def test_a_shared_folder_is_a_source_of_twins(folder, tmp_path):
    twins = make_twins([folder], tmp_path / "twins")
    assert [twin.bundle.study_id for twin in twins] == ["A", "B", "C"]


def test_the_same_run_shares_the_same_bytes(tmp_path):
    shared = make_results(tmp_path)
    assert share_files(shared, lambda line: None) == share_files(shared, lambda line: None)


def test_a_trial_that_may_not_leave_is_named(tmp_path):
    folder = share(tmp_path, sizes={"A": 60, "B": 80, "C": 16})
    assert not (folder / "bundles" / "C.bundle.json").exists()
    assert "- C" in (folder / "README.md").read_text()
    assert read_plan(folder / "plan.yaml")["studies"] == [
        "share/bundles/A.bundle.json",
        "share/bundles/B.bundle.json",
    ]


def test_a_bundle_whose_gate_found_somebody_is_not_shared(tmp_path, monkeypatch):
    def found(draft, plan, minimum):
        released = release(draft, plan, minimum)
        gate = replace(released.bundle.gate, for_sharing=released.bundle.study_id != "C")
        return replace(released, bundle=replace(released.bundle, gate=gate))

    monkeypatch.setattr("ipdma.runs.share.release", found)
    folder = share(tmp_path)
    assert sorted(path.name[0] for path in (folder / "bundles").iterdir()) == ["A", "B"]
    assert "- C" in (folder / "README.md").read_text()


def test_nothing_is_shared_where_no_trial_may_leave(tmp_path):
    shared = make_results(tmp_path, sizes={"A": 16, "B": 16, "C": 16})
    with pytest.raises(DataError, match="no trial's bundle may leave"):
        share_files(shared, lambda line: None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"share": True, "minimum_cell": 1}, "switches the gate off"),
        ({"share": {"published": "29.11.2026"}}, "expected a date"),
        ({"share": {"licence": "MIT"}}, "did you mean 'license'"),
    ],
)
def test_a_plan_that_cannot_share_is_refused(changes, sentence):
    with pytest.raises(PlanError, match=sentence):
        Plan.from_mapping({**PLAN, **changes})
