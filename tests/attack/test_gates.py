"""Texts from outside: refused with their place, or shown harmless."""

import csv
import re
import time
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders.report_mock import mock_material
from tests.builders.report_texts import texts_of
from tests.builders.trials import MAPPING, PLAN, make_consortium, write_plan, write_trial

from ipdma.cli import main, place_in_package
from ipdma.errors import IpdmaError, PlanError, ReadError
from ipdma.harmless import for_terminal, policy_for, why_harmful
from ipdma.plan import Plan, read_plan
from ipdma.runs.begin import begin
from ipdma.writing import write_file
from ipdma.yaml_values import parse_yaml

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: " + "9" * 5000, "line 2: a number of 5000 characters"),
        ("a: 1\nb: 1" + "0" * 390, "line 2: a number of 391 characters"),
        ("a: 1e999", "line 1: a number of 5 characters"),
        ("a: " + "[" * 3000, "nested too deeply|nested deeper"),
        ("a: " + "[" * 60 + "]" * 60, "line 1: nested deeper than 40 levels"),
        (BOMB, "line \\d: unfolds to more than 100000 entries"),
        ("a: &a [*a]", "inside its own anchor"),
        ("x: 1\na: !!python/object/apply:os.system [ls]", "line 2: could not determine a constructor"),
        ("x: 1\na: !whatever 3", "line 2: could not determine a constructor"),
        ('x: 1\na: "\\e[2J"', "line 2: a text that holds a control character .U.001B"),
        ('x: 1\na: "\\u202e"', "line 2: a text that holds a sign that turns .*U.202E"),
        ('x: 1\n"a\\a": 2', "line 2: a text that holds a control character"),
        ("x: 1\na: \x1b", "line 2: a control character, which YAML does not allow"),
        ("x: 1\na: \0", "control character"),
        ("a: b: c", "line 1"),
        ("a: 1\na: 2", "line 2: the key 'a' occurs twice"),
    ],
)
def test_typed_yaml_is_refused_with_its_line(text, words):
    began = time.perf_counter()
    with pytest.raises(ReadError, match=words):
        parse_yaml(text, "plan.yaml")
    assert time.perf_counter() - began < 5


def test_what_yaml_holds_is_read_as_before():
    text = "a: &x {b: [1, -2.5e-3, no, 01, 2020-01-01, ~], c: 'é\\n'}\nd: [*x, true]\n"
    inner = {"b": [1, -2.5e-3, "no", "01", "2020-01-01", None], "c": "é\\n"}
    assert parse_yaml(text, "x") == {"a": inner, "d": [inner, True]}
    assert parse_yaml("", "x") is None


yaml_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@QUICK
@given(st.text(max_size=200) | yaml_values.map(lambda value: yaml.safe_dump(value, allow_unicode=True)))
def test_any_text_is_values_or_a_sentence(text):
    said = ""
    try:
        parse_yaml(text, "plan.yaml")
    except ReadError as error:
        said = str(error)
    assert not said or said.startswith("plan.yaml: ")


KEYS = sorted(
    {*PLAN, "moderators", "missing", "tree", "multiverse", "external", "seed", "minimum_cell", "footer"}
)


