"""Every reader of a trial's files, and every YAML, on damaged and invented content: read, or a sentence."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders.hostile import mutate
from tests.builders.scenes import DATA, MAKERS
from tests.builders.statistics_bytes import spss, stata

from ipdma.codebook import load_codebook
from ipdma.codebook.text_yaml import read_text_yaml
from ipdma.errors import IpdmaError
from ipdma.harmless import why_harmful
from ipdma.site.check import check_study
from ipdma.site.formats import ReadOptions, read_table
from ipdma.yaml_values import parse_yaml

MISSING = 101  # "." in a byte of Stata's
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".sav", ".zsav", ".dta", ".sas7bdat", ".xpt", ".json", ".pdf", "")
HEADS = (
    b"",
    b"$FL2@(#)",
    b"$FL3@(#)",
    b"<stata_dta>",
    b"\x73\x01\x01\0",
    b"PK\x03\x04",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
)
chances = st.integers(0, 2**32).map(random.Random)


def reads(path, name):
    """Whether a file is read; an error must be a sentence that names it and quotes no sign that harms."""
    said, columns = "", []
    try:
        columns = read_table(path, ReadOptions()).columns
    except IpdmaError as error:
        said = str(error)
    assert columns or name in said
    assert not why_harmful(said.replace("\n", " ").replace(name, ""))
    assert all(len(column.cells) == len(columns[0].cells) for column in columns)
    return not said


@pytest.mark.parametrize("ending", ENDINGS)
@QUICK
@given(head=st.sampled_from(HEADS), body=st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_sentence(tmp_path_factory, ending, head, body):
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(head + body)
    reads(path, path.name)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A good file of each kind, by name."""
    top = tmp_path_factory.mktemp("good")
    found = {}
    for kind, name in DATA.items():
        MAKERS[kind](top / kind)
        found[name] = (top / kind / name).read_bytes()
    return found


@pytest.mark.parametrize("name", DATA.values())
@QUICK
@given(draw=chances)
def test_a_damaged_file_is_a_table_or_a_sentence(tmp_path_factory, good, name, draw):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(good[name])
    assert reads(path, name)
    path.write_bytes(mutate(good[name], name, draw))
    reads(path, name)


numbers = st.one_of(st.none(), st.floats(), st.integers(-(2**31), 2**31).map(float))
words = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=8)


@QUICK
@given(rows=st.lists(st.tuples(words, numbers), min_size=1, max_size=6))
def test_any_values_of_an_spss_file(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "made.sav"
    cells = [[word, float("nan") if number is None else number] for word, number in rows]
    path.write_bytes(spss([{"name": "ID", "width": 8}, {"name": "AGE", "width": 0}], cells))
    reads(path, path.name)


@QUICK
@given(values=st.lists(st.integers(-127, 127), min_size=1, max_size=6))
def test_any_values_of_a_stata_file(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "made.dta"
    path.write_bytes(stata([("id", "b", "%8.0g")], [[value] for value in values]))
    assert reads(path, path.name) or set(values) == {MISSING}  # without a single answer it is refused


@QUICK
@given(draw=chances)
def test_any_study_yaml_is_findings_or_a_sentence(tmp_path_factory, draw):
    folder = tmp_path_factory.getbasetemp() / "study"
    if not folder.exists():
        MAKERS["codebook"](folder)
    for path in (folder / "study.yaml", folder / "codebook" / "instruments" / "wellbeing.yaml"):
        before = path.read_bytes()
        path.write_bytes(mutate(before, path.name, draw))
        result = check_study(folder)
        path.write_bytes(before)
        assert result.error is None or result.error.strip()
        assert [e for e in result.not_checked if e["outcome"] == "tool_failed"] == []


BUILT_IN = load_codebook()


@pytest.mark.parametrize("parse", [parse_yaml, read_text_yaml])
@QUICK
@given(text=st.text(max_size=120) | st.text("{}[]:,-&*!|>'\"#%@ \n\tab01~", max_size=120))
def test_any_text_is_values_or_a_sentence_with_its_file(parse, text):
    said = ""
    try:
        parse(text, "it.yaml")
    except IpdmaError as error:
        said = str(error)
    assert not said or said.startswith("it.yaml")
    assert BUILT_IN.instruments
