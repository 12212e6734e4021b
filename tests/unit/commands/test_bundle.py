"""`ipdma bundle` and `ipdma disclose F`: what is written, what is said, how they end."""

import json

import pytest
import yaml
from tests.builders.trials import write_plan, write_trial

from ipdma.bundle import read_bundle
from ipdma.cli import main

CHANGES = {"outcomes": {"depression": {"family": "gaussian"}}, "registry": "none.tsv"}


@pytest.fixture
def place(tmp_path):
    """A trial of 30 and 30 people and a plan whose studies and registry are not there."""
    write_trial(tmp_path / "trial", "T01", n=60)
    write_plan(tmp_path / "plan.yaml", **CHANGES)
    return tmp_path


def bundle(place, *more, out="t.bundle.json", plan="plan.yaml"):
    """The exit status of making a bundle."""
    return main(
        ["bundle", str(place / "trial"), "--plan", str(place / plan), "--out", str(place / out), *more]
    )


def test_a_bundle_is_written_and_noted_in_the_ledger(place, capsys):
    assert bundle(place) == 0
    made = read_bundle(place / "t.bundle.json")
    assert made.study_id == "T01"
    assert made.gate.for_sharing
    noted = place / "trial" / "releases" / "0001.bundle.json"
    assert noted.read_bytes() == (place / "t.bundle.json").read_bytes()
    assert "sets of people" in capsys.readouterr().out


def test_the_same_bundle_again_is_one_release(place):
    assert bundle(place) == 0
    assert bundle(place, out="again.bundle.json") == 0
    assert (place / "again.bundle.json").read_bytes() == (place / "t.bundle.json").read_bytes()
    assert len(list((place / "trial" / "releases").iterdir())) == 1


def test_a_trial_without_one_person_is_refused_beside_the_first_release(place, capsys):
    assert bundle(place) == 0
    path = place / "trial" / "scores.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert bundle(place, out="less.bundle.json") == 1
    said = capsys.readouterr().err
    assert "way out: have the earlier release deleted" in said
    assert "nothing may leave" in said
    assert not (place / "less.bundle.json").exists()
    assert len(list((place / "trial" / "releases").iterdir())) == 1
    assert bundle(place, "--ledger", str(place / "other"), out="less.bundle.json") == 0


def test_a_trial_that_needs_fixing_leaves_nothing(place, capsys):
    path = place / "trial" / "scores.csv"
    path.write_text(path.read_text().replace("person-1;2;", "person-1;7;"))
    assert bundle(place) == 1
    assert not (place / "t.bundle.json").exists()
    assert not (place / "trial" / "releases").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda place: (place / "plan.yaml").unlink(), "there is no such file"),
        (lambda place: (place / "trial" / "study.yaml").unlink(), "study.yaml"),
        (
            lambda place: write_plan(place / "plan.yaml", minimum_cell=70),
            "--minimum-cell 20: the plan says 70",
        ),
        (
            lambda place: write_plan(
                place / "plan.yaml", moderators={"who": {"column": "sex", "spline": [0, 0.5, 1]}}
            ),
            "moderators.who.spline: expected knots of a variable of numbers, got 'sex'",
        ),
    ],
)
def test_what_cannot_be_read_ends_with_2(place, capsys, change, sentence):
    change(place)
    assert bundle(place, "--minimum-cell", "20") == 2
    assert sentence in capsys.readouterr().err
    assert not (place / "t.bundle.json").exists()


def test_a_broken_ledger_ends_with_2(place, capsys):
    folder = place / "trial" / "releases"
    folder.mkdir()
    (folder / "0001.bundle.json").write_text("{}")
    assert bundle(place) == 2
    assert "0001.bundle.json" in capsys.readouterr().err


def test_lacking_options_end_with_2(place, capsys):
    assert main(["bundle", str(place / "trial")]) == 2
    assert "missing: --plan, --out" in capsys.readouterr().err


def test_the_open_gate_is_said_aloud_everywhere(place, capsys):
    write_plan(place / "plan.yaml", minimum_cell=1, **CHANGES)
    assert bundle(place) == 0
    assert "NOT FOR SHARING" in capsys.readouterr().err
    assert not (place / "trial" / "releases").exists()
    assert main(["bundle", "show", str(place / "t.bundle.json"), "--html", str(place / "page.html")]) == 0
    assert "NOT FOR SHARING" in capsys.readouterr().out
    assert "NOT FOR SHARING" in (place / "page.html").read_text()