@QUICK
@given(st.dictionaries(st.sampled_from(KEYS), yaml_values, max_size=3))
def test_any_plan_is_a_plan_or_sentences(changes):
    said = ""
    try:
        Plan.from_mapping({**PLAN, **changes})
    except PlanError as error:
        said = str(error)
    assert not said or said.startswith("the plan: ")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three small trials."""
    make_consortium(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


LETTERS = ("a\x07b", "\x1b[31m", "a\u202eb", "a\x0bb", "\x9b2J")
ODD = ("-1 to 0", "+1 SD", "<12", "a = b", "- draft -", "100 % {{y}}", "\\frac{a}{b}", "{x}")


@pytest.mark.parametrize("text", [*LETTERS, "=1+1", "@SUM(A1)", "+cmd|'/c calc'!A0", "-x()"])
@pytest.mark.parametrize("place", ["title", "label", "labels", "name"])
def test_a_text_of_the_plan_that_would_harm(folder, text, place):
    changes = {
        "title": {"title": text},
        "label": {"contrasts": {"main": {**PLAN["contrasts"]["main"], "label": text}}},
        "labels": {"moderators": {"age": {"column": "age", "cuts": [40], "labels": [text, "older"]}}},
        "name": {"moderators": {text: {"column": "age"}}},
    }
    with pytest.raises(PlanError) as error:
        Plan.from_mapping({**PLAN, **changes[place]})
    said = str(error.value)
    assert "type the text again without it" in said or "formula of a spreadsheet" in said or "key" in said
    assert not why_harmful(said)


@pytest.mark.parametrize("text", ODD)
def test_a_text_that_only_looks_odd_is_taken(text):
    plan = Plan.from_mapping({**PLAN, "title": text, "footer": text})
    assert plan["title"] == text


def test_a_cell_of_the_registry(folder):
    write_file(folder / "meta" / "studies.tsv", "study\tstatus\treason\nA\tipd\t=1+1\nB\tipd\tx\x1b[2J\n")
    write_plan(folder / "plan.yaml", registry="meta/studies.tsv")
    with pytest.raises(PlanError) as error:
        begin([folder / "plan.yaml"], {}, False)
    said = str(error.value)
    assert "row 2, column 'reason': the cell begins with '='" in said
    assert "row 3, column 'reason': the cell holds a control character (U+001B" in said


@pytest.mark.parametrize("name", ["=A", "@A", "A\x1b", "A\u202e", "A{x}", "+A"])
def test_a_study_id_that_would_harm(folder, name):
    text = MAPPING.format(study='"' + name.replace("\x1b", "\\e").replace("\u202e", "\\u202e") + '"')
    write_file(folder / "trials" / "B" / "study.yaml", text)
    with pytest.raises(PlanError, match="cannot name a file") as error:
        begin([folder / "plan.yaml"], {}, False)
    assert not why_harmful(str(error.value).replace("\n", " "))


@pytest.mark.parametrize("name", ["scores {x}.csv", "100 {{y}}.csv", "a,b;c.csv", "é 'x' \"y\".csv"])
def test_a_data_file_may_have_any_name_and_no_one_outside_reads_it(folder, name):
    trial = folder / "trials" / "B"
    (trial / "scores.csv").rename(trial / name)
    mapping = yaml.safe_load((trial / "study.yaml").read_text(encoding="utf-8"))
    mapping["source"]["file"] = name
    write_file(trial / "study.yaml", yaml.safe_dump(mapping, allow_unicode=True))
    run = begin([folder / "plan.yaml"], {}, False)
    assert run.files("harmonise/B")["B/data"].name == name
    assert name not in str(run.recipes)


def test_suppression_cannot_be_turned_off_without_a_word():
    with pytest.raises(PlanError, match="minimum_cell"):
        Plan.from_mapping({**PLAN, "minimum_cell": 0})


@pytest.mark.parametrize("key", ["\x1b]0;owned\x07", "a\u202eb"])
def test_what_a_trial_holds_reaches_the_terminal_harmless(tmp_path, capsys, key):
    write_trial(tmp_path / "A", "A")
    path = tmp_path / "A" / "scores.csv"
    rows = list(csv.reader(path.open(encoding="utf-8"), delimiter=";"))
    rows[1][1] = key
    path.write_text("\n".join(";".join(row) for row in rows), encoding="utf-8")
    status = main(["check", str(tmp_path / "A")])
    said = capsys.readouterr()
    assert status in (1, 2)
    assert not why_harmful((said.out + said.err).replace("\n", " "))


@QUICK
@given(st.text())
def test_no_text_is_obeyed_by_a_terminal(text):
    shown = for_terminal(text)
    assert not why_harmful(shown)
    assert for_terminal(shown) == shown


def test_a_fault_of_the_tool_does_not_tell_where_things_lie():
    assert place_in_package("/home/anna/x/src/ipdma/site/check.py") == "site/check.py"
    assert place_in_package("/home/anna/.venv/lib/python3.11/site-packages/numpy/a.py") == "numpy/a.py"
    assert place_in_package("C:\\Users\\anna\\x.py") == "x.py"


@pytest.mark.parametrize("command", ["fit", "pool"])
@pytest.mark.parametrize(
    "text", ["a: " + "9" * 5000, "a: " + "[" * 3000, BOMB, "a: !!python/name:os.system x"]
)
def test_specs_pass_the_same_gate(tmp_path, capsys, command, text):
    write_file(tmp_path / "rows.csv", "study,y,treat\na,1,0\n")
    write_file(tmp_path / "spec.yaml", text)
    words = [
        str(tmp_path / "rows.csv"),
        "--spec",
        str(tmp_path / "spec.yaml"),
        "--json",
        str(tmp_path / "o.json"),
    ]
    assert main([command, *words]) == 2
    assert re.search("line|nested", capsys.readouterr().err)


def test_an_override_on_the_command_line_passes_the_gate(folder):
    with pytest.raises(IpdmaError, match="control character"):
        read_plan(folder / "plan.yaml", {"title": "a\x1bb"})


@pytest.mark.parametrize("place", ["n" * 300, "loop/within"])
@pytest.mark.parametrize(
    "words",
    [
        ["check", "{}"],
        ["check", "trials/A", "--json", "{}"],
        ["harmonise", "trials/A", "--out", "{}"],
        ["scan", "trials/A/scores.csv", "--out", "{}"],
        ["template", "trials/A", "--from", "{}"],
        ["codebook", "--format", "html", "--out", "{}"],
        ["bundle", "{}", "--plan", "plan.yaml", "--out", "a.bundle.json"],
        ["twin", "{}", "--out", "twins"],
        ["verify", "{}"],
    ],
)
def test_a_place_that_the_system_refuses_is_a_sentence(folder, capsys, words, place):
    (folder / "loop").symlink_to("loop")
    assert main([word.format(place) for word in words]) == 2
    said = capsys.readouterr()
    assert place.rpartition("/")[2][:40] in said.out + said.err


@pytest.mark.parametrize("words", [["harmonise", "trials/A", "--out"], ["template", "trials/A", "--out"]])
def test_no_name_of_an_output_is_obeyed_by_a_terminal(folder, capsys, words):
    assert main([*words, "a\x1b[2J.xlsx"]) == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err


def test_a_plan_that_prints_small_counts_says_so_on_every_page():
    plan = mock_material(3).plan
    for least, said in ((10, 0), (5, 1)):
        material = replace(mock_material(3), plan={**plan, "minimum_cell": least, "footer": "A footer."})
        note = "Counts from 5 people on are printed"
        pages = {name: content for name, content in texts_of(material) if name.endswith("html")}
        tables = [name for name in pages if name.startswith("tables/")]
        assert tables
        assert all((note in pages[name].decode()) == bool(said) for name in [*tables, "report.html"])
        assert material.stamp.startswith("A footer.")
        assert (note in material.stamp) == bool(said)


def assert_guarded(page):
    """Nothing loads, and no look is given but by the one style sheet."""
    policy = policy_for(page)
    assert "default-src 'none'" in policy
    assert re.search(r"style-src 'sha256-[\w+/]{43}='", policy)
    assert "unsafe" not in policy
    assert policy in page
    assert not re.search(r"<[^>]* style=", page)


def test_every_page_has_the_content_policy():
    pages = {name: content for name, content in texts_of(mock_material(3)) if name.endswith("html")}
    assert {"report.html", "prisma_ipd.html", "tables/efficacy.html"} <= set(pages)
    for content in pages.values():
        assert_guarded(content.decode())


def test_so_have_those_of_a_site_and_of_the_codebook(tmp_path):
    write_trial(tmp_path / "A", "A")
    local, shareable, codebook = (tmp_path / f"{name}.html" for name in ("local", "shareable", "codebook"))
    assert main(["check", str(tmp_path / "A"), "--html", str(local), "--shareable", str(shareable)]) == 0
    assert main(["codebook", "--format", "html", "--out", str(codebook)]) == 0
    for page in (local, shareable, codebook):
        assert_guarded(page.read_text(encoding="utf-8"))
