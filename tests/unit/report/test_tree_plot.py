"""The tree: the records' splits, effects below its leaves."""

from __future__ import annotations

from matplotlib import rc_context

from ipdma.report.exhibit import blank_figure
from ipdma.report.fonts import provide_fonts
from ipdma.report.style import STYLE
from ipdma.report.tree_plot import draw_effects, leaves_of, place_branches


def test_the_tree_has_the_records_splits_and_effects_below_its_leaves(material, drawn):
    root = drawn["tree"].root
    assert root.text[0] == "Severity"
    assert [words for words, _ in root.branches] == ["\u2264 4.61", "> 4.61"]
    inner = root.branches[1][1]
    assert [words for words, _ in inner.branches] == ["2 years or more", "1 to under 2 years, under 1 year"]
    leaves = leaves_of(root)
    rows = material.records.of("estimates", "stpp_control.depression.post.tree.one")
    assert [leaf.effect[0] for leaf in leaves] == [row["estimate"] for row in rows]
    assert [leaf.text[0] for leaf in leaves] == ["n = 210 + 190", "n = 80 + 75", "n = 70 + 75"]
    at = [x for branch, x, _, _ in place_branches(root, 2.0) if branch.effect]
    assert at == [1.0, 3.0, 5.0]
    provide_fonts()
    with rc_context(STYLE):
        artists = draw_effects(drawn["tree"], blank_figure(4, 4).subplots(), 2.0)
    assert [mark.get_xdata()[0] for mark in artists["mark"]] == at
    assert [mark.get_ydata()[0] for mark in artists["mark"]] == [row["estimate"] for row in rows]
