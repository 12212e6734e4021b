"""The built page and a browser: both once for all tests; skipped where they cannot be had, unless
IPDMA_REQUIRE_PAGE is set."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders.site_page import SitePage

TOOLS = Path(__file__).parents[2] / "tools"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def give_up(why):
    """Skip, or fail where the page is asked for."""
    (pytest.fail if os.environ.get("IPDMA_REQUIRE_PAGE") else pytest.skip)(why)


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    """The page, built as a user builds it (or the one that IPDMA_SITE_PAGE names)."""
    if named := os.environ.get("IPDMA_SITE_PAGE"):
        return Path(named).resolve()
    if not (shutil.which("npm") and shutil.which("node")):
        give_up("no npm and node to build the page with")
    target = tmp_path_factory.mktemp("page") / "ipdma-site.html"
    command = [sys.executable, str(TOOLS / "build_site_page.py"), "--out", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"the page could not be built: {done.stderr[-300:]}")
    return target


@pytest.fixture(scope="session")
def playwright():
    """Playwright, which brings no browser of its own."""
    if importlib.util.find_spec("playwright") is None:
        give_up("playwright is not installed")
    sync_api = importlib.import_module("playwright.sync_api")
    with sync_api.sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        give_up("no Chromium to open the page with")
    return found


@pytest.fixture(scope="session")
def browser(playwright, chromium):
    """A browser for all tests."""
    made = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    yield made
    made.close()


@pytest.fixture
def site(browser, page_file):
    """The page, opened and ready."""
    made = SitePage(browser, page_file).open()
    yield made
    made.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The accessibility rules of axe-core, pinned as the page's parts are."""
    spec = importlib.util.spec_from_file_location("build_site_page", TOOLS / "build_site_page.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    try:
        return (tool.fetch("axe-core", tmp_path_factory.mktemp("axe")) / "axe.min.js").read_text("utf-8")
    except SystemExit as error:
        return pytest.skip(str(error))
