"""Forest plots: what stands where, and that nothing clips."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pandas as pd
import pytest
from matplotlib import rc_context
from tests.builders.report_mock import mock_material

from ipdma.report.exhibit import page_axes
from ipdma.report.fonts import provide_fonts
from ipdma.report.forest import draw_forest
from ipdma.report.forest_layout import (
    PLOT,
    TOGETHER,
    Forest,
    Layout,
    Line,
    axis_limits,
    fit_columns,
    measure_forest,
    pages_of,
)
from ipdma.report.forest_rows import forest_of
from ipdma.report.interaction_rows import interaction_forest_of, overview_of
from ipdma.report.ledger import Ledger
from ipdma.report.style import STYLE, TALL, WIDE, text_width


def drawn(forest: Forest):
    """The layout, the figure and its artists."""
    provide_fonts()
    with rc_context(STYLE):
        layout = measure_forest(forest)
        figure, axes = page_axes(layout.width, layout.height)
        artists = draw_forest(forest, layout, axes)
        figure.canvas.draw()
    return layout, figure, artists


def first_forest(**how) -> Forest:
    """The forest plot of the first analysis of a mock run."""
    material = mock_material(**how)
    forest = forest_of(material, material.analyses[0], Ledger())
    assert forest is not None
    return forest


@pytest.mark.parametrize(
    ("studies", "long_names", "huge"), [(3, True, True), (11, False, False), (60, False, True)]
)
def test_no_text_leaves_the_page_or_meets_its_neighbour(studies, long_names, huge):
    for forest in pages_of(first_forest(studies=studies, long_names=long_names, huge=huge)):
        layout, figure, artists = drawn(forest)
        renderer = figure.canvas.get_renderer()
        page = figure.bbox
        boxes = [t.get_window_extent(renderer) for t in artists["text"] if t.get_text()]
        assert all(b.x0 >= 0 and b.x1 <= page.x1 and b.y0 >= 0 and b.y1 <= page.y1 for b in boxes)
        rows: dict[int, list] = {}
        for box in boxes:
            rows.setdefault(round((box.y0 + box.y1) / 2), []).append(box)
        for row in rows.values():
            row.sort(key=lambda b: b.x0)
            assert all(a.x1 <= b.x0 + 0.5 for a, b in itertools.pairwise(row))
        assert tuple(figure.get_size_inches()) == pytest.approx((WIDE, layout.height))
        assert layout.height <= TALL
        assert layout.plot[1] - layout.plot[0] >= PLOT - 1e-9


def test_means_of_both_arms_give_way_together():
    blank, wide = ("", "", "right"), ("", "m" * 40, "right")
    columns = [
        ("", "Study", "left"),
        ("", "Mean (SD)", "right"),
        ("", "Mean (SD)", "right"),
        blank,
        wide,
        blank,
    ]
    line = Line("study", ("A", "10.0 (2.0)", "11.0 (2.0)", "", "1", "2"))
    forest = Forest("T", columns, 4, [line], ("a", "b"), "x", spare=(5, 1, 2))
    assert {0, 4} <= set(fit_columns(forest)[0])
    assert not {1, 2} & set(fit_columns(forest)[0])


def test_pages_hold_every_line_once_and_the_answer_each_on_one_scale():
    forest = first_forest(studies=120)
    pages = list(pages_of(forest))
    assert len(pages) > 1
    shown: list[Line] = []
    for page in pages:
        assert set(forest.answer) <= set(page.lines)
        added = next((i for i, line in enumerate(page.lines) if line.cells[0] == TOGETHER), len(page.lines))
        assert page.lines[added + 1 :] in ([], list(forest.answer))
        shown += page.lines[:added]
    assert shown == list(forest.lines)
    assert len({measure_forest(page).limits for page in pages}) == 1
    assert len({page.heaviest for page in pages}) == 1
    assert not any(page.lines[-1].kind == "heading" for page in pages)
    assert not any(page.lines[0].kind in {"pooled", "interval"} for page in pages)
    assert [bool(page.footer) for page in pages] == [False] * (len(pages) - 1) + [True]
    assert len({tuple(measure_forest(page).starts) for page in pages}) == 1  # the same columns


def test_an_answer_as_tall_as_a_page_is_not_repeated_and_the_notes_stay():
    material = mock_material(11)
    one = interaction_forest_of(material, material.analyses[0], "chronicity", Ledger())
    block = one.lines[: len(one.lines) // 2]
    lines = [replace(n, cells=(f"{n.cells[0]} {i}", *n.cells[1:])) for i in range(18) for n in block]
    forest = replace(one, lines=lines, answer=tuple(n for n in lines if n.kind != "study"))
    assert measure_forest(replace(forest, lines=forest.answer)).height > TALL
    pages = list(pages_of(forest))
    assert [line for page in pages for line in page.lines] == lines
    assert all(measure_forest(page).height <= TALL for page in pages)
    assert len(pages) <= 2 * math.ceil(measure_forest(forest).height / TALL)
    assert [bool(page.footer) for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.parametrize("answer", [(), (Line("pooled", ("all", "2"), 0.1, -0.2, 0.4),)])
def test_notes_without_room_beside_the_last_line_have_a_page(answer):
    words, notes = ("a long name " * 500)[:5000], "a long note " * 300
    columns = [("", "Study", "left"), ("", "Effect", "right")]
    lines = [*answer, Line("heading", (words,))]
    forest = Forest("T", columns, 1, lines, ("a", "b"), "x", footer=[notes], answer=answer)
    pages = list(pages_of(forest))
    assert [line for page in pages for line in page.lines if line.cells[0] == words] == lines[-1:]
    assert all(drawn(page)[0].height <= TALL for page in pages)
    assert [page.footer for page in pages] == [()] * (len(pages) - 1) + [[notes]]


def test_an_overview_of_several_pages_has_no_answer_to_repeat():
    material = mock_material(11)
    overview = overview_of(material, material.analyses[0], Ledger())
    long = replace(overview, lines=[*overview.lines, *(n for n in overview.lines * 30 if n.kind == "study")])
    pages = list(pages_of(long))
    assert len(pages) > 1
    assert [line for page in pages for line in page.lines] == long.lines


def test_a_wide_interval_does_not_set_the_scale_of_odds_ratios():
    lines = [Line("study", ("a",), 0.5, 0.1, 0.9), Line("pooled", ("all",), 0.7, -12.0, 13.0)]
    low, high = axis_limits(lines, math.log(20))
    assert (low, high) == pytest.approx((-math.log(20), math.log(20)), abs=0.2)
    far = [*lines, Line("study", ("b",), 4.0, 3.0, 5.0), Line("pooled", ("c",), 4.0, 3.0, 5.0)]
    assert axis_limits(far, math.log(20))[1] >= 4.0


def test_two_trials_have_numbers_but_no_diamond():
    material = mock_material(11)
    estimates = material.estimates.copy()
    estimates.loc[estimates["analysis_id"] == f"{material.analyses[0].id}.primary.two", "k"] = 2
    changed = type(material)(
        estimates, material.study_estimates, material.counts, material.plan, material.registry
    )
    forest = forest_of(changed, changed.analyses[0], Ledger())
    two = next(n for n in forest.lines if n.cells[0] == "Two-stage")
    assert two.estimate is None
    assert any("[" in cell for cell in two.cells)
    assert any("No diamond" in note for note in forest.footer)


def test_squares_stand_at_the_estimates_and_grow_with_the_weight():
    forest = first_forest(studies=11)
    layout, _, artists = drawn(forest)
    studies = [line for line in forest.lines if line.kind == "study"]
    assert len(artists["square"]) == len(studies)
    for line, square in zip(studies, artists["square"], strict=True):
        middle = square.get_x() + square.get_width() / 2
        assert middle == pytest.approx(layout.x(line.estimate))
    by_weight = sorted(zip(studies, artists["square"], strict=True), key=lambda pair: pair[0].weight)
    widths = [square.get_width() for _, square in by_weight]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_diamond_spans_the_interval_and_zero_is_a_line():
    forest = first_forest(studies=11)
    layout, _, artists = drawn(forest)
    pooled = [line for line in forest.lines if line.kind == "pooled"]
    assert [line.cells[0] for line in pooled][3:5] == ["Two-stage", "One-stage"]
    for line, diamond in zip([n for n in pooled if n.estimate is not None], artists["diamond"], strict=True):
        corners = diamond.get_xy()
        assert corners[:, 0].min() == pytest.approx(layout.x(line.low))
        assert corners[:, 0].max() == pytest.approx(layout.x(line.high))
        assert corners[1, 0] == pytest.approx(layout.x(line.estimate))
    assert artists["zero"][0].get_xdata()[0] == pytest.approx(layout.x(0.0))
    assert len(artists["interval"]) == 2


def test_whiskers_end_in_arrows_where_the_interval_goes_on():
    forest = first_forest(studies=60, huge=True)
    layout, _, artists = drawn(forest)
    wide = [line for line in forest.lines if line.kind == "study" and line.high > 20]
    assert len(wide) == 1
    assert layout.limits[0] > -10
    assert layout.limits[1] < 10
    beyond = sum(
        (line.low < layout.limits[0]) + (line.high > layout.limits[1])
        for line in forest.lines
        if line.low is not None
    )
    assert beyond >= 2
    assert len(artists["arrow"]) == beyond
    left, right = layout.plot
    assert all(
        left - 1e-9 <= min(w.get_xdata()) and max(w.get_xdata()) <= right + 1e-9 for w in artists["whisker"]
    )


@pytest.mark.parametrize("shift", [0.0, 3.0, -40.0, 1e-3])
def test_limits_always_hold_the_pooled_line(shift):
    lines = [
        Line("study", ("a",), shift + d, shift + d - 0.4, shift + d + 0.4, 1.0) for d in (-0.3, 0.1, 0.5)
    ]
    lines.append(Line("pooled", ("all",), shift + 0.1, shift - 0.2, shift + 0.4))
    low, high = axis_limits(lines)
    assert low < shift - 0.2
    assert high > shift + 0.4
    assert math.isfinite(low)
    assert math.isfinite(high)


def test_text_of_a_row_is_what_the_records_say():
    material = mock_material(11)
    analysis = material.analyses[0]
    forest = forest_of(material, analysis, Ledger())
    row = material.headline(analysis, "one")
    line = next(n for n in forest.lines if n.cells[0] == "One-stage")
    minus = "\u2212"
    wanted = f"{row['estimate']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]".replace("-", minus)
    assert wanted in line.cells
    assert "440" in line.cells
    assert "418" in line.cells
    assert forest.directions == ("Favours STPP", "Favours control")
    footer = " ".join(forest.footer)
    assert "I\u00b2 = 38%" in footer
    assert "Q = 18.42, df 10, p = .048" in footer
    assert "Kenward-Roger" in footer


def test_binary_outcomes_turn_the_directions_and_the_axis():
    material = mock_material(11)
    analysis = next(a for a in material.analyses if a.outcome == "response")
    forest = forest_of(material, analysis, Ledger())
    assert forest.odds
    assert forest.directions == ("Favours control", "Favours STPP")
    layout = measure_forest(forest)
    _, _, artists = drawn(forest)
    one = [t for t in artists["tick"] if t.get_xdata()[0] == pytest.approx(layout.x(0.0))]
    assert len(one) == 1


def test_events_of_few_are_withheld_on_both_sides():
    material = mock_material(3)
    counts = material.counts.copy()
    for arm, word in (("active", "<10"), ("reference", "*")):
        chosen = (counts["what"] == "events") & (counts["study"] == "DE-A") & (counts["arm"] == arm)
        counts.loc[chosen, ["n", "withheld"]] = [None, word]
    changed = type(material)(
        material.estimates, material.study_estimates, counts, material.plan, material.registry
    )
    response = next(a for a in changed.analyses if a.outcome == "response")
    line = next(n for n in forest_of(changed, response, Ledger()).lines if n.study == "DE-A")
    assert line.cells[1:5] == ("40", "<10", "38", "*")


def test_means_of_few_people_are_withheld():
    material = mock_material(3)
    rows = material.study_estimates.copy()
    chosen = rows["study"] == "GB-B"
    rows.loc[chosen, ["n_active", "mean_active", "sd_active", "withheld"]] = [8, None, None, "<10"]
    plan = {**material.plan, "standardise": "none"}
    points = type(material)(material.estimates, rows, material.counts, plan, material.registry)
    forest = forest_of(points, points.analyses[0], Ledger())
    line = next(n for n in forest.lines if n.study == "GB-B")
    assert line.cells[1:3] == ("8", "<10")


def test_arms_of_one_instrument_are_in_its_points_though_scores_were_divided():
    material = mock_material(3)
    where = material.analyses[0].id
    rest = material.counts[
        (material.counts["analysis_id"] != where)
        | ~material.counts["what"].isin(["instrument", "standardiser"])
    ]
    studies = sorted(set(material.study_estimates["study"]))
    used = [
        {"analysis_id": where, "what": "instrument", "study": s, "variable": "hamd17", "n": 9}
        for s in studies
    ]
    constant = {"analysis_id": where, "what": "standardiser", "variable": "hamd17", "value": 4.5}
    row = material.study_estimates.query("analysis_id == @where + '.primary.two' and study == 'GB-B'").iloc[0]

    def cells(more):
        counts = pd.concat([rest, pd.DataFrame(more)], ignore_index=True)
        found = forest_of(replace(material, counts=counts), material.analyses[0], Ledger())
        heads = [name for _, name, _ in found.columns]
        return heads, next(n for n in found.lines if n.study == "GB-B").cells

    heads, told = cells([*used, constant])
    assert heads.count("Mean (SD)") == 2
    assert told[2] == f"{4.5 * row['mean_active']:.1f} ({4.5 * row['sd_active']:.1f})".replace("-", "\u2212")
    other = [{**used[0], "variable": "madrs"}, *used[1:]]
    for more in ([*other, constant], [*used, constant, {**constant, "variable": "madrs"}], used):
        assert "Mean (SD)" not in cells(more)[0]


def test_interaction_forest_has_no_subgroup_diamond_and_a_block_per_level():
    material = mock_material(11)
    forest = interaction_forest_of(material, material.analyses[0], "chronicity", Ledger())
    headings = [n.cells[0] for n in forest.lines if n.kind == "heading"]
    assert headings == ["1 to under 2 years against under 1 year", "2 years or more against under 1 year"]
    assert sum(n.kind == "pooled" for n in forest.lines) == 4
    assert sum(n.kind == "study" for n in forest.lines) == 22
    drawn(forest)
    overview = overview_of(material, material.analyses[0], Ledger())
    leads = [n.cells[0] for n in overview.lines if not n.cells[0].startswith(" ")]
    assert leads[0] == "Clinical"
    assert [lead.split(",")[0] for lead in leads[1:]] == ["Severity", "Duration", "Chronicity"]
    drawn(overview)


def test_a_run_without_study_rows_has_no_forest():
    material = mock_material(3)
    empty = type(material)(
        material.estimates, material.study_estimates.iloc[:0], material.counts, material.plan
    )
    assert forest_of(empty, empty.analyses[0], Ledger()) is None


def test_width_of_text_is_what_matplotlib_draws():
    provide_fonts()
    with rc_context(STYLE):
        figure, axes = page_axes(5, 1)
        text = axes.text(0, 0, "Trial GB-B \u22120.55 [\u22120.80, \u22120.30]", fontsize=7.5)
        figure.canvas.draw()
        width = text.get_window_extent(figure.canvas.get_renderer()).width / figure.dpi
    assert text_width("Trial GB-B \u22120.55 [\u22120.80, \u22120.30]") == pytest.approx(width, rel=0.06)


def test_layout_places_values_in_proportion():
    layout = Layout(3, {0: 0.1}, {0: 1.0}, (1.0, 3.0), None, (-1.0, 1.0), [2.0], 1.0, [], {})
    assert layout.x(0.0) == pytest.approx(2.0)
    assert layout.x(-5.0) == pytest.approx(1.0)
    assert layout.x(0.5) == pytest.approx(2.5)
