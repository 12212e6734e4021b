"""SPSS and Stata files of every kind that a trial may send, by name: made by pyreadstat, by pandas, or byte
by byte."""

from __future__ import annotations

import datetime as dt
from functools import partial

import numpy as np
import pandas as pd
import pyreadstat

from tests.builders.statistics_bytes import spss, stata

FRAME = pd.DataFrame(
    {
        "id": ["a1", "a2", "", "né"],
        "sex": [1.0, 2.0, 9.0, np.nan],
        "score": [20.0, 999.0, -95.0, 12.345678901234567],
        "seen": [dt.date(2016, 2, 1), None, dt.date(1999, 12, 31), dt.date(1600, 1, 1)],
        "at": pd.to_datetime(["2016-02-01 10:30:00", None, "2001-01-01 00:00:00", "1999-12-31 23:59:59"]),
        "long_word_with_a_long_name": ["x", "", "lang " * 110, "ß" * 40],
    }
)
LABELS = {"sex": {1: "männlich", 2: "weiblich", 9: "unknown"}}
NUMBERS = pd.DataFrame({f"v{i}": np.linspace(-i, i * 1e5, 70) for i in range(1, 13)})


def write_spss(path, frame=FRAME, **options):
    pyreadstat.write_sav(frame, str(path), **options)


def write_bytes(path, data):
    path.write_bytes(data)


PLAIN = [
    {"name": "ID", "width": 3, "label": "Nummer"},
    {"name": "SEX", "missing": [9.0], "label": "Geschlecht"},
    {"name": "HAMD", "missing": ["range", 90.0, 99.0, -1.0]},
    {"name": "WORT", "width": 20, "missing": ["k.A."]},
]
PLAIN_ROWS = [
    ["001", 1.0, 20.0, "Größe"],
    ["002", 9.0, None, "k.A."],
    ["003", 2.0, 95.5, "naïve"],
    ["", None, None, ""],
]
SEX = [({1.0: "männlich", 2.0: "weiblich"}, [1])]
DATES = {
    "DATE": 20,
    "DATETIME": 22,
    "ADATE": 23,
    "JDATE": 24,
    "WKDAY": 26,
    "MONTH": 27,
    "EDATE": 38,
    "SDATE": 39,
    "YMDHMS": 41,
}
NUMBERLIKE = {"COMMA": 3, "DOLLAR": 4, "F": 5, "PCT": 31, "DOT": 32, "N": 16, "E": 17, "CCA": 33}


def spss_kinds(kinds, values):
    variables = [{"name": name, "kind": kind} for name, kind in kinds.items()]
    return spss(variables, [[value] * len(kinds) for value in values], encoding="UTF-8")


SECONDS = [13494729600.0, 13494729600.0 + 3661.0, 11593584000.0, None, 86399.0]
STATA = [
    ("id", 4, "%4s"),
    ("b", "b", "%8.0g", "set"),
    ("h", "h", "%8.0g"),
    ("i", "i", "%12.0g"),
    ("f", "f", "%9.0g"),
    ("d", "d", "%10.0g"),
]
STATA_ROWS = [
    ["1é", 1, -2, 100000, 0.1, 0.1],
    ["2", -127, 32740, -2147483647, 1e20, -1e300],
    ["3", 2, 0, 0, 3.3333333, 1 / 3],
]
LETTERED = [
    ["4", (1,), (26,), (2,), (3,), (4,)],
    ["5", (0,), (0,), (0,), (0,), (0,)],
    ["6", (2,), (1,), (0,), (26,), (26,)],
]
SET = {"set": {1: "ja", 2: "nein"}}
SHAPES = {"%td": "d", "%d": "d", "%tdD_m_Y": "d", "%tdCCYY-NN-DD": "d"}


def small(release, order="<", **options):
    rows = STATA_ROWS + (LETTERED if release >= 113 else [])
    return partial(write_bytes, data=stata(STATA, rows, release, order, labels=SET, **options))


def long_strings(release, order="<"):
    variables = [("id", 2, "%2s"), ("txt", "L", "%9s"), ("n", "d", "%9.0g")]
    rows = [["a", (2, 1), 1.0], ["b", (0, 0), 2.0], ["c", (2, 3), 3.0], ["d", (2, 1), 4.0]]
    strings = [(2, 1, "lang " * 700), (2, 3, "né")]
    return partial(write_bytes, data=stata(variables, rows, release, order, "utf-8", strings=strings))


def spss_file(**options):
    return partial(write_bytes, data=spss(PLAIN, PLAIN_ROWS, labels=SEX, **options))


def readstat_stata(path, version):
    pyreadstat.write_dta(
        FRAME[["sex", "score", "seen", "at"]].assign(n=[1, "a", 3, "b"]),
        str(path),
        version=version,
        missing_user_values={"n": ["a", "b"]},
        variable_value_labels={"n": {1: "yes", "a": "refused"}, "sex": LABELS["sex"]},
    )


