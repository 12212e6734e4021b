"""Whatever stands in study.yaml or in a cell: a finding or exit 2, never a fault of the tool."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.builders.small_study import Small, items, long
from tests.builders.upload_builder import write_yaml

from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study
from ipdma.site.report_data import shareable_json
from ipdma.site.reports import report_html
from ipdma.site.text_report import report_text

WORDS = [
    "", " ", "0", "-1", "1.0", "1,5", "999", "x" * 300, "é", "null", "~", "yes", "a..b", "..",
    "pre..post", "post..pre", "id", "pre", "baseline", "follow_up", "hamd17", "participant", "stpp",
    "1e308", "1e999", "nan", "inf", "２", "\t", "2016-02-31", "01-02-2015", "\u0000", "\ufeff",
    "{where}", "%s", "../../x", "/", "DMY", ",", "long", "harmonised",
]  # fmt: skip


def parts(node: Any) -> list[tuple[Any, Any]]:
    """Every place in a structure as (container, key)."""
    found = []
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    for key, value in list(pairs):
        found += [(node, key), *parts(value)]
    return found


def disturb(mapping: dict[str, Any], draw: random.Random) -> None:
    """Delete, replace, rename or swap one part."""
    container, key = draw.choice(parts(mapping))
    kind = draw.randrange(5)
    if kind == 0:
        del container[key]
    elif kind == 1:
        container[key] = draw.choice(WORDS)
    elif kind == 2:
        container[key] = draw.choice(
            [None, [], {}, [draw.choice(WORDS)], {draw.choice(WORDS): draw.choice(WORDS)}, [[]], [{}]]
        )
    elif kind == 3 and isinstance(container, dict):
        container[draw.choice(WORDS)] = container.pop(key)
    else:
        other, at = draw.choice(parts(mapping))
        container[key] = [*other[at]] if isinstance(other[at], list) else str(other[at])


def full(folder) -> Small:
    """A study that uses most of what a mapping can say."""
    small = items(Small(folder))
    small.column("start", ["2009-01-01"] * 12).column("end", ["2010-01-01"] * 12).column("rand", ["1"] * 12)
    small.map["source"] |= {
        "missing": ["-99"],
        "dates": "DMY",
        "keep_rows": {"column": "rand", "equals": ["1"], "why": "w"},
    }
    small.variable("episode_duration_months", days_between=["start", "end"])
    small.variable("therapist", first_of=["sex", "age"], missing={"9": "not_applicable"})
    small.map["published"] = {
        "reference": "r",
        "arms": {"stpp": {"n": 6, "age": {"mean": "36.0"}, "hamd17": {"post": {"n": 6, "sd": 4}}}},
    }
    small.map["confirmed"] = [
        {"code": "IPD-031", "variable": "age", "n": 1, "why": "w", "by": "b", "on": "2026-01-01"}
    ]
    return small


def judge(folder) -> None:
    result = check_study(folder)
    assert result.exit_status in (0, 1, 2)
    assert not [entry for entry in result.not_checked if entry["outcome"] == "tool_failed"]
    result.as_json()
    for text in (
        report_text(result),
        report_html(result, False),
        report_html(result, True),
        shareable_json(result),
    ):
        assert text
    if result.ready:
        assert harmonise_study(folder, folder.parent / "up").exit_status in (0, 2)


def mapping_rounds(tmp_path, rounds, seed):
    draw = random.Random(seed)
    for i in range(rounds):
        small = full(tmp_path / "S") if i % 2 else long(Small(tmp_path / "S"))
        folder = small.write()
        for _ in range(draw.randrange(1, 4)):
            disturb(small.map, draw)
        write_yaml(folder, small.map)
        judge(folder)


def cell_rounds(tmp_path, rounds, seed):
    draw = random.Random(seed)
    for i in range(rounds):
        small = full(tmp_path / "S") if i % 2 else long(Small(tmp_path / "S"))
        for _ in range(draw.randrange(1, 12)):
            row = draw.choice(small.rows)
            row[draw.randrange(len(row))] = draw.choice(WORDS)
        judge(small.write())


def upload_rounds(tmp_path, rounds, seed):
    draw = random.Random(seed)
    harmonise_study(full(tmp_path / "S").write(), tmp_path / "clean")
    for _ in range(rounds):
        target = tmp_path / "h"
        target.mkdir(exist_ok=True)
        for path in (tmp_path / "clean").iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        path = target / draw.choice(
            ["participants.csv", "assessments.csv", "missing.csv", "account.json", "study.yaml"]
        )
        lines = path.read_text().split("\n")
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(lines))
            cells = lines[at].split(",")
            cells[draw.randrange(len(cells))] = draw.choice(WORDS)
            lines[at] = ",".join(cells)
        path.write_text("\n".join(lines))
        judge(target)


@pytest.mark.parametrize("rounds_of", [mapping_rounds, cell_rounds, upload_rounds])
def test_nothing_breaks_the_tool(tmp_path, rounds_of):
    rounds_of(tmp_path, rounds=60, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("rounds_of", [mapping_rounds, cell_rounds, upload_rounds])
def test_nothing_breaks_the_tool_at_length(tmp_path, rounds_of):
    rounds_of(tmp_path, rounds=3000, seed=2)
