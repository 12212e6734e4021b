"""A bundle is read whole or refused with every fault."""

import json
from dataclasses import fields

import numpy as np
import pytest
from tests.builders.bundles import HEADLINE, changed_text, small_bundle

from ipdma.bundle import bundle_text, parse_bundle, read_bundle
from ipdma.bundle.mapping import mapping_of
from ipdma.bundle.read import load_schema
from ipdma.bundle.records import (
    Arm,
    ArmCount,
    Attack,
    Column,
    Gate,
    Moments,
    ScaleOf,
    ScaleSquares,
    Serves,
    Withheld,
)
from ipdma.errors import ReadError


def refusal(text: str) -> str:
    with pytest.raises(ReadError) as caught:
        parse_bundle(text, "t.bundle.json")
    return str(caught.value)


def test_a_bundle_reads_back_to_the_same_bits(tmp_path):
    made = small_bundle()
    path = tmp_path / "t.bundle.json"
    path.write_text(bundle_text(made), encoding="utf-8")
    again = read_bundle(path)
    assert bundle_text(again) == bundle_text(made)
    ours, theirs = again.blocks[1].arms["A"], made.blocks[1].arms["A"]
    assert np.array_equal(ours.means, theirs.means)
    assert np.array_equal(ours.covariance, theirs.covariance)


def test_lists_of_numbers_stand_on_one_line():
    assert '"means": [' + repr(float(small_bundle().blocks[0].arms["A"].means[0])) in bundle_text(
        small_bundle()
    )


def test_a_block_is_found_by_the_set_of_its_columns():
    bundle = small_bundle()
    assert bundle.find(HEADLINE, ["baseline", "outcome"]) is bundle.blocks[0]
    assert bundle.find(HEADLINE, ["outcome", "baseline", "sex"]) is bundle.blocks[1]
    assert bundle.find(HEADLINE, ["outcome"]) is None
    assert bundle.find(HEADLINE, ["outcome", "baseline"], imputation=1) is None


