"""The page, the checklist and the files of a whole rendering."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import docx
import pytest
from tests.builders.report_mock import PLAN, few, mock_material
from tests.builders.report_texts import texts_of

from ipdma.report import render as rendering
from ipdma.report.drawn import Drawn
from ipdma.report.ledger import FIELDS
from ipdma.report.making import figure_work, made_of
from ipdma.report.material import Material
from ipdma.report.prisma import check_items, load_items
from ipdma.report.render import render

ICONS = 1  # the mock has one contrast


@pytest.fixture(scope="module")
def files():
    """A rendering of a small run with three figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "list_exhibits", few)
        said: list[str] = []
        found = dict(render(mock_material(3), said.append))
    assert said == ["figures: 3 of 3"]
    return found


class Outline(HTMLParser):
    """Tags, ids, links and open elements of a page."""

    VOID = ("meta", "link", "br", "img", "use", "path", "rect")

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict] = []
        self.heads: list[str] = []
        self.external: list[str] = []

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        if "id" in held:
            self.ids.append(held["id"])
        if tag == "a":
            self.links.append(held["href"])
        if held.get("role") == "img":
            self.images.append(held)
        if re.fullmatch("h[1-6]", tag):
            self.heads.append(tag)
        for name in ("src", "href", "xlink:href"):
            value = held.get(name, "")
            if value and not value.startswith(("#", "data:")) and value != "audit.html":
                self.external.append(value)


@pytest.fixture(scope="module")
def outline(files):
    parser = Outline()
    parser.feed(files["report.html"].decode())
    return parser


def test_the_files_of_a_report(files):
    names = set(files)
    assert {
        "report.html",
        "claims.csv",
        "claims.json",
        "captions.json",
        "prisma_ipd.html",
        "prisma_ipd.docx",
        "manuscript.docx",
        "prisma_ipd.json",
    } <= names
    assert {f"tables/efficacy.{kind}" for kind in ("csv", "html", "docx", "xlsx")} <= names
    assert sum(name.startswith("figures/") for name in names) == 9
    assert all(content for content in files.values())


def test_the_page_asks_for_nothing(outline, files):
    assert outline.external == []
    page = files["report.html"].decode()
    assert "@import" not in page
    assert not re.search(r"url\((?!data:|#)", page)
    assert "default-src 'none'" in page


def test_the_style_sheet_closes_what_it_opens(files):
    page = files["report.html"].decode()
    style = page[page.index("<style>") : page.index("</style>")]
    assert style.count("@font-face{") == 2
    assert style.count("{") == style.count("}")


def test_ids_are_unique_and_every_link_has_its_place(outline):
    assert len(outline.ids) == len(set(outline.ids))
    here = [link for link in outline.links if link != "audit.html"]
    assert all(link.startswith("#") and link[1:] in outline.ids for link in here)
    assert outline.heads[0] == "h1"
    assert outline.heads.count("h1") == 1


def test_every_figure_says_in_words_what_it_shows(outline):
    assert len(outline.images) == 3 + ICONS
    assert all(len(image["aria-label"]) > 30 for image in outline.images)


def test_the_page_holds_plan_warnings_methods_and_results(files):
    page = files["report.html"].decode()
    assert "minimum_cell: 10" in page
    audit = files["audit.html"].decode()
    assert "The variance between studies is at its boundary" in audit
    assert "Response: one study had no event" in audit
    assert "one-stage mixed model with an intercept for each trial, a treatment effect that varies" in page
    assert "<i>p</i> &lt; .001" in page
    assert "SYNTHETIC" in page
    assert "prefers-color-scheme: dark" in page
    assert "5ea1" * 16 in page
    for table in ("efficacy", "moderators", "participants.stpp_control"):
        assert f'id="table-{table}"' in page


def test_a_page_of_people_who_can_be_worked_out_says_so_first():
    material = mock_material(3)
    pages = {n: c.decode() for n, c in texts_of(replace(material, exposed=2)) if n.endswith(".html")}
    for name in ("report.html", "audit.html"):
        head = pages[name][: pages[name].index("<main>")]
        assert "Do not share these files yet.</b> 2 withheld numbers of few people can be worked out" in head
    clear = {n: c.decode() for n, c in texts_of(material) if n == "report.html"}
    assert "Do not share" not in clear["report.html"]


