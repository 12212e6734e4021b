"""The page of the default plan: short, light, quick to open, and open to everyone.

It is read from `results/` (or the folder that IPDMA_RESULTS names); without it the tests are skipped, or fail
where IPDMA_REQUIRE_RESULTS is set.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.builders.trials import REPOSITORY

WORDS = """
    () => {
      const count = (root, skip) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        let words = 0;
        while (walker.nextNode()) {
          const at = walker.currentNode.parentElement;
          if (!at.closest("script, style, noscript") && !(skip && at.closest(skip)))
            words += (walker.currentNode.data.match(/\\S+/g) || []).length;
        }
        return words;
      };
      const own = (name) => document.getElementById(name)?.closest("section");
      const main = ["answer", "whom", "trust", "findings", "trials", "methods"].map(own).filter(Boolean);
      const drawn = (root) => [...root.querySelectorAll("svg, img")].filter((e) => !e.closest("details"));
      return {
        outside: count(document.body, "details"),
        main: main.reduce((sum, part) => sum + count(part, "details"), 0),
        pictures: drawn(document.body).length,
        figures: main.flatMap((part) => [...part.querySelectorAll("figure.plot")])
          .filter((e) => !e.closest("details")).length,
      };
    }
"""
OPENED = "for (const e of document.querySelectorAll('details')) e.open = true"
TOPS = "(name) => document.getElementById(name).getBoundingClientRect().top"


@pytest.fixture(scope="module")
def page_file():
    """The report of the default plan."""
    folder = Path(os.environ.get("IPDMA_RESULTS") or REPOSITORY / "results")
    page = folder / "report.html"
    if not page.is_file():
        why = f"no report of the default plan in {folder.name}/; ./run makes one"
        (pytest.fail if os.environ.get("IPDMA_REQUIRE_RESULTS") else pytest.skip)(why)
    return page


@pytest.fixture
def opened(browser, page_file):
    """Opens the page."""
    contexts = []

    def open_page(**more):
        contexts.append(browser.new_context(**more))
        page = contexts[-1].new_page()
        page.goto(page_file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_it_is_short_outside_what_is_closed(opened):
    found = opened().evaluate(WORDS)
    assert found["outside"] <= 4500
    assert found["main"] <= 3500
    assert found["pictures"] <= 14
    assert found["figures"] <= 8


def test_the_answer_comes_first(opened):
    text = opened().evaluate("document.body.innerText")
    words = " ".join(re.findall(r"\S+", text)[:450])
    assert "HAM-D points" in words
    assert "of 100" in words
    assert re.search(r"Certainty: (very low|low|moderate|high)", words)


def test_three_questions_are_answered_on_three_screens(opened):
    page = opened(viewport={"width": 1280, "height": 900})
    tops = [page.evaluate(TOPS, name) for name in ("answer", "whom", "trust")]
    assert [int(top // 900) for top in tops] == [0, 1, 2]


def test_it_is_light_and_opens_at_once(opened, page_file):
    """Weight, and the browser's own count of the work that opening takes."""
    assert page_file.stat().st_size <= 3_000_000
    page = opened()
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.reload()
    held = {m["name"]: m["value"] for m in client.send("Performance.getMetrics")["metrics"]}
    assert held["TaskDuration"] < 1.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_everything_open(opened, axe, scheme):
    page = opened(color_scheme=scheme, bypass_csp=True)
    page.evaluate(OPENED)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]][:3]) for rule in found] == []


def test_a_telephone_scrolls_in_one_direction(opened):
    page = opened(viewport={"width": 390, "height": 844})
    page.evaluate(OPENED)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_main_part_is_printed_on_fifteen_pages(opened, tmp_path):
    page = opened()
    page.emulate_media(media="print")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 15
