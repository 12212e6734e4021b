"""`ipdma scan`: finds what names and labels say, in six languages, and gives no one away."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdma.cli import main
from ipdma.codebook import load_codebook
from ipdma.codebook.text_yaml import read_text_yaml
from ipdma.site.check import check_study
from ipdma.site.scan import scan_file
from ipdma.site.scan_scores import Moment, moment_of, place
from ipdma.site.scan_words import LEVELS, condition_of, known_level, words_of, yes_or_no

SHARED = Path(__file__).parents[3].parent / "shared" / "real"


@pytest.fixture
def spss(tmp_path):
    """A Dutch SPSS file with labels, items, totals, dates, names and free text."""
    n = 40
    frame = pd.DataFrame(
        {
            "Studienummer": [f"MUC-{i:03d}" for i in range(n)],
            "achternaam": [f"Jansen{i} Familie" for i in range(n)],
            "groep": [1.0, 2.0] * (n // 2),
            "leeftijd": [20.0 + i for i in range(n)],
            "geslacht": [1.0, 2.0, 2.0, 2.0] * (n // 4),
            "duur_episode": [4.0 * i for i in range(n)],
            "v12": [0.0, 1.0] * (n // 2),
            "datum_t0": [f"{1 + i % 28:02d}-02-2016" for i in range(n)],
            "opmerking": [f"vertelde over gebeurtenis {i}" for i in range(n)],
            "zeldzaam": [1.0] * (n - 2) + [7731.0, 7832.0],
            **{f"h{k:02d}_t0": [float((i + k) % 3) for i in range(n)] for k in range(1, 18)},
            "hamd_t6": [float(i % 25) for i in range(n)],
            "bdi2_w16": [float(i % 40) for i in range(n)],
        }
    )
    labels = {
        "groep": {1.0: "Kortdurende psychodynamische therapie", 2.0: "wachtlijst"},
        "geslacht": {1.0: "man", 2.0: "vrouw", 9.0: "onbekend"},
        "v12": {0.0: "nee", 1.0: "ja"},
    }
    names = {"v12": "Antidepressiva bij aanvang", "duur_episode": "Duur van de episode (weken)"}
    path = tmp_path / "muc2008.sav"
    pyreadstat.write_sav(
        frame, path, variable_value_labels=labels, column_labels=names, missing_ranges={"geslacht": [9.0]}
    )
    return path


def test_a_labelled_file_is_mapped(spss):
    text = scan_file(spss)
    draft = read_text_yaml(text, "study.yaml")
    assert draft["arms"]["stpp"]["condition"] == "stpp"
    assert draft["arms"]["waitlist"] == {"condition": "waitlist", "label": "wachtlijst"}
    variables = draft["variables"]
    assert variables["participant"] == {"from": "Studienummer"}
    assert variables["arm"] == {"from": "groep", "values": {"1": "stpp", "2": "waitlist"}}
    assert variables["age"] == {"from": "leeftijd"}
    assert variables["sex"] == {"from": "geslacht", "values": {"1": "male", "2": "female"}}
    assert variables["antidepressant_at_baseline"] == {"from": "v12", "values": {"0": "no", "1": "yes"}}
    assert variables["episode_duration_months"] == {"from": "duur_episode", "unit": "weeks"}
    assert draft["assessments"] == [
        {"instrument": "hamd17", "timepoint": "baseline", "weeks": "0", "items": "h01_t0..h17_t0"},
        {"instrument": "hamd17", "timepoint": "post", "total": "hamd_t6"},
        {"instrument": "bdi2", "timepoint": "post", "weeks": "16", "total": "bdi2_w16"},
    ]


def test_the_draft_is_read_by_check_and_gives_findings(spss):
    assert main(["scan", str(spss), "--out", str(spss.parent / "study.yaml")]) == 0
    result = check_study(spss.parent)
    assert result.error is None
    assert result.findings


def test_no_one_is_given_away(spss):
    text = scan_file(spss)
    for secret in ("MUC-0", "Jansen", "vertelde", "-02-2016", "7731", "7832"):
        assert secret not in text, secret
    assert "achternaam: looks like a name" in text
    assert "Settings:" in text


def test_blocked_columns_are_not_even_named(spss):
    text = scan_file(spss, blocked=("zeldzaam", "opmerking"))
    assert "not looked at: zeldzaam, opmerking" in text
    assert "- opmerking" not in text


cells = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12),
    st.integers(0, 30).map(str),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(cells, min_size=4, max_size=4), min_size=1, max_size=12))
def test_any_table_gives_a_draft_that_yaml_reads(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("scan") / "data.csv"
    pd.DataFrame(rows, columns=["id", "gruppe", "sesso", "bdi_t0"]).to_csv(path, index=False)
    try:
        text = scan_file(path)
    except Exception as error:
        assert type(error).__name__ == "ReadError"  # noqa: PT017
        return
    draft = read_text_yaml(text, "study.yaml")
    assert draft["source"]["file"] == "data.csv"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.from_regex(r"secret[a-z]{6,10}", fullmatch=True), min_size=6, max_size=30))
def test_no_text_cell_occurs_in_the_draft(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("scan") / "data.csv"
    frame = pd.DataFrame(
        {"id": range(len(words)), "treatment": words, "sex": words, "notes": words, "bdi": 5}
    )
    frame.to_csv(path, index=False)
    assert "secret" not in scan_file(path)


def test_a_long_file_is_recognised_and_counts_people(tmp_path):
    rows = [
        (p, "TAU" if p % 2 else "placebo", v, 10 + v, 5 if p == 3 else 1)
        for p in range(1, 13)
        for v in (0, 8, 16)
    ]
    frame = pd.DataFrame(rows, columns=["patient", "group", "week", "phq9_total", "rare"])
    frame.to_csv(tmp_path / "l.csv", index=False)
    text = scan_file(tmp_path / "l.csv")
    draft = read_text_yaml(text, "s")
    assert draft["source"]["layout"] == "long"
    assert draft["source"]["visit"] == {
        "column": "week",
        "values": {
            "0": {"timepoint": "baseline", "weeks": "0"},
            "8": {"timepoint": "post", "weeks": "8"},
            "16": {"timepoint": "follow_up", "weeks": "16"},
        },
    }
    assert draft["assessments"] == [{"instrument": "phq9", "total": "phq9_total"}]
    assert draft["variables"]["arm"]["values"] == {"TAU": "tau", "placebo": "placebo"}
    assert "patient: codes; filled 12" in text


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("männlich", "male"),
        ("vrouw", "female"),
        ("Maschio", "male"),
        ("femme", "female"),
        ("hombre", "male"),
        ("1 = Frau", "female"),
        ("divers", "other"),
        ("xyz", None),
    ],
)
def test_sex_in_six_languages(word, level):
    assert known_level(word, LEVELS["sex"]) == level


def test_unemployed_is_not_employed():
    assert known_level("unemployed", LEVELS["employment"]) == "unemployed"
    assert known_level("arbeitslos", LEVELS["employment"]) == "unemployed"


@pytest.mark.parametrize(
    ("word", "answer"), [("ja", "yes"), ("Non", "no"), ("sì", "yes"), ("nein", "no"), ("geen", "no")]
)
def test_yes_and_no(word, answer):
    assert yes_or_no(word) == answer


@pytest.mark.parametrize(
    ("label", "condition"),
    [
        ("STPP, 16 sessions", "stpp"),
        ("care as usual", "tau"),
        ("Warteliste", "waitlist"),
        ("psychotherapie psychodynamique + antidepressant", "combined"),
        ("SSRI + supportive contact", "antidepressant_supportive"),
        ("pill placebo", "placebo"),
        ("CBT", "other_psychotherapy"),
        ("blue", None),
    ],
)
def test_conditions_from_labels(label, condition):
    assert condition_of(label) == condition


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("pre", Moment("baseline", 0.0)),
        ("t0", Moment("baseline", 0.0)),
        ("w16", Moment(weeks=16.0)),
        ("week_8", Moment(weeks=8.0)),
        ("3m", Moment(weeks=13.0)),
        ("fu 52 weeks", Moment("follow_up", 52.0)),
        ("t2", Moment(number=2)),
        ("x", Moment()),
    ],
)
def test_moments_in_names(name, moment):
    assert moment_of(words_of(name)) == moment


def test_series_are_placed():
    t = [Moment(number=i) for i in (1, 2, 3)]
    assert [place(t)[m].timepoint for m in t] == ["baseline", "post", "follow_up"]
    w = [Moment("baseline", 0.0), *[Moment(weeks=float(x)) for x in (4, 8, 24)]]
    assert [place(w)[m].timepoint for m in w] == ["baseline", "interim", "post", "follow_up"]


def test_a_draft_is_not_written_over_a_mapping(tmp_path, capsys):
    (tmp_path / "d.csv").write_text("id,bdi\n1,2\n2,3\n")
    out = tmp_path / "study.yaml"
    out.write_text("mine: 1\n")
    assert main(["scan", str(tmp_path / "d.csv"), "--out", str(out)]) == 2
    assert out.read_text() == "mine: 1\n"
    assert main(["scan", str(tmp_path / "d.csv"), "--out", str(out), "--force"]) == 0


def test_a_file_that_cannot_be_read_is_exit_2(tmp_path, capsys):
    assert main(["scan", str(tmp_path / "none.csv")]) == 2
    (tmp_path / "x.sav").write_bytes(b"$FL2 broken")
    assert main(["scan", str(tmp_path / "x.sav")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared trials are not here")
@pytest.mark.parametrize("trial", ["btheb/btheb", "gregoire1996/gregoire", "jobs2/jobs2"])
def test_real_trials_scan_and_check(tmp_path, trial):
    source = SHARED / f"{trial}.csv"
    (tmp_path / source.name).write_bytes(source.read_bytes())
    assert main(["scan", str(tmp_path / source.name), "--out", str(tmp_path / "study.yaml")]) == 0
    result = check_study(tmp_path)
    assert result.error is None
    assert json.dumps(result.as_json())


def test_every_variable_has_words():
    from ipdma.site.scan_words import VARIABLES

    assert set(VARIABLES) == set(load_codebook().variables)
