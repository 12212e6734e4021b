"""Figures beside forest plots: what is drawn where, the same bytes twice, and how each looks."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from matplotlib import rc_context
from matplotlib.text import Text
from tests.builders.report_mock import mock_material

from ipdma.report.curves import draw_curve, draw_rug
from ipdma.report.exhibit import blank_figure, render_exhibit
from ipdma.report.figures import list_exhibits
from ipdma.report.flow import place_boxes
from ipdma.report.fonts import provide_fonts
from ipdma.report.ledger import Ledger
from ipdma.report.plots import draw_funnel, draw_specifications
from ipdma.report.style import NARROW, SMALL, STYLE, TALL, WIDE, wrap

KINDS = (
    "forest", "interaction", "moderators", "levels", "effect_by", "funnel", "leave_one_out", "specifications",
    "one_stage_two_stage", "prisma_ipd_flow", "trajectories", "tree", "imputation",
    "tipping_points", "risk_of_bias", "missingness", "balance",
)  # fmt: skip


@pytest.fixture(scope="module")
def exhibits():
    """By the first part of their name, the first of each kind."""
    found = {}
    for exhibit in list_exhibits(mock_material(11), Ledger()):
        found.setdefault(exhibit.name.split(".")[0], exhibit)
    return found


def held(exhibit):
    """The record that an exhibit draws."""
    return exhibit.draw.args[0]


def test_curve_follows_the_records_and_the_rug_the_trials(exhibits):
    curve = held(exhibits["effect_by"])
    with rc_context(STYLE):
        figure = blank_figure(4, 4)
        above, below = figure.subplots(2)
        artists, rug = draw_curve(curve, above), draw_rug(curve, below)
    x, y = artists["line"][0].get_data()
    assert list(x) == [p[0] for p in curve.within]
    assert list(y) == [p[1] for p in curve.within]
    low, high = above.get_ylim()
    assert low <= min(p[2] for p in curve.within)
    assert high >= max(0, *(p[3] for p in curve.within))
    assert [m.get_xdata()[0] for m in rug["mean"]] == [mean for _, mean, _ in curve.trials]
    assert list(curve.trials) == sorted(curve.trials, key=lambda t: t[1])


def test_funnel_contours_meet_the_critical_values(exhibits):
    funnel = held(exhibits["funnel"])
    with rc_context(STYLE):
        axes = blank_figure(4, 4).subplots()
        artists = draw_funnel(funnel, axes)
    assert [z for _, z in funnel.contours] == [1.645, 1.96, 2.576]
    deepest = axes.get_ylim()[0]
    widest = max(path.get_extents().x1 for path in artists["contour"][0].get_paths())
    assert widest == pytest.approx(2.576 * deepest)
    assert len(artists["ipd"][0].get_xdata()) == 11
    assert len(artists["aggregate"][0].get_xdata()) == 1


def test_specifications_stand_in_order_above_their_choices(exhibits):
    found = held(exhibits["specifications"])
    values = [value for value, _, _ in found.estimates]
    assert values == sorted(values)
    assert len(values) == 24
    for row in range(len(values)):
        assert sum(which[row] for _, _, which in found.choices) == 2  # one choice per dimension
    with rc_context(STYLE):
        above, below = blank_figure(4, 4).subplots(2)
        artists = draw_specifications(found, above, below)
    for line, (_, _, which) in zip(artists["choice"], found.choices, strict=True):
        x = line.get_xdata()
        covered = {i for a, b in zip(x[::3], x[1::3], strict=True) for i in range(len(which)) if a < i < b}
        assert covered == {i for i, chosen in enumerate(which) if chosen}


def test_flow_boxes_do_not_overlap_and_contrasts_stand_side_by_side(exhibits):
    flow = held(exhibits["prisma_ipd_flow"])
    placed, arrows, depth = place_boxes(flow)
    assert depth < TALL
    for place in placed:
        assert place.x >= 0
        assert place.x + place.width <= WIDE
    for a, b in itertools.combinations(placed, 2):
        apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart
    heads = [next(p for p in placed if p.box is branch[0]) for branch in flow.branches]
    assert len({p.y + p.height for p in heads}) == 1
    assert len(arrows) == len(placed) - 1
    text = " ".join(line for place in placed for _, line in place.text)
    assert "Eligible trials: 13" in text
    assert "no reply: 1 trial, 86" in text


def test_missing_map_tells_never_measured_from_few(exhibits):
    grid = held(exhibits["missingness"])
    words = {word for row in grid.cells for word in row}
    assert {"none", "few", "never", "under a quarter"} <= words
    age = [row[0] for row in grid.cells]
    assert "never" not in age


@pytest.mark.parametrize("kind", ["forest", "effect_by", "risk_of_bias"])
def test_two_renderings_are_the_same_bytes_and_carry_no_date(exhibits, kind):
    first = dict(render_exhibit(exhibits[kind]))
    second = dict(render_exhibit(exhibits[kind]))
    assert first == second
    assert set(first) == {"pdf", "svg", "png", "page"}
    assert set(dict(render_exhibit(exhibits[kind], ["svg"]))) == {"svg", "page"}
    assert b"CreationDate" not in first["pdf"]
    assert b"/FontFile2" in first["pdf"]  # TrueType letters inside the file
    assert b"/Type3" not in first["pdf"]
    assert b"style=" not in first["page"]  # a strict content policy refuses it
    assert b"SYNTHETIC" in first["page"]
    assert not re.search(rb"(?:src|href)=.(?:https?:|file:)", first["page"])


def boxes(exhibit) -> tuple[Any, list[tuple[str, Any]]]:
    """The page's box, and each text that is drawn level with its own."""
    drawn: list[Text] = []
    draw = Text.draw
    provide_fonts()
    with rc_context(STYLE), pytest.MonkeyPatch.context() as patch:
        figure = exhibit.draw()
        patch.setattr(Text, "draw", lambda text, renderer: (drawn.append(text), draw(text, renderer))[1])
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
    level = [t for t in drawn if t.get_visible() and t.get_text().strip() and t.get_rotation() == 0]
    return figure.bbox, [(t.get_text(), t.get_window_extent(renderer)) for t in level]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_each_kind_of_figure_stay_on_the_page_and_apart(exhibits, kind):
    page, found = boxes(exhibits[kind])
    assert found
    for words, box in found:
        assert min(box.x0, box.y0) >= -1, words
        assert max(box.x1 - page.x1, box.y1 - page.y1) <= 1, words
    for (one, a), (other, b) in itertools.combinations(found, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        least = min(a.width * a.height, b.width * b.height)
        assert across <= 0 or up <= 0 or across * up < 0.15 * least, (one, other)


@pytest.mark.parametrize("studies", [3, 11, 60])
def test_letters_have_seven_points_at_the_width_of_a_printed_page(studies):
    provide_fonts()
    for exhibit in list_exhibits(mock_material(studies, long_names=True), Ledger()):
        with rc_context(STYLE):
            figure = exhibit.draw()
        width, height = figure.get_size_inches()
        column = exhibit.name.partition(".")[0] in ("effect_by", "funnel")
        assert width == pytest.approx(NARROW if column else WIDE), exhibit.name
        assert height <= TALL + 1e-9, exhibit.name
        sizes = {t.get_fontsize() for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()}
        assert min(sizes) >= SMALL == 7.0, exhibit.name


def test_a_number_of_units_is_not_parted():
    lines = wrap("Interaction within trials 0.07, p = .509 per 12 months of it", 2.4)
    assert " ".join(lines) == "Interaction within trials 0.07, p = .509 per 12 months of it"
    for width in (0.9, 1.3, 2.0, 2.2, 2.4, 2.6):
        assert any("per 12 months" in line for line in wrap(" ".join(lines), width))


def test_every_exhibit_has_a_caption_and_a_text_for_those_who_cannot_see(exhibits):
    for exhibit in exhibits.values():
        assert len(exhibit.caption) > 30
        assert len(exhibit.alt) > 30
        assert exhibit.caption.rstrip()[-1] == "."


def test_real_data_carry_no_stamp():
    material = mock_material(3, synthetic=False)
    assert material.stamp == ""
    exhibit = list_exhibits(material, Ledger())[0]
    assert b"SYNTHETIC" not in dict(render_exhibit(exhibit))["page"]
