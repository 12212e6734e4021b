"""Own readers of SPSS and Stata files: held against pyreadstat, then what it reads wrongly, then damage."""

from __future__ import annotations

import random
import struct
import time
import zlib

import pytest
from tests.builders.statistics_bytes import spss, stata
from tests.builders.statistics_files import FILES
from tests.builders.statistics_oracle import read_columns

from ipdma.errors import ReadError
from ipdma.site.formats import ReadOptions, read_table
from ipdma.site.table import NumberText

# old releases declare no encoding; pyreadstat writes UTF-8 into them and reads them as cp1252
OLD_UTF8 = ("readstat_8.dta", "readstat_10.dta", "readstat_12.dta", "readstat_13.dta")


def test_there_are_files_enough():
    assert len(FILES) >= 50


@pytest.mark.parametrize("name", FILES)
def test_cells_labels_and_missings_are_those_of_pyreadstat(tmp_path, name):
    path = tmp_path / name
    FILES[name](path)
    table = read_table(path, ReadOptions())
    expected = read_columns(path, "utf-8" if name in OLD_UTF8 else None)
    assert table.names == [column.name for column in expected]
    for own, other in zip(table.columns, expected, strict=True):
        cells = [other.cells[row - 2] for row in table.rows]
        assert own.cells == cells
        assert list(map(type, own.cells)) == list(map(type, cells))
        assert (own.label, own.labels, own.missing) == (other.label, other.labels, other.missing)
    left = set(range(len(expected[0].cells))) - {row - 2 for row in table.rows}
    assert not any(column.cells[row].strip() for column in expected for row in left)
    assert table.remarks == []


def read_bytes(tmp_path, data, name="f.sav", **options):
    (tmp_path / name).write_bytes(data)
    return read_table(tmp_path / name, ReadOptions(**options))


# the first day of each period, counted by hand from 1960
PERIODS = {
    "%tw": (2600.0, "2010-01-01"),
    "%tm": (605.0, "2010-06-01"),
    "%-12tmMonth_CCYY": (605.0, "2010-06-01"),
    "%tq": (201.0, "2010-04-01"),
    "%th": (101.0, "2010-07-01"),
}
MOMENTS = {
    "%tc": (1591012800000.0, "2010-06-01 12:00:00"),
    "%tcCCYY-NN-DD_HH:MM": (1591012800000.0, "2010-06-01 12:00:00"),
    "%tC": (1591012824000.0, "2010-06-01 12:00:00"),
    "%tdDD/NN/CCYY": (18414.0, "2010-06-01"),
    "%12td": (18414.0, "2010-06-01"),
    "%-td": (18414.0, "2010-06-01"),
    "%d": (18414.0, "2010-06-01"),
}
NUMBERS = {
    "%ty": (2010.0, "2010"),
    "%tbsimple": (18414.0, "18414"),
    "%9.0g": (18414.0, "18414"),
    "%tdx": (-1e9, "-1000000000"),
}


@pytest.mark.parametrize(
    ("form", "stored", "text"), [(f, *v) for f, v in {**PERIODS, **MOMENTS, **NUMBERS}.items()]
)
def test_stata_dates_of_every_format(tmp_path, form, stored, text):
    table = read_bytes(tmp_path, stata([("x", "d", form)], [[stored], [(0,)]]), "f.dta")
    assert table.columns[0].cells == [text]
    assert isinstance(table.columns[0].cells[0], NumberText) == (form in NUMBERS)
    assert [r.name for r in table.remarks] == (["coarse_dates"] if form in PERIODS else [])


@pytest.mark.parametrize("kind", [28, 29, 30])
def test_spss_months_quarters_and_weeks_are_dates(tmp_path, kind):
    data = spss([{"name": "A", "kind": kind}], [[13494729600.0]], encoding="UTF-8")
    table = read_bytes(tmp_path, data)
    assert table.columns[0].cells == ["2010-06-01"]
    assert [r.name for r in table.remarks] == ["coarse_dates"]


def test_a_duration_of_days_and_an_impossible_date_stay_numbers(tmp_path):
    data = spss([{"name": "T", "kind": 21}, {"name": "D", "kind": 20}], [[90000.0, 1e15]], encoding="UTF-8")
    assert [column.cells for column in read_bytes(tmp_path, data).columns] == [
        ["90000"],
        ["1000000000000000"],
    ]