def test_show_prints_the_numbers_and_the_page_has_them(place, capsys):
    assert bundle(place) == 0
    capsys.readouterr()
    assert main(["bundle", "show", str(place / "t.bundle.json"), "--html", str(place / "page.html")]) == 0
    said, page = capsys.readouterr().out, (place / "page.html").read_text()
    own = read_bundle(place / "t.bundle.json").blocks[0].arms["a"]
    for text in (said, page):
        assert f"{own.means[0]:.2f}" in text
        assert "NOT FOR SHARING" not in text
    assert "<script" not in page
    assert "https:" not in page


def test_show_of_something_else_ends_with_2(place, capsys):
    (place / "rows.csv").write_text("a,b\n1,2\n")
    assert main(["bundle", "show", str(place / "rows.csv")]) == 2
    assert "no JSON" in capsys.readouterr().err


def test_disclose_of_a_released_bundle_finds_nobody(place, capsys):
    assert bundle(place) == 0
    found = place / "found.json"
    assert main(["disclose", str(place / "t.bundle.json"), "--json", str(found)]) == 0
    said = capsys.readouterr().out
    assert "nobody could be recovered" in said
    assert "no earlier release was held against it" in said
    assert json.loads(found.read_text())["found"] == []
    ledger = ["--ledger", str(place / "trial" / "releases")]
    assert main(["disclose", str(place / "t.bundle.json"), *ledger]) == 0
    assert "no earlier release" not in capsys.readouterr().out


def test_disclose_of_an_open_bundle_finds_people(place, capsys):
    write_trial(place / "small", "T02", n=16)
    (place / "trial").rename(place / "large")
    (place / "small").rename(place / "trial")
    write_plan(place / "plan.yaml", minimum_cell=1, **CHANGES)
    assert bundle(place) == 0
    assert main(["disclose", str(place / "t.bundle.json")]) == 1
    assert "fewer than 10 people in arm a" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gate", "asked", "lowest"), [(10, "9", 10), (10, "0", 10), (1, "1", 2), (1, "-3", 2)]
)
def test_an_attack_that_could_not_fail_is_refused(place, capsys, gate, asked, lowest):
    write_plan(place / "plan.yaml", minimum_cell=gate, **CHANGES)
    assert bundle(place) == 0
    path = str(place / "t.bundle.json")
    assert main(["disclose", path, "--minimum-cell", asked, "--json", str(place / "found.json")]) == 2
    said = capsys.readouterr().err
    assert f"--minimum-cell {asked}: " in said
    assert f"leave it out, or give {lowest} or more" in said
    assert not (place / "found.json").exists()


def test_an_attack_may_ask_for_more(place, capsys):
    write_plan(place / "plan.yaml", minimum_cell=10, **CHANGES)
    assert bundle(place) == 0
    assert main(["disclose", str(place / "t.bundle.json"), "--minimum-cell", "10"]) == 0
    assert main(["disclose", str(place / "t.bundle.json"), "--minimum-cell", "10000"]) == 1
    assert "fewer than 10000 people" in capsys.readouterr().out


@pytest.mark.parametrize("option", [("--minimum-cell", "20"), ("--ledger", "releases")])
def test_a_bundles_options_beside_a_results_folder_are_refused(place, capsys, option):
    (place / "results").mkdir()
    assert main(["disclose", str(place / "results"), *option]) == 2
    assert f"{option[0]}: of a bundle" in capsys.readouterr().err


def test_what_is_no_moment_leaves_the_plans_digest(place):
    assert bundle(place) == 0
    first = read_bundle(place / "t.bundle.json").plan.digest
    plan = yaml.safe_load((place / "plan.yaml").read_text())
    plan |= {"title": "Another", "results": "elsewhere", "studies": "others", "registry": "other.tsv"}
    plan["contrasts"]["main"]["label"] = "Other words"
    (place / "other.yaml").write_text(yaml.safe_dump(plan))
    assert bundle(place, out="u.bundle.json", plan="other.yaml") == 0
    assert read_bundle(place / "u.bundle.json").plan.digest == first
    plan["models"]["primary"]["covariates"] = []
    (place / "other.yaml").write_text(yaml.safe_dump(plan))
    assert bundle(place, "--ledger", str(place / "l"), out="v.bundle.json", plan="other.yaml") == 0
    assert read_bundle(place / "v.bundle.json").plan.digest != first