def definitions(schema):
    """Every object of the schema that names its properties."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from definitions(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from definitions(value)


@pytest.mark.parametrize(
    "record", [Arm, ArmCount, Attack, Column, Gate, Moments, ScaleOf, ScaleSquares, Serves, Withheld]
)
def test_the_schema_has_the_fields_of_each_record(record):
    names = {field.name for field in fields(record)}
    found = [own for own in definitions(load_schema()) if set(own["properties"]) == names]
    assert found
    assert all(set(own["required"]) == names and own["additionalProperties"] is False for own in found)


def test_the_schema_requires_what_a_bundle_writes():
    assert (
        set(load_schema()["required"]) == set(mapping_of(small_bundle())) == set(load_schema()["properties"])
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: v.pop("plan"), "key 'plan' is missing"),
        (lambda v: v.update(colour="red"), "unknown key 'colour'"),
        (lambda v: v["arms"]["A"].update(participants=[1, 2]), "a bundle holds no list of participants"),
        (lambda v: v.update(ipdma_bundle=2), "ipdma_bundle: expected 1"),
        (lambda v: v["blocks"][0]["arms"]["A"]["means"].__setitem__(0, 60.0), "a mean outside the range"),
        (lambda v: v["blocks"][0]["arms"]["A"]["covariance"][1].__setitem__(0, 900.0), "not positive"),
        (lambda v: v["blocks"][0]["arms"]["A"]["covariance"][0].__setitem__(0, -1.0), "a variance below 0"),
        (
            lambda v: v["blocks"][0]["arms"]["A"]["covariance"][0].__setitem__(0, 9e5),
            "a variance larger than any",
        ),
        (lambda v: v["blocks"][1]["arms"]["A"]["means"].__setitem__(2, 0.601), "no whole number of them"),
        (
            lambda v: v["blocks"][0]["arms"]["A"]["means"].__setitem__(1, 22.501),
            "baseline: whole numbers whose sum, or sum of products, is no whole number",
        ),
        (
            lambda v: v["blocks"][1]["arms"]["A"]["means"].__setitem__(2, 0.5),
            "its variance is not that of its share",
        ),
        (lambda v: v["blocks"][1]["arms"]["A"]["means"].__setitem__(2, 0.5), "add up to 0.9; expected 1"),
        (lambda v: v["blocks"][0]["arms"]["A"].update(n=61), "61 people, and the trial's arm has 60"),
        (
            lambda v: v["blocks"][0]["arms"]["A"]["means"].pop(),
            "1 means and 2 rows of a lower triangle for 2 columns",
        ),
        (lambda v: v["blocks"][0]["arms"].update(C=v["blocks"][0]["arms"]["A"]), "arm 'C': is not among"),
        (lambda v: v["blocks"].append(v["blocks"][0]), "2 blocks of main depression post observed"),
        (lambda v: v["cells"][0]["arms"]["A"].update(observed=70), "70 outcomes of 60 people"),
        (lambda v: v["scales"][0].update(df=115), "115 degrees of freedom from 115 scores"),
        (lambda v: v["gate"].update(minimum_cell=1), "says that it is for sharing"),
        (lambda v: v["plan"].update(digest="G" * 64), "no SHA-256"),
        (lambda v: v["study"].update(id="=A1()"), "study.id"),
    ],
)
def test_a_changed_bundle_is_refused_with_the_place(change, sentence):
    assert sentence in refusal(changed_text(change))


def test_all_faults_come_at_once():
    def change(values):
        values["blocks"][0]["arms"]["A"]["means"][0] = 60.0
        values["blocks"][0]["arms"]["B"]["n"] = 56

    said = refusal(changed_text(change))
    assert "a mean outside the range" in said
    assert "56 people" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 40 + "]" * 40, "brackets 40 deep"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": NaN}', "'NaN' is no number"),
        ("rows", "no JSON"),
        ("[]", "expected keys and values"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        (json.dumps({"a": '["[' * 30}), "key 'study' is missing"),
    ],
)
def test_what_is_no_bundle_is_refused(text, sentence):
    assert sentence in refusal(text)


def test_a_number_beyond_all_numbers_is_refused():
    text = bundle_text(small_bundle()).replace('"year": 2004', '"year": 1e999')
    assert "year" in refusal(text)


def with_sets(*rows):
    """The small bundle with completed data sets of the headline: rows of numbers of one arm."""

    def change(values):
        block = values["blocks"][0]
        head = {key: block[key] for key in ("scale", "columns")}
        serves = [{**block["serves"][0], "rows": "imputed"}]
        values["completed"] = [{**head, "serves": serves, "arms": {"A": list(rows)}}]

    return changed_text(change)


SET = [60, 12.0, 20.0, 9.0, 1.0, 9.0]


def test_completed_sets_of_different_people_are_refused_where_the_gate_was_on():
    assert parse_bundle(with_sets(SET, SET), "t")
    other = with_sets(SET, [59, *SET[1:]])
    assert "completed.0.arms.A: its data sets are of different numbers of people" in refusal(other)
    mine = json.loads(other)
    mine["gate"] |= {"minimum_cell": 1, "for_sharing": False}
    assert parse_bundle(json.dumps(mine), "t")


@pytest.mark.parametrize(("place", "number"), [(0, "1e999"), (1, "9" * 320), (0, "9" * 320), (1, "1e999")])
def test_numbers_of_completed_sets_beyond_all_numbers_are_refused(place, number):
    text = with_sets([7777 if at == place else own for at, own in enumerate(SET)])
    said = refusal(text.replace("7777", number))
    assert any(words in said for words in ("inf people", "too many digits", "too large to be a number"))


def test_a_mean_of_too_many_digits_is_refused():
    def change(values):
        values["blocks"][0]["arms"]["A"]["means"][0] = 7777

    assert "too many digits" in refusal(changed_text(change).replace("7777", "9" * 320))


@pytest.mark.parametrize("end", [-1e300, -(10**298)])
def test_a_range_beyond_all_scores_is_refused(end):
    def change(values):
        values["blocks"][0]["columns"][0]["range"][0] = end

    assert "range" in refusal(changed_text(change))


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ReadError, match="there is no such file"):
        read_bundle(tmp_path / "none.bundle.json")
    path = tmp_path / "t.bundle.json"
    path.write_text(bundle_text(small_bundle()), encoding="utf-8")
    monkeypatch.setattr("ipdma.bundle.read.LARGEST", 10)
    with pytest.raises(ReadError, match="a bundle has at most 10"):
        read_bundle(path)
