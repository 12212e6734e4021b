"""The documents: links lead somewhere, named commands and files exist, the picture is no finding."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
PAGES += [REPOSITORY / "config" / "README.md"]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"\bipdma ([a-z]+)\b(?= )")
WORDS = {"and", "at", "from", "is", "ipdma", "lists", "arrays", "by", "fits", "gives", "in", "finds", "as"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scripts_and_tests_that_are_named_are_there(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|benchmarks|tools|config|data|docs)/[\w./-]+\.\w+)`", text):
        assert (REPOSITORY / name).exists(), name


def test_commands_of_the_readme_exist():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    named = set(COMMAND.findall(text)) - WORDS
    there = {entry.name.removesuffix(".py") for entry in files("ipdma").joinpath("commands").iterdir()}
    assert named
    assert named <= there


def test_the_readme_says_what_it_is():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "snakemake workflow" in text.casefold()
    assert "in the style of" in text
    assert re.search(r"!\[[^\]]*SYNTHETIC[^\]]*\]\(docs/forest-plot\.png\)", text)
    assert not re.search("@[A-Z]+@", text)
