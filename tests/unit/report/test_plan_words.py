"""The plan in words and the methods: a paper's words, none of the plan's keys, nothing left out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from tests.builders.report_mock import mock_material
from tests.builders.trials import REPOSITORY

from ipdma.plan import read_plan
from ipdma.report.ledger import Ledger
from ipdma.report.methods import methods_paragraphs
from ipdma.report.plan_parts import TOLD
from ipdma.report.plan_words import ELSEWHERE, NOT_TOLD, plan_rows

SCHEMA = REPOSITORY / "src" / "ipdma" / "plan" / "plan.schema.yaml"
KEYS = (
    "nst",
    "hksj",
    "by study",
    "gaussian",
    "binomial",
    "minimum studies",
    "per: ",
    "none",
    "column",
    "stratified",
)


@pytest.fixture(scope="module")
def material():
    plan = read_plan(REPOSITORY / "config" / "config.yaml").as_mapping()
    return replace(mock_material(3), plan=plan)


def test_no_word_of_the_plans_keys_is_left(material):
    told = dict(plan_rows(material))
    for text in [*told.values(), *methods_paragraphs(material, Ledger())]:
        assert not re.search(r"[a-z0-9]_[a-z0-9]", text), text
        for key in KEYS:
            assert not re.search(rf"\b{key}\b", text), (key, text)


def test_every_decision_has_its_row(material):
    told = dict(plan_rows(material))
    assert "13 to 78 weeks after the end of treatment, the visit nearest to week 52" in told["Time points"]
    assert "an intercept for each trial" in told["Models"]
    assert "Exploratory: duration of the episode, years (per 12 months)" in told["Moderators"]
    assert told["Few people"] == "Numbers of fewer than 10 people are withheld."
    assert told["Missing outcomes"].startswith("Multiple imputation within trial and arm, at least 20")


def test_a_part_without_words_of_its_own_is_told_name_by_name(material):
    plan = {**material.plan, "new_part": {"some_thing": [1, 2], "label": "A thing"}}
    told = dict(plan_rows(replace(material, plan=plan)))
    assert told["New part"] == "A thing (some thing: 1, 2)."


def test_the_table_names_parts_that_the_plan_has():
    known = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["properties"]
    assert {*TOLD, *ELSEWHERE, *NOT_TOLD} <= set(known)


def test_a_plan_with_hardly_anything_is_told_too(material):
    plan = {"contrasts": {"a": {"active": ["stpp"], "reference": ["tau"]}}, "models": {"primary": {}}}
    told = dict(plan_rows(replace(material, plan=plan)))
    assert told["Comparisons"] == "A: STPP against usual care."
    assert "not adjusted for any covariate" in told["Models"]
