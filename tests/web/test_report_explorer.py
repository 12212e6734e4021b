"""The report's explorer as a reader uses it, in Chromium."""

from __future__ import annotations

import csv
import io

import pytest
from tests.builders.report_mock import mock_material
from tests.builders.report_page import explorer_data, report_page, spec_of

from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec

LIT = """
    [...document.querySelectorAll('.lit')].map(e => [e.dataset.study, e.closest('svg') ? 'figure' : 'table'])
"""
NUMBERS = """
    Object.fromEntries([...document.querySelectorAll('#explore-numbers dd')]
        .map(e => [e.dataset.field, e.dataset.value === '' ? null : Number(e.dataset.value)]))
"""
SHOWN = "#explore-trials tbody:not([hidden]) tr[data-study]"
ASKED = {"tau2": "reml", "ci": "nst", "prediction": "pivot", "level": 0.95}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A report of eleven invented trials, every contrast's forest plot among its figures."""
    target = tmp_path_factory.mktemp("explored") / "report.html"
    target.write_text(report_page(mock_material(11)), encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def questions(file):
    """The trials with participants' data behind the explorer, by question: what is pooled at first."""
    asked = explorer_data(file.read_text("utf-8"))["questions"]
    return {one["id"]: [t for t in one["trials"] if not t["published"]] for one in asked}


@pytest.fixture
def page(browser, file):
    """The report with the explorer open; nothing may be refused or fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made, told = context.new_page(), []
    made.on("console", lambda message: told.append(message.text))
    made.on("pageerror", lambda error: told.append(str(error)))
    made.goto(file.as_uri())
    made.locator("#explore > summary").click()
    yield made
    context.close()
    assert told == []


def choose(page, **choices):
    """Choose from the lists."""
    for name, value in choices.items():
        page.locator(f"#explore-{name}").select_option(value)


def assert_pooled(page, trials, **asked):
    """The page shows what `ipdma pool` gives."""
    spec = PoolSpec.from_mapping(spec_of({**ASKED, **asked}))
    names, y, se = zip(*((t["study"], t["estimate"], t["std_error"]) for t in trials), strict=True)
    wanted = pool_effects(names, y, se, spec).as_json()
    found = page.evaluate(NUMBERS)
    assert len(found) == 16
    assert found == {name: pytest.approx(wanted[name], rel=1e-6) for name in found}


def test_what_the_reader_chooses_is_pooled_at_once(page, questions):
    trials = questions["stpp_control.depression.post"]
    choose(page, tau2="reml", ci="nst", prediction="pivot")
    assert_pooled(page, trials)
    page.locator(f"{SHOWN} input").nth(2).uncheck()
    left = [t for t in trials if t["study"] != page.locator(SHOWN).nth(2).get_attribute("data-study")]
    assert_pooled(page, left)
    for tau2, ci, prediction in (("dl", "hksj", "t"), ("pm", "modified_hksj", "pivot"), ("ml", "wald", "t")):
        choose(page, tau2=tau2, ci=ci, prediction=prediction)
        assert_pooled(page, left, tau2=tau2, ci=ci, prediction=prediction)
    assert page.locator("#explore-plot g[data-study]").count() == 10
    assert page.locator("#explore-sentence").inner_text().startswith("Reader\u2019s own analysis")
    page.locator("#explore-all").click()
    assert_pooled(page, trials, tau2="ml", ci="wald", prediction="t")


def test_another_question_brings_its_own_trials(page, questions):
    choose(page, outcome="response", timepoint="follow_up", tau2="reml", ci="nst", prediction="pivot")
    assert_pooled(page, questions["stpp_control.response.follow_up"])
    assert "odds ratio" in page.locator("#explore-sentence").inner_text()
    assert page.locator(SHOWN).count() == 12  # a published result among them


def test_the_copy_of_a_figure_looks_like_it(page):
    name = page.locator("#explore-kind").input_value()
    fills = "e => [...e.querySelectorAll('svg *')].map(part => getComputedStyle(part).fill)"
    held = page.evaluate_handle("name => document.getElementById(`figure-${name}`)", name)
    assert page.locator("#explore-stage figure").evaluate(fills) == held.evaluate(fills)


def test_no_trial_left_says_so(page):
    for box in page.locator(f"{SHOWN} input").all():
        box.uncheck()
    assert "no trial is left" in page.locator("#explore-sentence").inner_text()
    assert page.locator("#explore-numbers dd").count() == 0


def test_a_filter_hides_rows_and_pools_nothing_again(page, questions):
    choose(page, tau2="reml", ci="nst", prediction="pivot")
    trials = questions["stpp_control.depression.post"]
    kept = [t for t in trials if t["comparator"] == "Waitlist"]
    choose(page, comparator="Waitlist")
    assert page.locator(f"{SHOWN}:visible").count() == len(kept) < len(trials)
    assert_pooled(page, trials)
    assert "still take part in your pool" in page.locator("#explore-hidden").inner_text()
    page.locator("#explore-drop").click()
    assert_pooled(page, kept)
    assert "None of them takes part" in page.locator("#explore-hidden").inner_text()


def test_a_trial_is_lit_up_wherever_it_stands(page):
    row = page.locator(SHOWN).nth(4)
    study = row.get_attribute("data-study")
    row.locator("th").hover()
    lit = page.evaluate(LIT)
    assert {name for name, _ in lit} == {study}
    assert {place for _, place in lit} == {"figure", "table"}
    assert page.locator("#explore-stage .lit").count() > 0
    assert page.locator("#explore-plot .lit").count() == 1
    page.locator("h1").hover()
    assert page.locator(".lit").count() == 0
    row.locator("input").focus()
    assert page.locator(f'.lit[data-study="{study}"]').count() == len(lit)


def test_tables_are_sorted_by_keyboard_and_back(page):
    names = f"[...document.querySelectorAll('{SHOWN}')].map(e => e.dataset.study)"
    before = page.evaluate(names)
    head = page.locator("#explore-trials thead button").nth(6)
    orders = []
    for _ in range(3):
        head.focus()
        page.keyboard.press("Enter")
        orders.append((page.locator("#explore-trials th[aria-sort]").count(), page.evaluate(names)))
    weights = page.locator(f"{SHOWN} td:last-child").all_inner_texts()
    of = {name: float(text) for name, text in zip(before, weights, strict=True) if text != "\u2014"}
    assert [of[name] for name in orders[0][1] if name in of] == sorted(of.values())
    assert [of[name] for name in orders[1][1] if name in of] == sorted(of.values(), reverse=True)
    assert orders[2] == (0, before)
    assert page.locator("#explore-trials tbody:not([hidden]) tr").last.inner_text().startswith("Pooled")


def test_figure_data_and_own_plot_are_saved(page, questions):
    saved = {}
    for name in ("save-figure", "save-data", "save-own"):
        with page.expect_download() as begun:
            page.locator(f"#explore-{name}").click()
        saved[name] = (begun.value.suggested_filename, begun.value.path().read_text("utf-8"))
    assert saved["save-figure"][0] == "forest.stpp_control.depression.post.svg"
    assert all(
        "<svg" in saved[name][1] and "@font-face" in saved[name][1] for name in ("save-figure", "save-own")
    )
    assert "Reader\u2019s own" in saved["save-own"][1]
    rows = list(csv.DictReader(io.StringIO(saved["save-data"][1])))
    wanted = questions["stpp_control.depression.post"]
    pooled = [row for row in rows if row["in_readers_own_pool"] == "yes"]
    assert [float(row["estimate"]) for row in pooled] == [one["estimate"] for one in wanted]
    assert len(rows) == len(wanted) + 1  # the published result, which nobody has ticked


def test_a_sentence_is_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    place = page.locator('section[aria-labelledby="methods"] > p').first
    words = place.evaluate("e => e.firstChild.textContent")
    place.locator("button").click()
    assert page.evaluate("navigator.clipboard.readText()").strip().startswith(words.strip())
    page.locator("#explore-copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#explore-sentence").inner_text()


def test_without_a_script_all_of_it_can_be_read(browser, file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    page.locator("#explore > summary").click()
    assert page.locator("#explore-trials tr[data-study]:visible").count() == 48
    assert page.locator(".explore-live:visible, #explore button:visible, #explore input:visible").count() == 0
    assert "does not run here" in page.locator("#explore noscript").inner_text()
    context.close()
