"""Predicted benefit in words and tables: first what it is worth."""

from dataclasses import replace

import pytest
from tests.builders.prediction_material import PROFILES, prediction_material

from ipdma.report.ledger import Ledger, print_again
from ipdma.report.material import Analysis
from ipdma.report.prediction_words import prediction_sentences
from ipdma.report.sections.whom import prediction_part
from ipdma.report.shelf import Shelf
from ipdma.report.table import Section
from ipdma.report.tables_prediction import tabulate_prediction

ASKED = Analysis("stpp_control", "depression", "post")


@pytest.fixture(scope="module")
def strong():
    return prediction_material()


def said(material):
    return prediction_sentences(material, ASKED, Ledger().pen("here"))


def rows_of(table):
    return [row for row in table.rows if not isinstance(row, Section)]


def test_the_first_sentence_says_what_predictions_are_worth(strong):
    assert said(strong).startswith("Better than the average effect in trials that had no part in them")
    assert "Log duration" not in said(strong)
    none = said(prediction_material(within=0.0, variables=["severity", "age"]))
    assert none.startswith("No better than the average effect: predictions from baseline severity and age")
    few = said(prediction_material(sizes=(60, 70)))
    assert few.startswith("Not shown to be better than the average effect")


def test_a_plan_that_imputes_says_that_predictions_do_not(strong):
    assert "take no part" not in said(strong)
    plan = {**strong.plan, "missing": {"method": "multiple_imputation", "outcomes": ["depression"]}}
    assert "take no part, although this plan imputes elsewhere" in said(replace(strong, plan=plan))


def test_no_prediction_says_why():
    assert said(prediction_material(variables=["sex"], sizes=(40,))).startswith("No benefit was predicted: ")


def test_every_table_says_first_what_predictions_are_worth(strong):
    tables = [table for table in tabulate_prediction(strong, Ledger()) if not table.empty]
    assert [t.name for t in tables] == [
        "prediction", "prediction_tested", "prediction_thirds", "prediction_decisions",
    ]  # fmt: skip
    assert all("Better than the average effect" in table.notes[0] for table in tables)


def test_every_number_is_traced_to_a_record(strong):
    ledger = Ledger()
    tabulate_prediction(strong, ledger)
    prediction_sentences(strong, ASKED, ledger.pen("report/whom"))
    assert len(ledger.claims) > 80
    for claim in ledger.claims:
        assert claim.printed == print_again(claim.value, claim.digits)


def test_benefit_is_what_is_lost_without_the_treatment(strong):
    table = next(iter(tabulate_prediction(strong, Ledger())))
    number = {ord("\u2212"): "-"}
    for _, treated, without, benefit in rows_of(table):
        value = float(benefit.translate(number).split()[0])
        expected = float(without.translate(number)) - float(treated.translate(number))
        assert value == pytest.approx(expected, abs=0.11)


def test_a_profile_outside_the_data_says_so():
    table = next(iter(tabulate_prediction(prediction_material(profiles=PROFILES), Ledger())))
    names = [row[0] for row in rows_of(table)]
    assert names[0].startswith("Severe: baseline severity 8 HAM-D points, sex male")
    assert names[1] == "Never seen: age 99 years (extrapolated: age outside the data)"


def test_the_page_has_the_sentence_and_the_rest_closed(strong):
    ledger = Ledger()
    tables = tabulate_prediction(strong, ledger)
    page = prediction_part(strong, ledger.pen("report/whom"), Shelf(tables, [], {}))
    before, _, inside = page.partition("<details>")
    assert "Better than the average effect" in before
    assert "<table" not in before
    assert inside.count("<table") == 4
    assert inside.count("<li>") == 12
