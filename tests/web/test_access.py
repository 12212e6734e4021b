"""Who cannot see, has no mouse, or sits before a narrow screen."""

from __future__ import annotations

import pytest
from tests.builders.site_page import SitePage

WHO = "document.activeElement.id || document.activeElement.dataset.sample || ''"
NAMED = "[...document.querySelectorAll('input, select')].every(e => e.labels?.length || e.ariaLabel)"


def violations(site, axe):
    """What axe-core finds in the frame."""
    site.inside.evaluate(axe)
    found = site.inside.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(rule["id"], [node["html"][:120] for node in rule["nodes"]][:3]) for rule in found]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_axe_finds_nothing_at_any_step(site, axe, language):
    site.find("#language").select_option(language)
    assert violations(site, axe) == []
    for name in ("faulty", "clean", "harmonised"):
        site.click(f'[data-sample="{name}"]')
        assert violations(site, axe) == []
    site.click('[data-sample="faulty"]')
    site.inside.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    site.find("#show-nothing-leaves").click()
    assert violations(site, axe) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(browser, page_file, width):
    site = SitePage(browser, page_file, width=width).open()
    for name in ("faulty", "harmonised", "clean"):
        site.click(f'[data-sample="{name}"]')
        site.inside.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
        assert site.inside.evaluate("document.documentElement.scrollWidth") <= width
    site.close()


def test_the_road_can_be_gone_by_keyboard(site):
    press = site.page.keyboard.press
    site.find("#language").focus()
    seen = []
    for _ in range(4):
        press("Tab")
        seen.append(site.inside.evaluate(WHO))
    assert seen == ["files", "clean", "faulty", "harmonised"]
    press("Shift+Tab")
    press("Enter")
    site.page.wait_for_timeout(200)
    site.wait()
    assert site.state == "checked"
    site.find('#findings [data-code="IPD-024"] button').first.focus()
    press("Enter")
    assert site.inside.evaluate("document.activeElement.closest('[data-name]').dataset.name") == "age"


def test_what_happens_is_said_to_a_screen_reader(site):
    assert site.find("#state").get_attribute("role") == "status"
    assert site.inside.evaluate("document.documentElement.lang") == "en"
    assert site.inside.evaluate(NAMED)
