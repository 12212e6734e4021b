"""The exported codebook, judged by the tools that it is written for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from ipdma.cli import main
from ipdma.codebook import load_codebook
from ipdma.codebook.exports import TEXT_EXPORTS

frictionless = pytest.importorskip("frictionless")
Package = frictionless.Package
Resource = frictionless.Resource
Schema = frictionless.Schema
system = frictionless.system
BUILTIN = load_codebook()
GOOD = {"study": "A", "participant": "0f", "arm": "x", "condition": "stpp", "age": "40.5", "sex": "female"}
GOOD_SCORE = {
    "study": "A",
    "participant": "0f",
    "instrument": "hamd17",
    "rating": "observer",
    "timepoint": "post",
}
GOOD_SCORE |= {"weeks": "16", "score": "12", "scoring": ""}


def faults(schema: dict, rows: list[dict[str, str]]) -> set[tuple[int, str]]:
    """What frictionless finds wrong: row number and field name."""
    names = [field["name"] for field in schema["fields"]]
    data = [names, *[[row.get(name, "") for name in names] for row in rows]]
    with system.use_context(standards="v2"):
        report = Resource(data=data, schema=Schema.from_descriptor(schema)).validate()
    return {(e.row_number, e.field_name) for e in report.tasks[0].errors if hasattr(e, "field_name")}


@pytest.fixture(scope="module")
def schemas():
    return {name: json.loads(text) for name, text in TEXT_EXPORTS["table-schema"](BUILTIN).items()}


def test_the_table_schemas_are_valid(schemas):
    for name, schema in schemas.items():
        if name != "datapackage.json":
            assert Schema.metadata_validate(schema) is not None
            assert not list(Schema.metadata_validate(schema)), name
    assert not list(Package.metadata_validate(schemas["datapackage.json"]))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("age", "forty"),
        ("age", "121"),
        ("age", "-1"),
        ("age", "12,5"),
        ("sex", "1"),
        ("condition", "stp"),
        ("chronic", "maybe"),
        ("previous_episodes", "1.5"),
        ("education", "university"),
        ("participant", ""),
        ("arm", ""),
    ],
)
def test_frictionless_finds_type_range_and_code_faults(schemas, column, cell):
    schema = schemas["participants.schema.json"]
    other = {**GOOD, "participant": "1a"}
    assert not faults(schema, [GOOD, other])
    assert faults(schema, [GOOD, {**other, column: cell}]) == {(3, column)}


@pytest.mark.parametrize("score", ["53", "-1", "12a"])
def test_frictionless_knows_the_range_of_each_scoring(schemas, score):
    schema = schemas["scores/hamd17.sum.schema.json"]
    assert not faults(schema, [GOOD_SCORE])
    assert faults(schema, [{**GOOD_SCORE, "score": score}]) == {(2, "score")}
    if score == "53":
        wider = schemas["scores/hamd17.sum_53.schema.json"]
        assert not faults(wider, [{**GOOD_SCORE, "score": score, "scoring": "sum_53"}])


def test_json_schema_is_valid_and_judges_rows():
    schema = json.loads(TEXT_EXPORTS["json-schema"](BUILTIN)["codebook.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    person = {"study": "A", "participant": "0f", "arm": "x", "condition": "stpp", "age": 40.5, "sex": None}
    score = {**GOOD_SCORE, "weeks": 16, "score": 52}
    upload = {"participants": [person], "assessments": [score], "missing": []}
    assert judge.is_valid(upload)
    for table, row in [
        ("participants", {**person, "age": 130}),
        ("participants", {**person, "sex": "f"}),
        ("participants", {**person, "shoe": 1}),
        ("assessments", {**score, "score": 53}),
        ("assessments", {**score, "instrument": "hamd18"}),
        ("assessments", {**score, "instrument": "bsi_dep", "scoring": "mean", "score": 5}),
    ]:
        assert not judge.is_valid({**upload, table: [row]}), row
    assert judge.is_valid({**upload, "assessments": [{**score, "score": 53, "scoring": "sum_53"}]})


def test_redcap_dictionary_has_its_18_columns_and_known_types():
    rows = list(csv.DictReader(io.StringIO(TEXT_EXPORTS["redcap"](BUILTIN)["redcap_data_dictionary.csv"])))
    assert len(rows[0]) == 18
    assert rows[0]["Variable / Field Name"] == "participant"
    assert rows[0]["Identifier?"] == "y"
    names = [row["Variable / Field Name"] for row in rows]
    assert len(set(names)) == len(names)
    assert {row["Field Type"] for row in rows} == {"text", "radio", "dropdown"}
    for row in rows:
        assert row["Variable / Field Name"].replace("_", "").isalnum()
        if row["Field Type"] != "text":
            assert all(", " in part for part in row["Choices, Calculations, OR Slider Labels"].split(" | "))
    hamd = next(row for row in rows if row["Variable / Field Name"] == "hamd17_score")
    assert (hamd["Text Validation Min"], hamd["Text Validation Max"]) == ("0", "54")


def test_the_page_escapes_and_needs_no_network(tmp_path):
    (tmp_path / "variables.yaml").write_text('hope: {type: number, label: "<script>x</script>"}\n')
    page = TEXT_EXPORTS["html"](load_codebook([tmp_path]))["codebook.html"]
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "http:" not in page.partition("<body>")[0].replace("https:", "http:")


def test_the_command_writes_every_format_twice_the_same(tmp_path, capsys):
    words = "html,xlsx,table-schema,json-schema,redcap"
    for folder in ("one", "two"):
        assert main(["codebook", "--format", words, "--out", str(tmp_path / folder)]) == 0
    one = {
        p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()
    }
    two = {
        p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()
    }
    assert one == two
    assert {p.suffix for p in one} == {".html", ".xlsx", ".json", ".csv"}
    assert main(["codebook", "--format", "redcap", "--out", str(tmp_path / "d.csv")]) == 0
    assert (tmp_path / "d.csv").is_file()


def test_the_workbook_holds_every_variable_as_text(tmp_path):
    from openpyxl import load_workbook

    assert main(["codebook", "--format", "xlsx", "--out", str(tmp_path)]) == 0
    book = load_workbook(tmp_path / "codebook.xlsx")
    assert [row[0].value for row in book["variables"].iter_rows(min_row=2) if row[0].value] == list(
        BUILTIN.variables
    )
    assert {row[0].value for row in book["instruments"].iter_rows(min_row=2) if row[0].value} == set(
        BUILTIN.instruments
    )


def test_mistakes_of_use_are_one_sentence(tmp_path, capsys):
    assert main(["codebook", "--format", "xlxs"]) == 2
    assert "did you mean 'xlsx'?" in capsys.readouterr().err
    assert main(["codebook", "--format", "xlsx"]) == 2
    assert main(["codebook", "--codebook", str(tmp_path / "none")]) == 2


def test_the_screen_gets_one_text_format(capsys):
    assert main(["codebook", "--format", "table-schema"]) == 0
    assert [f["name"] for f in json.loads(capsys.readouterr().out)["fields"]][:4] == [
        "study",
        "participant",
        "arm",
        "condition",
    ]


def test_the_documentation_says_what_the_codebook_says():
    page = Path(__file__).parents[3] / "docs" / "instruments.md"
    written = TEXT_EXPORTS["markdown"](BUILTIN)["instruments.md"]
    assert page.read_text(encoding="utf-8") == written, (
        "run: ipdma codebook --format markdown --out docs/instruments.md"
    )