def test_declared_missing_dates_read_as_their_cells_do(tmp_path):
    data = spss([{"name": "D", "kind": 20, "missing": [13494729600.0]}], [[13494729600.0]], encoding="UTF-8")
    column = read_bytes(tmp_path, data).columns[0]
    assert column.missing.covers(column.cells[0])


def test_ranges_without_an_end(tmp_path):
    lowest = -1.7976931348623155e308
    variables = [
        {"name": "A", "missing": ["range", lowest, -1.0]},
        {"name": "B", "missing": ["range", 90.0, 1.7976931348623157e308]},
    ]
    low, high = read_bytes(tmp_path, spss(variables, [[1.0, 1.0]], encoding="UTF-8")).columns
    assert [low.missing.covers(c) for c in ("-1e300", "-1", "0")] == [True, True, False]
    assert [high.missing.covers(c) for c in ("1e300", "90", "89")] == [True, True, False]
    assert (str(low.missing), str(high.missing)) == ("lowest to -1", "90 to highest")


WORDS = [{"name": "ID", "width": 2}, {"name": "W", "width": 12}]


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("windows-1252", "Größe"), ("windows-1250", "Łódź"), ("ISO-8859-1", "naïve"), ("UTF-8", "Łódź"),
     ("Shift_JIS", "日本"), ("GB18030", "中文"), ("windows-1251", "Киев")],
)  # fmt: skip
def test_declared_encodings(tmp_path, encoding, word):
    data = spss(WORDS, [["1", word.encode(encoding)]], encoding=encoding)
    assert read_bytes(tmp_path, data).column("W").cells == [word]


@pytest.mark.parametrize("page", [1252, 3, 2, None])
@pytest.mark.parametrize("written", ["utf-8", "cp1252"])
def test_without_a_name_the_texts_decide_unless_a_code_page_is_declared(tmp_path, page, written):
    rows = [["1", "Größe".encode(written)], ["2", "Straße".encode(written)]]
    table = read_bytes(tmp_path, spss(WORDS, rows, page=page))
    right = written == "cp1252" or page != 1252
    assert (table.column("W").cells == ["Größe", "Straße"]) == right


def test_the_mapping_may_name_the_encoding(tmp_path):
    data = spss(WORDS, [["1", "Łódź".encode("cp1250")]], encoding="windows-1252")
    assert read_bytes(tmp_path, data, encoding="cp1250").column("W").cells == ["Łódź"]
    with pytest.raises(ReadError, match="klingon"):
        read_bytes(tmp_path, data, encoding="klingon")


def test_one_bad_byte_does_not_turn_a_file_into_another_encoding(tmp_path):
    variables = [{"name": "ID", "width": 2}, {"name": "W", "width": 12, "label": "Größe"}]
    rows = [["1", "männlich".encode()], ["2", b"m\xe4nn \xc3\xa4"], ["3", "weiß".encode()]]
    table = read_bytes(tmp_path, spss(variables, rows, encoding="UTF-8"))
    assert table.column("W").cells == ["männlich", "m\ufffdnn ä", "weiß"]
    assert [(r.name, r.column, r.rows) for r in table.remarks] == [("replaced_letters", "W", [3])]
    rows = [[cells[1]] for cells in rows]
    table = read_bytes(tmp_path, stata([("w", 12, "%12s")], rows, 115), "f.dta")
    assert table.column("w").cells == ["männlich", "m\ufffdnn ä", "weiß"]


def test_a_stata_13_file_of_utf8(tmp_path):
    rows = [["Zoë".encode()], [b"Ben"]]
    assert read_bytes(tmp_path, stata([("w", 5, "%5s")], rows, 117), "f.dta").column("w").cells == [
        "Zoë",
        "Ben",
    ]


@pytest.mark.parametrize("name", ["f.sav", "f.zsav", "f.dta"])
def test_another_kind_of_file_is_a_sentence(tmp_path, name):
    starts = {"f.sav": b"$FL2", "f.zsav": b"$FL3", "f.dta": b"s\2\1\0"}
    for body in (b"", b"\0" * 500, b"\xff" * 500, bytes(range(256)) * 40):
        with pytest.raises(ReadError, match=r"damaged|not of that type"):
            read_bytes(tmp_path, starts[name] + body, name)


