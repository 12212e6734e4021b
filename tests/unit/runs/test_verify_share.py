"""`ipdma verify results/share`: the estimates come out of the bundles again, and a change is noticed."""

import json
import shutil

import pandas as pd
import pytest
from tests.builders.shared_run import share

from ipdma.bundle import bundle_text, read_bundle
from ipdma.cli import main
from ipdma.runs.verify_share import NUMBERS, compare_estimates, recompute_share, with_choices

SENSITIVITY = {
    "unadjusted": {"model": {"covariates": []}},
    "own_sd": {"standardise": "study_baseline_sd"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return share(
        tmp_path_factory.mktemp("run"),
        sensitivity=SENSITIVITY,
        moderators={"severity": {"column": "baseline"}},
    )


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it under another name: where it lies does not matter."""
    return shutil.copytree(made, tmp_path / "published")


def test_a_file_that_cannot_be_read_any_more_is_a_sentence(folder, capsys):
    (folder / "estimates.csv").write_text("a,b\n1,2\n")
    status, said = told(folder, capsys)
    assert status == 1
    assert "estimates.csv: changed since it was shared" in said
    assert "not held further: a file that was changed cannot be read" in said


def told(folder, capsys):
    """The exit status and what was said."""
    status = main(["verify", str(folder)])
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_every_estimate_holds(folder, capsys):
    status, said = told(folder, capsys)
    assert status == 0
    assert "files: 0 not as" in said
    held = next(line for line in said.splitlines() if line.startswith("recomputed from bundles"))
    n, of = (int(word) for word in held.split() if word.isdigit())
    assert n == of > 20


def test_an_adjusted_model_of_events_is_not_carried_and_never_taken_for_an_unadjusted_one(tmp_path):
    outcomes = {"depression": {"family": "gaussian"}, "response": {"family": "binomial"}}
    unadjusted = {"unadjusted": {"model": {"covariates": []}, "outcomes": ["depression", "response"]}}
    folder = share(tmp_path, {"A": 400, "B": 420}, outcomes=outcomes, sensitivity=unadjusted)
    found = recompute_share(folder, lambda line: None)
    assert not found.differing
    assert any(name.startswith("main.response.post.primary.one ") for name in found.lacking)
    assert any(name.startswith("main.response.post.unadjusted.one ") for name in found.held)


def test_a_changed_estimate_is_noticed(folder, capsys):
    path = folder / "estimates.csv"
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("main.depression.post.primary.one,"))
    cells = lines[at].split(",")
    place = lines[0].split(",").index("estimate")
    cells[place] = str(float(cells[place]) * 1.001)
    lines[at] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    status, said = told(folder, capsys)
    assert status == 1
    assert "estimates.csv: changed since it was shared" in said
    assert "main.depression.post.primary.one treatment" in said


def test_files_that_are_gone_or_added_are_named(folder, capsys):
    (folder / "report.html").unlink()
    (folder / "more.txt").write_text("more")
    status, said = told(folder, capsys)
    assert status == 1
    assert "report.html: missing" in said
    assert "more.txt: added" in said


def test_an_impossible_bundle_ends_with_2(folder, capsys):
    path = folder / "bundles" / "A.bundle.json"
    values = json.loads(path.read_text())
    values["blocks"][0]["arms"]["a"]["means"][0] = 99.0
    path.write_text(json.dumps(values))
    status, said = told(folder, capsys)
    assert status == 2
    assert "a mean outside the range" in said


def test_two_bundles_of_one_trial_end_with_2(folder, capsys):
    shutil.copy(folder / "bundles" / "A.bundle.json", folder / "bundles" / "Z.bundle.json")
    status, said = told(folder, capsys)
    assert status == 2
    assert "two bundles are of trial 'A'" in said


def test_a_bundle_of_another_plan_ends_with_2_and_names_the_key(folder, capsys):
    plan = folder / "plan.yaml"
    plan.write_text(plan.read_text().replace("seed: 20260101", "seed: 1"))
    status, said = told(folder, capsys)
    assert status == 2
    assert "seed" in said


def test_a_moment_that_was_changed_within_what_is_possible_changes_estimates(folder, capsys):
    path = folder / "bundles" / "A.bundle.json"
    bundle = read_bundle(path)
    block = next(own for own in bundle.blocks if own.names == ("outcome", "baseline"))
    block.arms["a"].means[0] += 1.0
    path.write_text(bundle_text(bundle))
    status, said = told(folder, capsys)
    assert status == 1
    assert "main.depression.post.primary.one treatment" in said


def test_a_description_that_is_none_ends_with_2(folder, capsys):
    (folder / "ro-crate-metadata.json").write_text("[]")
    status, said = told(folder, capsys)
    assert status == 2
    assert "no description of a shared folder" in said


def test_the_multiverse_is_held_by_its_choices_and_not_by_its_numbers():
    """Bundles without a covariate leave analyses out, and the numbers of the others move up."""

    def records(first, values):
        names = [f"main.depression.post.multiverse:{first + i:04d}.one" for i in range(len(values))]
        rows = [
            {"analysis_id": name, "term": "treatment", "level": "", "model": "multiverse"} for name in names
        ]
        numbers = [{**dict.fromkeys(NUMBERS, float(v)), "k": 3, "n": 90} for v in values.values()]
        estimates = pd.DataFrame([{**row, **own} for row, own in zip(rows, numbers, strict=True)])
        choices = [
            {"analysis_id": name, "what": "choice", "variable": "covariates", "level": text}
            for name, text in zip(names, values, strict=True)
        ]
        return with_choices(estimates, pd.DataFrame(choices))

    shared = records(1, {"none": -0.5, "age": -0.6, "sex": -0.7})
    found = compare_estimates(shared, records(1, {"none": -0.5, "sex": -0.7}), set())
    assert (len(found.held), len(found.differing), len(found.lacking)) == (2, 0, 1)
    wrong = compare_estimates(shared, records(1, {"none": -0.5, "sex": -0.6}), set())
    assert len(wrong.differing) == 1