def pandas_stata(path, version):
    frame = FRAME.assign(n=np.array([1, 2, 3, 4], dtype="int8"), seen=pd.to_datetime(FRAME["at"]))
    frame = frame.rename(columns={"long_word_with_a_long_name": "word"})
    frame["cat"] = pd.Categorical(["x", "y", "x", None])
    if version < 117:
        frame["word"] = frame["word"].str[:200]
    if version < 118:
        frame = frame.drop(columns=["word", "id"])
    frame.to_stata(path, version=version, write_index=False, convert_dates={"seen": "td", "at": "tc"})


FILES = {
    "plain.sav": partial(write_spss, variable_value_labels=LABELS),
    "columns.sav": partial(
        write_spss,
        column_labels={"sex": "Geschlecht", "score": "Wert"},
        missing_ranges={"sex": [9], "score": [{"lo": -99, "hi": -90}, 999]},
    ),
    "rows.sav": partial(write_spss, row_compress=True, variable_value_labels=LABELS),
    "deflated.zsav": partial(
        write_spss, compress=True, variable_value_labels=LABELS, missing_ranges={"score": [999]}
    ),
    "numbers.sav": partial(write_spss, frame=NUMBERS),
    "numbers_rows.sav": partial(write_spss, frame=NUMBERS, row_compress=True),
    "numbers.zsav": partial(write_spss, frame=NUMBERS, compress=True),
    "string_missing.sav": partial(write_spss, missing_ranges={"id": ["a2"]}),
    "string_labels.sav": partial(write_spss, variable_value_labels={"id": {"a1": "first", "a2": "second"}}),
    "measures.sav": partial(
        write_spss, variable_measure={"sex": "nominal"}, variable_display_width={"sex": 12}
    ),
    "formats.sav": partial(write_spss, variable_format={"score": "F8.2", "sex": "N4"}),
    "note.sav": partial(write_spss, note="a note", file_label="a label"),
    "very_long.sav": partial(
        write_spss,
        frame=pd.DataFrame(
            {"a": ["x" * 255, "y" * 256, "z" * 5000], "b": [1.0, 2.0, 3.0], "c": ["p" * 510, "q", ""]}
        ),
    ),
    "long_names.sav": partial(
        write_spss,
        frame=pd.DataFrame({"same_long_prefix_" + "n" * 40 + str(i): [float(i), 1.0] for i in range(20)}),
    ),
    "wide.sav": partial(
        write_spss,
        frame=pd.DataFrame(np.arange(600.0).reshape(2, 300), columns=[f"c{i}" for i in range(300)]),
    ),
    "bytes_plain.sav": spss_file(encoding="UTF-8"),
    "bytes_big.sav": spss_file(order=">", encoding="UTF-8"),
    "bytes_big_rows.sav": spss_file(order=">", compression=1, encoding="UTF-8"),
    "bytes_rows.sav": spss_file(compression=1, encoding="windows-1252"),
    "bytes_deflated.zsav": spss_file(compression=2, encoding="UTF-8"),
    "bytes_page.sav": spss_file(page=1252),
    "bytes_names.sav": spss_file(
        encoding="UTF-8", long_names={"HAMD": "hamd_total_at_baseline", "WORT": "wort"}
    ),
    "bytes_uncounted.sav": spss_file(compression=1, encoding="UTF-8", cases=-1),
    "bytes_dates.sav": partial(write_bytes, data=spss_kinds(DATES, SECONDS)),
    "bytes_times.sav": partial(
        write_bytes, data=spss_kinds({"TIME": 21, "DTIME": 25}, [0.0, 86399.0, 3661.25, None])
    ),
    "bytes_kinds.sav": partial(write_bytes, data=spss_kinds(NUMBERLIKE, [1.0, 0.1, None, 1e15, -2.5])),
    "bytes_low.sav": partial(
        write_bytes,
        data=spss(
            [{"name": "A", "missing": ["range", -5.0, -1.0]}, {"name": "B", "missing": [7.0, 8.0, 9.0]}],
            [[1.0, 8.0], [-3.0, 2.0]],
            encoding="UTF-8",
        ),
    ),
    **{
        f"readstat_{version}.dta": partial(readstat_stata, version=version)
        for version in (8, 10, 12, 13, 14, 15)
    },
    **{f"pandas_{version}.dta": partial(pandas_stata, version=version) for version in (114, 117, 118, 119)},
    **{f"small_{release}.dta": small(release) for release in (113, 114, 115, 117)},
    **{f"small_{release}_big.dta": small(release, ">") for release in (113, 115, 117)},
    **{f"small_{release}_utf8.dta": small(release, encoding="utf-8") for release in (118, 119)},
    **{f"small_{release}_big_utf8.dta": small(release, ">", encoding="utf-8") for release in (118, 119)},
    **{f"old_{release}.dta": small(release) for release in (108, 110, 111)},
    **{f"strl_{release}.dta": long_strings(release) for release in (117, 118, 119)},
    "strl_118_big.dta": long_strings(118, ">"),
    "days.dta": partial(
        write_bytes,
        data=stata(
            [(f"d{i}", "d", form) for i, form in enumerate(SHAPES)], [[20000.0] * 4, [-5.0] * 4, [(0,)] * 4]
        ),
    ),
}