def test_what_follows_only_from_the_printed_numbers_stands_on_the_pages_too(monkeypatch):
    seen = []

    def attacked(ledger):
        seen.append(len(ledger.claims))
        return 3

    monkeypatch.setattr("ipdma.report.making.draw_one", lambda exhibit, formats: [("page", b"")])
    files = dict(render(mock_material(3), attacked=attacked))
    for name in ("report.html", "audit.html"):
        assert b"3 withheld numbers of few people can be worked out" in files[name]
    assert seen == [len(files["claims.csv"].splitlines()) - 1]  # all of them, and once


def test_the_checklist_carries_the_line_of_every_page():
    material = replace(mock_material(3), plan={**mock_material(3).plan, "minimum_cell": 5})
    page = next(c.decode() for n, c in texts_of(material) if n == "prisma_ipd.html")
    assert "Counts from 5 people on are printed" in page


def test_nothing_in_the_page_tells_when_or_where_it_was_made(files):
    for name in ("report.html", "claims.json", "captions.json"):
        text = files[name].decode()
        assert not re.search(r"\b20\d\d-\d\d-\d\dT\d\d:", text)
        assert "/tmp/" not in text
        assert "/work/" not in text


def test_claims_are_rows_with_digests(files):
    lines = files["claims.csv"].decode().splitlines()
    assert lines[0].split(",") == FIELDS
    claims = json.loads(files["claims.json"])
    assert len(claims) == len(lines) - 1
    assert any(c["place"] == "report/results" for c in claims)
    assert all(c["data_digest"] == "da7a" * 16 for c in claims if c["file"] == "estimates")


def test_the_checklist_has_all_items_each_answered_or_left_to_the_author(files):
    numbers = [item["item"] for item in load_items()]
    assert sorted(numbers, key=lambda n: (n[0] == "A", int(n.strip("A")))) == [
        *map(str, range(1, 28)),
        "A1",
        "A2",
        "A3",
        "A4",
    ]
    items = json.loads(files["prisma_ipd.json"])
    assert all(item["found"] or item["todo"].startswith("TODO(author)") for item in items)
    linked = {path.partition("#")[0] for item in items for path in item["found"]}
    known = set(files) | {"plan.yaml", "counts.csv", "study_estimates.csv", "validation/"}
    assert linked <= known
    grid = docx.Document(io.BytesIO(files["prisma_ipd.docx"])).tables[0]
    assert len([row for row in grid.rows if row.cells[0].text in numbers]) == 31


def test_an_item_without_its_artefact_becomes_a_task():
    item = next(i for i in check_items([]) if i.number == "18")
    assert item.found == ()
    assert item.todo


FEW = {True: ["svg", "png"], False: ["svg"]}


def test_figures_are_the_same_for_one_worker_and_for_two():
    material = mock_material(3)
    exhibits = few(material, rendering.Ledger())
    works = [figure_work(exhibit, FEW) for exhibit in exhibits]
    assert list(made_of(works, 1, Drawn({}))) == list(made_of(works, 2, Drawn({})))


def test_a_run_of_nothing_but_estimates_still_makes_a_page():
    material = mock_material(3)
    bare = Material(material.estimates, material.study_estimates.iloc[:0], material.counts.iloc[:0], PLAN)
    found = dict(render(bare))
    assert b"Effects at each time point" in found["report.html"]
    assert not any(name.startswith("figures/forest") for name in found)


def test_the_plan_says_in_which_formats_a_figure_is_written():
    material = mock_material(3)
    assert rendering.formats_of(material)[True] == ["pdf", "svg", "png", "svg"]
    asked = {**material.plan, "figures": {"main": [], "explorer": ["pdf"]}}
    less = type(material)(material.estimates, material.study_estimates, material.counts, asked)
    assert rendering.formats_of(less) == {True: ["svg"], False: ["pdf", "svg"]}
