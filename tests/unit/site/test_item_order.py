"""Items by a range: in number order, or a question; a range in another order that changes nothing passes."""

from __future__ import annotations

import random

import pytest
from tests.builders.small_study import names

from ipdma.codebook.text_yaml import read_text_yaml
from ipdma.site.item_order import in_number_order, is_ordered, numbers_of
from ipdma.site.scan import scan_file


def with_items(small, instrument, columns, items, top=3, seed=3):
    """The small study with item columns in this order; every answer from 0 to `top` occurs."""
    draw = random.Random(seed)
    for name in columns:
        small.column(name, [str(draw.randrange(top + 1)) for _ in range(12)])
    small.map["assessments"] = [{"instrument": instrument, "timepoint": "baseline", "items": items}]
    return small


def cesd(form="cesd_{}"):
    return [form.format(i) for i in range(1, 21)]


@pytest.mark.parametrize(
    ("instrument", "columns", "items"),
    [
        ("cesd", cesd(), "cesd_1..cesd_20"),
        ("cesd", cesd("t0_ces{:02d}"), "t0_ces01..t0_ces20"),
        ("cesd", sorted(cesd()), cesd()),  # named one by one
        ("bdi2", sorted(f"bdi{i}" for i in range(1, 22)), "bdi1..bdi9"),  # alike items: no order to lose
        ("phq9", [f"q{i}_w16" for i in range(1, 10)], "q1_w16..q9_w16"),
        ("gds15", [f"g{i}" for i in range(11, 26)], "g11..g25"),  # numbered on from another scale
        ("cesd", [f"c{i}" for i in range(1, 16)] + ["c16a"] + [f"c{i}" for i in range(17, 21)], "c1..c20"),
    ],
)
def test_items_in_their_order_have_no_finding(small, instrument, columns, items):
    top = 1 if instrument == "gds15" else 3
    result = with_items(small, instrument, columns, items, top).check()
    assert "items_out_of_order" not in names(result)
    assert "item_count" not in names(result)


@pytest.mark.parametrize(
    ("instrument", "columns", "items"),
    [
        ("cesd", sorted(cesd()), "cesd_1..cesd_9"),
        ("cesd", sorted(cesd("ces{}_t0")), "ces10_t0..ces9_t0"),
        ("gds15", sorted(f"g{i}" for i in range(1, 16)), "g1..g9"),
        ("cesd", cesd()[::-1], "cesd_20..cesd_1"),
        ("cesd", [*cesd()[:4], "cesd_date", *cesd()[5:]], "cesd_1..cesd_20"),  # one item is missing
        ("cesd", [cesd()[1], cesd()[0], *cesd()[2:]], "cesd_2..cesd_20"),
    ],
)
def test_items_in_another_order_must_be_named_one_by_one(small, instrument, columns, items):
    result = with_items(small, instrument, columns, items, 1).check()
    finding = next(f for f in result.findings if f.name == "items_out_of_order")
    assert finding.grade == "must_fix"
    assert finding.variable == instrument


def test_a_range_of_the_wrong_length_says_that_the_order_is_to_blame(small):
    result = with_items(small, "cesd", sorted(cesd()), "cesd_1..cesd_20").check()
    entry = next(f for f in result.as_json()["findings"] if f["code"] == "IPD-013")
    assert "number order" in entry["message"]


def test_the_remedy_names_all_items_in_their_order(small):
    result = with_items(small, "cesd", sorted(cesd()), "cesd_1..cesd_9").check()
    entry = next(f for f in result.as_json()["findings"] if f["code"] == "IPD-106")
    assert ", ".join(cesd()) in entry["remedy"]


@pytest.mark.parametrize("columns", [cesd(), sorted(cesd()), cesd()[::-1], sorted(cesd("cesd{}_t0"))])
def test_the_draft_names_items_in_their_order(small, columns):
    with_items(small, "cesd", columns, "-")
    small.write()
    drafted = read_text_yaml(scan_file(small.folder / "f.csv"), "study.yaml")["assessments"]
    entry = next(e for e in drafted if e["instrument"] == "cesd")
    wanted = sorted(columns, key=lambda name: int("".join(filter(str.isdigit, name.split("_t")[0]))))
    if columns == wanted:
        assert entry["items"] == f"{wanted[0]}..{wanted[-1]}"
    else:
        assert entry["items"] == wanted
    assert [e["instrument"] for e in drafted].count("cesd") == 1


def test_numbers_of_names():
    assert numbers_of(["a1_t0", "a10_t0", "a2_t0"]) == [1, 10, 2]
    assert numbers_of(["a", "b"]) == [None, None]
    assert numbers_of(["a1b1", "a2b2"]) == [None, None]
    assert in_number_order(["a1", "a10", "a2"]) == ["a1", "a2", "a10"]
    assert is_ordered(["mood", "guilt", "sleep"])
