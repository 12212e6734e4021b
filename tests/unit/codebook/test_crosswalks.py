"""Crosswalks: monotone, on both scales, back where they came from, and through their published anchors."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ipdma.codebook import load_codebook
from ipdma.errors import ReadError

BUILTIN = load_codebook()
NAMES = sorted(BUILTIN.crosswalks)


def steps(crosswalk, n=60):
    """Scores across the domain."""
    low, high = crosswalk.domain
    return [low + (high - low) * i / n for i in range(n + 1)]


@pytest.mark.parametrize("name", NAMES)
def test_rises_and_stays_on_the_target_scale(name):
    crosswalk = BUILTIN.crosswalks[name]
    target = BUILTIN.instruments[crosswalk.target].range
    converted = [crosswalk.convert(x, target) for x in steps(crosswalk)]
    inside = [y for y in converted if y is not None]
    assert len(inside) >= 50
    assert all(a < b for a, b in pairwise(inside))
    assert crosswalk.verified
    assert crosswalk.reference


@pytest.mark.parametrize("name", [n for n in NAMES if not n.endswith("_linear")])
def test_there_and_back(name):
    crosswalk = BUILTIN.crosswalks[name]
    back = BUILTIN.crosswalks[f"{crosswalk.target}_to_{crosswalk.source}"]
    for x in steps(crosswalk):
        assert back.convert(crosswalk.convert(x)) == pytest.approx(x, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "score", "expected"),
    [
        ("hamd17_to_madrs", 20, 26),
        ("madrs_to_hamd17", 39, 30),
        ("hamd17_to_bdi", 20, 27),
        ("hamd17_to_bdi2", 30, 50),
        ("qids_sr_to_hamd17", 5, 7),
        ("qids_sr_to_ids_sr", 10, 24.5),
        ("qids_sr_to_hamd24", 16, 27.5),
        ("ids_sr_to_hamd17", 12.5, 7),
        ("hamd17_to_ids_sr_linear", 20, 38.88),
        ("bdi_to_hamd17_linear", 20, 15.75),
    ],
)
def test_published_anchors(name, score, expected):
    assert BUILTIN.crosswalks[name].convert(score) == pytest.approx(expected)


def test_nothing_is_extended_beyond_what_was_published():
    assert BUILTIN.crosswalks["hamd17_to_madrs"].convert(5) is None
    assert BUILTIN.crosswalks["hamd17_to_madrs"].convert(41) is None
    linear = BUILTIN.crosswalks["hamd17_to_bdi_linear"]
    assert linear.convert(38) is None
    assert linear.convert(0, BUILTIN.instruments["bdi"].range) is None


def test_linking_spread_is_known_where_the_paper_prints_it():
    assert BUILTIN.crosswalks["hamd17_to_bdi_linear"].linking_sd.value == 2.65
    assert BUILTIN.crosswalks["hamd17_to_madrs"].linking_sd is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: points\npoints: [[1, 2], [2, 1]]", "do not both ascend"),
        ("kind: points\npoints: [[1, 2]]", "needs two pairs"),
        ("kind: linear\nslope: 1", "needs an intercept"),
        ("kind: points\npoints: [[0, 0], [99, 60]]", "lies outside the instruments"),
    ],
)
def test_senseless_crosswalks_are_refused(tmp_path, text, said):
    (tmp_path / "crosswalks").mkdir()
    (tmp_path / "crosswalks" / "x.yaml").write_text(f"crosswalk: x\nlabel: X\nfrom: bdi\nto: madrs\n{text}\n")
    with pytest.raises(ReadError) as caught:
        load_codebook([tmp_path])
    assert said in str(caught.value)
