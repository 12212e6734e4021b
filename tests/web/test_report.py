"""The report in a browser: without sight, in the dark, on a telephone, on paper, and in a hurry."""

from __future__ import annotations

import re

import pytest
from tests.builders.report_mock import few, mock_material

from ipdma.report import render as rendering
from ipdma.report.render import render

OPENED = "for (const e of document.querySelectorAll('details')) e.open = true"
RULES = "axe.run(document, {resultTypes: ['violations']})"
FIRST_SCREEN = """
    [...document.querySelectorAll('.key, .certainty, .icons')]
        .every(e => e.getBoundingClientRect().bottom < innerHeight)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pages of a small run."""
    target = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "list_exhibits", few)
        files = dict(render(mock_material(3)))
    for name in ("report.html", "audit.html"):
        (target / name).write_bytes(files[name])
    return target


@pytest.fixture
def opened(browser, folder):
    """Opens one of the pages."""
    contexts = []

    def open_page(name="report.html", **more):
        contexts.append(browser.new_context(**more))
        page = contexts[-1].new_page()
        page.goto((folder / name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "audit.html"])
def test_axe_finds_nothing(opened, axe, name, scheme):
    page = opened(name, color_scheme=scheme, bypass_csp=True)
    page.evaluate(OPENED)
    page.evaluate(axe)
    found = page.evaluate(RULES)["violations"]
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]][:3]) for rule in found] == []


@pytest.mark.parametrize("name", ["report.html", "audit.html"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(opened, width, name):
    page = opened(name, viewport={"width": width, "height": 844})
    page.evaluate(OPENED)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_key_leads_to_the_answer(opened):
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#answer"


def test_the_answer_stands_on_the_first_screen(opened):
    assert opened(viewport={"width": 1280, "height": 900}).evaluate(FIRST_SCREEN)


def test_the_answer_is_printed_on_the_first_page(opened):
    """The cards end above the foot of an A4 page with its margins, at 96 dots an inch."""
    page = opened(viewport={"width": 695, "height": 1024})
    page.emulate_media(media="print")
    cards = "[...document.querySelectorAll('.card')].map(e => e.getBoundingClientRect().bottom)"
    assert max(page.evaluate(cards)) < 1024


def test_no_problem_is_told_by_the_browser(browser, folder):
    """No error, and nothing that the content policy had to refuse."""
    context = browser.new_context()
    page = context.new_page()
    told = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto((folder / "report.html").as_uri())
    context.close()
    assert told == []


def test_the_answer_comes_within_the_first_words(opened):
    """Effect in points, so many of 100, certainty: within 450 words outside what is closed."""
    text = opened().evaluate("document.body.innerText")
    words = " ".join(re.findall(r"\S+", text)[:450])
    assert "HAM-D points" in words
    assert "of 100" in words
    assert re.search(r"Certainty: (very low|low|moderate|high)", words)
