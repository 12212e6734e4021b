"""`ipdma fit` and `ipdma pool`: what is read, what is written, what is refused and how."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from tests.builders.logistic_rows import draw_trials

from ipdma.cli import main
from ipdma.errors import DataError, ReadError
from ipdma.io import read_rows_csv, write_json
from ipdma.writing import write_file
from ipdma.yaml_values import parse_yaml

EFFECTS = "study,yi,vi\n007,0.5,0.04\n008,0.1,0.05\n010,0.9,0.05\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(here, command, table, spec):
    """Exit status and the JSON, or None where none was written."""
    (here / "table.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    (here / "spec.yaml").write_text(spec)
    status = main([command, "table.csv", "--spec", "spec.yaml", "--json", "out.json"])
    out = here / "out.json"
    return status, json.loads(out.read_text()) if out.exists() else None


def trials():
    return draw_trials(4, 40).to_csv(index=False)


def test_studies_are_text_and_the_json_is_section_three(here):
    status, out = run(here, "pool", EFFECTS, "ci: wald\n")
    assert status == 0
    assert list(out["weights"]) == ["007", "008", "010"]
    assert out["df"] is None
    assert out["k"] == 3
    assert not list(here.glob(".out.json*"))


def test_a_fit_is_section_two(here):
    status, out = run(here, "fit", trials(), "family: binomial\nquadrature: 1\n")
    assert status == 0
    keys = (
        "estimates tests contrasts prediction variance variance_ci criterion criterion_name n_studies n_rows "
        "n_rows_excluded df_method converged singular warnings engine version"
    )
    assert list(out) == keys.split()
    assert out["estimates"][0]["term"] == "treatment"
    assert out["variance"]["residual"] is None


def test_semicolons_decimal_commas_and_old_encodings_are_read(here):
    table = "étude;yi;vi\nMünchen;0,5;0,04\nb;0,1;0,05\nc;0,9;0,05\n".encode("cp1252")
    status, out = run(here, "pool", table, "study: étude\n")
    assert status == 0
    assert next(iter(out["weights"])) == "München"
    assert out["estimate"] == pytest.approx(run(here, "pool", EFFECTS, "")[1]["estimate"])


def test_rows_without_a_number_are_left_out_and_said(here):
    status, out = run(here, "pool", EFFECTS + "011,,0.05\n012,NA,0.04\n", "")
    assert status == 0
    assert out["k"] == 3
    assert "2 of 5 rows left out" in out["warnings"][-1]


@pytest.mark.parametrize(
    ("command", "table", "spec", "words"),
    [
        ("pool", EFFECTS, "tau2: reml\ntau2: dl\n", "'tau2' occurs twice"),
        ("pool", EFFECTS, "std_eror: sei\n", "did you mean 'std_error'"),
        ("pool", EFFECTS, "std_error: sei\n", "no column 'sei'"),
        ("pool", EFFECTS.replace("0.5", "half"), "", "expected numbers, got text"),
        ("pool", EFFECTS.replace("0.04", "-0.04"), "", "above zero"),
        ("pool", EFFECTS.replace("0.5,", "inf,"), "", "finite estimate"),
        ("pool", "study,yi,vi\n", "", "no study estimate"),
        ("pool", "", "", "empty file"),
        ("pool", EFFECTS, "[1, 2]\n", "expected keys and values"),
        ("pool", EFFECTS, "level: 95\n", "between 0 and 1"),
        ("fit", trials(), "family: binomial\ndf: kenward_roger\n", "needs family: gaussian"),
        ("fit", trials(), "family: binomial\nfamily: gaussian\n", "occurs twice"),
        ("fit", trials(), "outcome: depressed\n", "'depressed'"),
        ("fit", trials(), "treatment_efect: common\n", "did you mean 'treatment_effect'"),
        ("fit", trials(), "family: binomial\nintercept: random\nquadrature: 9\n", "one random effect"),
        ("fit", trials(), "stages: two\ncontrasts: {a: {treatment: 1}}\n", "stages: two"),
        ("fit", trials(), "outcome: [y\n", "line"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_two(here, capsys, command, table, spec, words):
    status, out = run(here, command, table, spec)
    message = capsys.readouterr().err
    assert (status, out) == (2, None)
    assert words in message
    assert "Traceback" not in message


def test_a_missing_file_is_named(here, capsys):
    assert main(["pool", "absent.csv", "--json", "out.json"]) == 2
    assert "absent.csv: no such file" in capsys.readouterr().err


def test_the_module_is_the_command(here):
    (here / "table.csv").write_text(EFFECTS)
    command = [sys.executable, "-m", "ipdma", "pool", "table.csv", "--json", "out.json"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((here / "out.json").read_text())["k"] == 3


def test_the_same_bytes_twice(here):
    run(here, "fit", trials(), "family: binomial\n")
    first = (here / "out.json").read_bytes()
    run(here, "fit", trials(), "family: binomial\n")
    assert (here / "out.json").read_bytes() == first


def test_yaml_words_keep_their_meaning():
    text = "levels: [no, yes, 01, 1.50, 2020-01-01]\nn: 1e-3\nb: true\ne:\n"
    value = parse_yaml(text, "spec")
    assert value == {"levels": ["no", "yes", "01", 1.5, "2020-01-01"], "n": 0.001, "b": True, "e": None}
    with pytest.raises(ReadError, match="line 2: the key 'a' occurs twice"):
        parse_yaml("a: 1\na: 2\n", "spec")


def test_a_file_is_written_whole_or_not_at_all(here, monkeypatch):
    target = here / "folder" / "file.txt"
    write_file(target, "first")
    monkeypatch.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(OSError(28, "no space")))
    with pytest.raises(ReadError, match="cannot be written"):
        write_file(target, "second")
    assert target.read_text() == "first"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]
    with pytest.raises(ValueError):
        write_json(here / "nan.json", {"a": float("nan")})
    assert not (here / "nan.json").exists()


def test_a_table_keeps_text_where_it_is_asked_to(here):
    (here / "t.csv").write_text("\ufeffstudy,x,y\n 007 ,1,a\n\n008,NA,\n", encoding="utf-8")
    table = read_rows_csv(here / "t.csv", text=["study"])
    assert table["study"].tolist() == ["007", "008"]
    assert table["x"].dtype == float
    assert pd.isna(table["x"][1])
    assert pd.isna(table["y"][1])
    (here / "t.csv").write_text("a,b,a\n1,2,3\n")
    with pytest.raises(DataError, match="more than once in the header: a"):
        read_rows_csv(here / "t.csv")
    (here / "t.csv").write_text("a,b\n1,2,3\n")
    with pytest.raises(ReadError, match="more cells than the header in row 2"):
        read_rows_csv(here / "t.csv")
    (here / "t.csv").write_bytes(b"PK\x03\x04\x00\x00")
    with pytest.raises(ReadError, match="text file"):
        read_rows_csv(here / "t.csv")


def test_a_header_longer_than_every_row_is_refused_rather_than_shifted(here):
    (here / "table.csv").write_text("study,,treat,y\na,0,1\na,1,2\n")
    with pytest.raises(ReadError, match="fewer cells than the header in rows 2, 3"):
        read_rows_csv(here / "table.csv")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("contrasts: {half: {treatmant: 1}}", ["half", "did you mean 'treatment'"]),
        ("contrasts: {none: {treatment: 0, 'intercept[S0]': 0}}", ["none", "other than zero"]),
        ("stages: two\nbaseline_visit: '0'", ["baseline_visit needs visit"]),
        ("stages: two\ncovariance: unstructured", ["covariance: unstructured needs visit"]),
    ],
)
def test_a_spec_that_cannot_be_fitted_is_one_sentence(here, capsys, spec, words):
    status, out = run(here, "fit", trials(), spec + "\n")
    message = capsys.readouterr().err
    assert (status, out) == (2, None)
    assert all(word in message for word in words)
    assert len(message.strip().splitlines()) == 1


HEADER = "study,treat,base,y,z\n"
ROWS = "".join(f"S{i % 4},{i // 4 % 2},{i * 7 % 11},{(i * 5 % 13) / 2},1\n" for i in range(48))


@pytest.mark.parametrize(
    ("row", "words"), [("S1,1.5,2.5,1\n", "fewer cells"), ("S1,1,1.5,2.5,1,7\n", "more cells")]
)
@pytest.mark.parametrize("before", [0, 5])
def test_a_row_whose_cells_have_moved_is_refused_by_number(here, capsys, row, words, before):
    lines = ROWS.splitlines(keepends=True)
    table = HEADER + "".join(lines[:before]) + row + "".join(lines[before:])
    assert run(here, "fit", table, "covariates: [base]\n") == (2, None)
    assert f"{words} than the header in row {before + 2};" in capsys.readouterr().err


def test_a_separator_too_many_on_every_row_and_blank_rows_move_no_cell(here):
    table = HEADER + ROWS.replace("\n", ",\n") + "\n,,,,,\n"
    assert run(here, "fit", table, "covariates: [base]\n")[1]["n_rows"] == 48


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null"])
def test_a_study_may_have_a_name_that_means_missing_elsewhere(here, name):
    status, out = run(here, "fit", (HEADER + ROWS).replace("S2", name), "covariates: [base]\n")
    assert (status, out["n_studies"], out["n_rows"]) == (0, 4, 48)
    status, out = run(here, "pool", EFFECTS.replace("008", name), "ci: hksj\n")
    assert name in out["weights"]


def test_a_number_that_looks_like_a_missing_code_is_asked_about(here):
    plain = run(here, "fit", HEADER + ROWS, "covariates: [base]\n")[1]
    coded = run(here, "fit", HEADER + ROWS + "S1,1,999,2,1\nS1,0,999,2,1\n", "covariates: [base]\n")[1]
    assert not [w for w in plain["warnings"] if "code for a missing value" in w]
    (warning,) = [w for w in coded["warnings"] if "code for a missing value" in w]
    assert "'base': in 2 rows (first at data row 49)" in warning


def test_levels_are_compared_as_codes_are(here):
    spec = "moderator: z\nmoderator_type: categorical\nlevels: [no, yes]\n"
    rows = [line.rsplit(",", 1)[0] for line in ROWS.splitlines()]
    words = ["No", "YES", "yes", "NO", "no"]
    table = HEADER + "".join(f"{row},{words[i % 5]}\n" for i, row in enumerate(rows))
    status, out = run(here, "fit", table, spec)
    assert status == 0
    assert "treatment:within:z[yes]" in [e["term"] for e in out["estimates"]]


def test_studies_that_differ_by_case_alone_are_asked_about(here):
    out = run(here, "fit", (HEADER + ROWS).replace("S3", "s2"), "covariates: [base]\n")[1]
    assert any("S2, s2 differ by case alone" in w for w in out["warnings"])