def test_sizes_are_judged_before_anything_is_unpacked(tmp_path):
    begin = time.monotonic()
    many = [{"name": f"V{i}"} for i in range(20)]
    with pytest.raises(ReadError, match="more than can be read"):
        read_bytes(tmp_path, spss(many, [], encoding="UTF-8", cases=2_000_000_000))
    with pytest.raises(ReadError, match="more than can be read"):
        read_bytes(
            tmp_path,
            stata([("x", "b", "%8.0g")], [], 118).replace(
                struct.pack("<Q", 0), struct.pack("<Q", 1 << 60), 1
            ),
            "f.dta",
        )
    data = bytearray(spss([{"name": "A"}], [[1.0]], encoding="UTF-8", compression=2))
    bomb = zlib.compress(b"\1" * 300_000_000, 1)
    body = data.index(struct.pack("<i", 999)) + 8
    trailer = struct.pack("<3q", body, body + 24 + len(bomb), 48)
    index = struct.pack("<2q2i2q2i", -100, 0, 1, 1, body, body + 24, 300_000_000, len(bomb))
    with pytest.raises(ReadError, match="unpacks to more than"):
        read_bytes(tmp_path, bytes(data[:body]) + trailer + bomb + index, "f.zsav")
    lie = struct.pack("<2q2i2q2i", -100, 0, 1, 1, body, body + 24, 300, len(bomb))
    with pytest.raises(ReadError, match="damaged"):
        read_bytes(tmp_path, bytes(data[:body]) + trailer + bomb + lie, "f.zsav")
    assert time.monotonic() - begin < 10


def test_cases_are_as_many_as_the_file_says(tmp_path):
    data = spss([{"name": "A"}], [[1.0]] * 5, encoding="UTF-8")
    with pytest.raises(ReadError, match="damaged"):
        read_bytes(tmp_path, data[:-8])
    with pytest.raises(ReadError, match="damaged"):
        read_bytes(tmp_path, data[:-3])


def test_a_very_long_string_without_its_parts_is_damage(tmp_path):
    FILES["very_long.sav"](tmp_path / "f.sav")
    data = (tmp_path / "f.sav").read_bytes()
    with pytest.raises(ReadError, match="damaged"):
        read_bytes(tmp_path, data.replace(b"=05000", b"=32000"))


def test_a_crash_of_the_sas_reader_is_a_sentence(tmp_path):
    for body in (b"\0" * 2000, b"not SAS at all", bytes(range(256)) * 30):
        with pytest.raises(ReadError, match="damaged"):
            read_bytes(tmp_path, body, "f.sas7bdat")


def damage(data, draw):
    """Cut short, or with bytes changed, doubled or taken out."""
    kind = draw.randrange(5)
    if kind == 0:
        return data[: draw.randrange(len(data))]
    spots = sorted(draw.randrange(len(data)) for _ in range(draw.randrange(1, 6)))
    if kind in (1, 2):
        changed = bytearray(data)
        for spot in spots:
            changed[spot] = draw.choice((0, 1, 127, 128, 255, draw.randrange(256)))
        return bytes(changed)
    low, high = spots[0], spots[-1] + 1
    return data[:low] + data[high:] if kind == 3 else data[:high] + data[low:]


def damaged_reads(path, name, rounds, seed):
    """Reads damaged copies; returns how many were read and how many refused with a sentence."""
    FILES[name](path)
    data, draw = path.read_bytes(), random.Random(f"{name}{seed}")
    counts = {"read": 0, "refused": 0}
    for _ in range(rounds):
        path.write_bytes(damage(data, draw))
        begin = time.monotonic()
        try:
            table = read_table(path, ReadOptions())
            assert all(len(column.cells) == len(table.rows) for column in table.columns)
            counts["read"] += 1
        except ReadError as error:
            counts["refused"] += str(error).startswith(path.name)
        assert time.monotonic() - begin < 5
    return counts


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_read_or_refused(tmp_path, name):
    assert sum(damaged_reads(tmp_path / name, name, 8, 1).values()) == 8


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_damaged_files_at_length(tmp_path, name):
    counts = damaged_reads(tmp_path / name, name, 190, 2)
    print(name, counts)
    assert counts["read"] + counts["refused"] == 190
    assert min(counts.values()) > 0
