"""`ipdma fit` and `ipdma pool`: a table on the terminal, JSON and a drawing where asked for."""

import json

import pytest

from ipdma.cli import main

EFFECTS = "study,yi,vi\nA,0.5,0.04\nB,0.1,0.05\nC,0.9,0.05\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "effects.csv").write_text(EFFECTS)
    return tmp_path


def test_a_table_without_json(here, capsys):
    assert main(["pool", "effects.csv"]) == 0
    told = capsys.readouterr().out
    assert "pooled" in told
    assert "{" not in told


def test_a_dash_prints_json_alone(here, capsys):
    assert main(["pool", "effects.csv", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["k"] == 3
    assert not (here / "-").exists()


@pytest.mark.parametrize(("name", "start"), [("f.svg", b"<svg"), ("f.PDF", b"%PDF"), ("f.png", b"\x89PNG")])
def test_the_forest_by_the_files_ending(here, name, start):
    assert main(["pool", "effects.csv", "--forest", name]) == 0
    assert (here / name).read_bytes().startswith(start)


def test_another_ending_is_refused_and_nothing_written(here, capsys):
    assert main(["pool", "effects.csv", "--json", "o.json", "--forest", "f.jpg"]) == 2
    assert ".svg" in capsys.readouterr().err
    assert not (here / "o.json").exists()


def test_a_model_without_own_estimates_says_so(here, capsys):
    (here / "rows.csv").write_text("study,treat,y\n" + "".join(f"A,{i % 2},{i * i % 7}\n" for i in range(20)))
    (here / "spec.yaml").write_text("treatment_effect: common\nintercept: common\nmoderator: treat\n")
    status = main(["fit", "rows.csv", "--spec", "spec.yaml", "--forest", "f.svg"])
    assert status == 2
    assert not (here / "f.svg").exists()
