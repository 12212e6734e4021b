"""Headers and labels that can be a person, a date or an identifier leave in no draft and no report."""

from __future__ import annotations

import pandas as pd
import pyreadstat
import pytest

from ipdma.site.catalogue import load_catalogue
from ipdma.site.check import check_study
from ipdma.site.report_data import shareable_data, shareable_json
from ipdma.site.reports import report_html
from ipdma.site.scan import scan_file

NAMES = ["Anna Müller", "Dr. Weber", "born 01.03.1950", "file 12345678", "anna@clinic.example"]


@pytest.mark.parametrize("name", NAMES)
def test_a_header_that_points_at_somebody_is_kept_back(small, name):
    small.column(name, ["1"] * 12)
    result = small.check()
    assert name in [finding.column for finding in result.findings]
    assert name not in shareable_json(result)
    assert name not in report_html(result, shareable=True)
    assert name in report_html(result, shareable=False)
    assert name not in scan_file(small.folder / "f.csv")


@pytest.mark.parametrize("name", ["hamd17_t0", "Study Arm", "Age (years)", "Datum Einschluss", "item_2010"])
def test_other_headers_that_are_mapped_are_told(small, name):
    at = small.header.index("age")
    small.header[at] = small.map["variables"]["age"]["from"] = name
    small.put(4, name, "seventeen")
    assert name in shareable_json(small.check())
    assert name in scan_file(small.folder / "f.csv")


def test_an_unused_column_and_the_sites_file_stay_at_the_site(small):
    small.column("hiv_status", ["1"] * 12).column("surname", ["Alder", "Birch", "Cedar"] * 4)
    small.put(4, "age", "seventeen")
    result = small.check()
    assert {"IPD-062", "IPD-064"} <= {finding.code for finding in result.findings}
    for told in (shareable_json(result), report_html(result, shareable=True)):
        for word in ("hiv_status", "surname", "f.csv"):
            assert word not in told
    for word in ("hiv_status", "surname", "f.csv"):
        assert word in report_html(result, shareable=False)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_neither_leaves_with_a_column_that_is_not_there(small, language):
    small.column("hiv_status", ["1"] * 12)
    small.map["variables"]["sex"] = {"from": "hiv_statu"}
    result = check_study(small.write(), language)
    assert "IPD-003" in {finding.code for finding in result.findings}
    for told in (shareable_json(result), report_html(result, shareable=True)):
        assert "hiv_statu" in told
        assert "hiv_status" not in told
        assert "f.csv" not in told
    assert "hiv_status" in report_html(result, shareable=False)


@pytest.mark.parametrize("content", [b"", b"\0" * 40, None], ids=["empty", "zeros", "absent"])
def test_the_sites_file_stays_where_it_cannot_be_read(small, content):
    folder = small.write()
    (folder / "f.csv").unlink()
    (folder / "f2.csv" if content is None else folder / "f.csv").write_bytes(content or b"")
    result = check_study(folder)
    assert result.error is not None
    told = (shareable_json(result), report_html(result, shareable=True))
    for text in told:
        assert "the data file: th" in text
        assert "f.csv" not in text
        assert "f2.csv" not in text
    assert "f.csv" in report_html(result, shareable=False)


def test_all_but_few_is_said_in_the_language_of_the_report(small):
    for row in range(10):
        small.put(row, "age", "seventeen")
    folder = small.write()
    for language, words in (("en", "all but <5 of 12"), ("nl", "op <5 na alle van 12")):
        told = next(
            f for f in shareable_data(check_study(folder, language))["findings"] if f["variable"] == "age"
        )
        assert told["count"] == "all but <5"
        assert words in told["message"]


def test_a_language_without_messages_is_a_sentence():
    with pytest.raises(ValueError, match="'../x': expected one of en, nl"):
        load_catalogue("../x")


def labelled(tmp_path, name: str, labels: dict[float, str]) -> str:
    n = 40
    frame = pd.DataFrame({"id": [f"P{i:02d}" for i in range(n)], name: [float(1 + i % 4) for i in range(n)]})
    path = tmp_path / "t.sav"
    pyreadstat.write_sav(frame, path, variable_value_labels={name: labels})
    return scan_file(path)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("ther", ["Dr. Anna Mueller", "Jan de Vries", "Rossi", "Bauer"]),
        ("v12", ["Jansen, Piet", "Bakker, Eva", "Smit, Jan", "Visser, Els"]),
        ("v12", ["Jansen", "Bakker", "Smit", "Visser"]),
        ("v12", ["jansen", "bakker", "smit", "unknown"]),
        ("v12", ["tel 030-123456", "tel 030-123457", "none", "none given"]),
        ("v12", ["born 1950-03-01", "born 1951-03-01", "born 1952-03-01", "unknown"]),
        ("patnr", ["first", "second", "third", "fourth"]),
        ("therapeut", ["one", "two", "three", "four"]),
    ],
)
def test_labels_that_can_be_people_are_kept_back(tmp_path, name, labels):
    draft = labelled(tmp_path, name, {float(i): label for i, label in enumerate(labels, start=1)})
    assert not [
        label for label in labels if label in draft and label not in ("one", "none", "unknown", "first")
    ]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("v12", ["never", "sometimes", "often", "always"]),
        ("familienstand", ["ledig", "verheiratet", "geschieden", "verwitwet"]),
        ("groep", ["wachtlijst", "STPP", "antidepressiva", "placebo"]),
        ("v12", ["not at all", "several days", "more than half the days", "nearly every day"]),
        ("geslacht", ["man", "vrouw", "anders", "onbekend"]),
    ],
)
def test_everyday_labels_are_shown(tmp_path, name, labels):
    draft = labelled(tmp_path, name, {float(i): label for i, label in enumerate(labels, start=1)})
    assert all(label in draft for label in labels)
