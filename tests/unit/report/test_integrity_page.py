"""What leaves the integrity checks: pages for the sites, tables over all trials, counts for the report."""

from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO

import pandas as pd
import pytest
from tests.builders.bundles import small_bundle
from tests.builders.integrity_upload import draw_upload

from ipdma.codebook import load_codebook
from ipdma.cohort import Upload
from ipdma.errors import ReadError
from ipdma.integrity import list_discrepancies
from ipdma.report.integrity_page import domain_part, shareable_discrepancies, shareable_table
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.tables_integrity import tabulate_integrity
from ipdma.runs.examine import examine_uploads
from ipdma.runs.integrity_pages import CHECKS, DISCREPANCIES, Look, integrity_pages

PLANTED = "41"  # the data have 40 in the arm

LEAST = 10


def planted_upload(confirmed=()):
    """A trial with one participant entered twice, one printed n and one printed mean that the data lack."""
    people, assessments = draw_upload()
    people = people.assign(participant="key-" + people["participant"])
    assessments = assessments.assign(participant="key-" + assessments["participant"])
    copy = people[people["participant"] == "key-p3"].assign(participant="key-p3b")
    scores = assessments[assessments["participant"] == "key-p3"].assign(participant="key-p3b")
    arm = copy["arm"].item()
    people, assessments = pd.concat([people, copy]), pd.concat([assessments, scores])
    printed = {"n": PLANTED if arm != "stpp" else "40", "hamd17": {"baseline": {"mean": "99.0"}}}
    study = {
        "study": {"id": "XX-A"},
        "arms": {"stpp": {"condition": "stpp"}, "tau": {"condition": "tau"}},
        "published": {"arms": {"stpp": printed}},
        "confirmed": list(confirmed),
    }
    return Upload(study, people, assessments, pd.DataFrame())


REGISTRY = pd.DataFrame(
    [
        {"study": "XX-A", "status": "ipd", "rob_d1": "low", "rob_d3": "high", "rob_overall": "high",
         "inspect_sr": "some concerns", "inspect_sr_d4": "no concerns"},
        {"study": "YY-B", "status": "ipd", "rob_d1": "some concerns", "rob_d3": "", "rob_overall": "",
         "inspect_sr": "serious concerns", "inspect_sr_d4": ""},
    ]
)  # fmt: skip


def examine(upload, registry=REGISTRY):
    lines = []
    look = Look(registry, "SYNTHETIC data", LEAST)
    found = dict(examine_uploads([upload], load_codebook(), look, lines.append))
    assert any("questions" in line for line in lines)
    return found


@pytest.fixture(scope="module")
def files():
    return examine(planted_upload())


class Cells(HTMLParser):
    """Rows of every table of a page, and the open elements at its end."""

    def __init__(self):
        super().__init__()
        self.rows, self.open, self.text = [], [], None

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.text = ""

    def handle_data(self, data):
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.rows[-1].append(self.text)
            self.text = None


def rows_of(page):
    cells = Cells()
    cells.feed(page)
    assert not cells.open
    return cells.rows


def test_the_page_says_what_was_planted(files):
    rows = rows_of(files["integrity/XX-A.html"])
    repeated = next(row for row in rows if row[0] == "Repeated participants")
    assert repeated[2:4] == ["please look", "<10 of 81"]
    assert any("twice" in cell for cell in repeated)
    listed = next(row for row in rows if row[:2] == ["hamd17 baseline in stpp", "mean"])
    assert listed[2] == "99.0"
    assert 15 < float(listed[3]) < 25
    assert listed[-1] == "open"


def test_every_domain_is_on_the_page_with_its_outcomes(files):
    rows = rows_of(files["integrity/XX-A.html"])
    head = next(i for i, row in enumerate(rows) if row[0] == "Domain")
    assert rows[head][1:] == ["Cannot be right", "Please look", "Passed", "Not checked"]
    table = pd.read_csv(StringIO(files["integrity/results.csv"]))
    domains = rows[head + 1 : head + 9]
    assert [row[0][0] for row in domains] == list("12345678")
    for number, row in enumerate(domains, 1):
        own = table[table["domain"] == number]["outcome"].value_counts()
        assert [int(cell) for cell in row[1:]] == [
            own.get(word, 0) for word in ("fail", "query", "passed", "not checked")
        ]


def test_a_domain_all_of_whose_checks_ask_something_has_no_heading_without_a_text():
    asked = {"check": "repeated_people", "outcome": "query", "text": "", "subject": "", "said": ""}
    assert domain_part(1, "Patterns", [asked]) == ""
    assert "1. Patterns" in domain_part(1, "Patterns", [asked, {**asked, "outcome": "passed"}])


def test_judgements_come_from_the_registry(files):
    rows = rows_of(files["integrity/XX-A.html"])
    assert ["D1 Randomisation process", "low"] in rows
    assert ["D2 Deviations from the intended interventions", "not recorded"] in rows
    assert ["D3 Missing outcome data", "high"] in rows
    assert ["Overall", "some concerns"] in rows  # INSPECT-SR
    assert ["D4", "no concerns"] in rows
    page = examine(planted_upload(), registry=None)["integrity/XX-A.html"]
    assert "the registry has no column" in page


def test_nothing_of_a_participant_leaves(files):
    for name, text in files.items():
        assert "key-p" not in text, name
    for count in ("integrity/results.csv",):
        table = pd.read_csv(StringIO(files[count]), dtype=str, keep_default_na=False)
        people = table[table["check"] == "repeated_participants"]
        assert people["n"].tolist() == ["<10"]


def test_a_remainder_that_is_small_is_not_told():
    columns = {"study": "A", "domain": 3, "outcome": "passed", "subject": "x", "statistic": 0.5,
               "threshold": 0.2, "text": "", "printed": "", "found": ""}  # fmt: skip
    rows = [("a", 58, 60), ("a", 3, 60), ("a", 60, 60), ("a", 55, 60), ("randomised_and_contributed", 58, 60)]
    table = pd.DataFrame([{**columns, "check": c, "n": n, "of": of, "among": None} for c, n, of in rows])
    told = shareable_table(table, 5)
    assert told["n"].tolist() == ["all but <5", "<5", "60", "55", "58"]
    assert not {"statistic", "threshold", "found"} & set(told)


@pytest.mark.parametrize(
    ("of", "among", "said"), [(153, 157, "all but <5"), (4, 157, "<5"), (157, 157, "157"), (100, 157, "100")]
)
def test_those_without_an_attribute_do_not_follow_from_those_with_it(of, among, said):
    row = {"check": "outliers", "statistic": 0.0, "threshold": 0.0, "printed": "", "found": ""}
    told = shareable_table(pd.DataFrame([{**row, "n": 0, "of": of, "among": among}]), 5)
    assert told["of"].tolist() == [said]


def test_the_checks_that_look_at_attributes_say_among_whom():
    people, assessments = draw_upload()
    people = people.assign(age="40", episode_duration_months=["", "", "", *["12"] * (len(people) - 3)])
    study = {"study": {"id": "XX-A"}, "arms": {"stpp": {}, "tau": {}}}
    found = examine(Upload(study, people, assessments, pd.DataFrame()))
    table = pd.read_csv(StringIO(found[CHECKS]), dtype=str, keep_default_na=False).set_index("check")
    assert table.loc["episode_longer_than_life", "of"] == "all but <10"
    assert f"of {len(people) - 3}" not in found["integrity/XX-A.html"]


def test_pages_come_out_of_the_two_shared_tables_again(files):
    look = Look(REGISTRY, "SYNTHETIC data", LEAST)
    assert dict(integrity_pages(files[CHECKS], files[DISCREPANCIES], {}, look)) == {
        name: page for name, page in files.items() if name.endswith(".html")
    }


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "", "study,check,domain,outcome,subject,n,of,text\nA,x,nine,passed,y,1,2,z\n"]
)
def test_what_is_no_table_of_checks_is_a_sentence(text):
    with pytest.raises(ReadError, match="integrity/results.csv: expected"):
        list(integrity_pages(text, "study\n", {}, Look(None, "", LEAST)))


def test_numbers_of_the_fewest_are_withheld():
    rows = [
        ("age in b", "mean", "41.0", "44.2", 4),
        ("age in b", "n", "9", "4", 4),
        ("age in c", "mean", "41.0", "44.2", 5),
        ("age in d", "n", "40", "38", 38),
        ("age in d", "mean", "41.00", "44.26", 38),
    ]
    told_of = pd.DataFrame(rows, columns=["subject", "statistic", "printed", "found", "n"])
    told_of = told_of.assign(study="A", of=40, disposition="open")
    told = shareable_discrepancies(told_of, 5)
    assert told["found"].tolist() == ["withheld", "<5", "44.2", "all but <5", "44.3"]
    assert told["n"].tolist() == ["<5", "<5", "5", "all but <5", "all but <5"]
    assert "of" not in told


def entry(variable="hamd17", n="1", code="IPD-037"):
    return {"code": code, "variable": variable, "n": n, "why": "typing error in the paper", "by": "dm"}


@pytest.mark.parametrize(
    ("confirmed", "disposition"),
    [
        ([], "open"),
        ([entry()], "confirmed by the site"),
        ([entry(n="0")], "open"),
        ([entry(variable="bdi2")], "open"),
        ([entry(code="IPD-036")], "open"),
    ],
)
def test_the_site_settles_a_discrepancy(confirmed, disposition):
    files = examine(planted_upload(confirmed))
    table = pd.read_csv(StringIO(files["integrity/disposition.csv"]), dtype=str)
    score = table[table["subject"] == "hamd17 baseline in stpp"]
    assert score["disposition"].tolist() == [disposition]
    assert "typing error" not in "".join(files.values())


def test_a_reproduced_number_needs_no_disposition():
    assert list_discrepancies(pd.DataFrame({"check": ["published_numbers"], "outcome": ["passed"]}), {}).empty


def material(files):
    counts = pd.read_csv(StringIO(files["private/parts/trials/integrity/counts.csv"]))
    empty = {
        name: pd.read_csv(StringIO(files[f"private/parts/trials/integrity/{name}.csv"]))
        for name in ("estimates", "study_estimates")
    }
    assert all(len(table) == 0 and len(table.columns) > 10 for table in empty.values())
    return Material(empty["estimates"], empty["study_estimates"], counts, {"title": "t"}, REGISTRY)


def test_the_reports_table_is_drawn_from_the_counts(files):
    ledger = Ledger()
    table = tabulate_integrity(material(files), ledger)
    results = pd.read_csv(StringIO(files["integrity/results.csv"]))
    (row,) = table.rows
    ended = results["outcome"].value_counts()
    assert row[1:6] == (
        str(len(results)),
        *(str(ended.get(word, 0)) for word in ("fail", "query", "passed", "not checked")),
    )
    assert row[6].split(" of ")[0] == str(len(pd.read_csv(StringIO(files["integrity/disposition.csv"]))))
    assert "External inconsistencies" in row[7]
    assert len(ledger.claims) == 7


def test_two_examinations_write_the_same_bytes(files):
    assert examine(planted_upload()) == files


@pytest.mark.parametrize("contact", ["T. <Centre>", ""])
def test_the_page_says_whom_to_answer_where_the_plan_does(contact):
    asked = (load_codebook(), Look(None, "", LEAST, contact), lambda line: None)
    page = next(text for name, text in examine_uploads([planted_upload()], *asked) if name.endswith(".html"))
    assert ("<p>Answers and questions go to T. &lt;Centre&gt;.</p>" in page) == bool(contact)
    assert ("Answers and questions" in page) == bool(contact)


def test_a_trial_that_came_as_a_bundle_tells_how_many_checks_ended_how():
    lines = []
    made = replace(small_bundle(), integrity=(("2", "passed", 7), ("2", "query", 1), ("8", "fail", 2)))
    study = made.study_id
    registry = REGISTRY.assign(study=[study, "YY-B"])
    asked = (load_codebook(), Look(registry, "", LEAST), lines.append, [made])
    found = dict(examine_uploads([planted_upload()], *asked))
    page = found[f"integrity/{study}.html"]
    assert "3 of 10 checks asked for an answer" in page
    assert "high" in page
    counts = pd.read_csv(StringIO(found["private/parts/trials/integrity/counts.csv"]))
    own = counts[(counts.study == study) & counts.variable.isna()].set_index("level")
    assert own.n.to_dict() == {"passed": 7, "query": 1, "fail": 2, "not checked": 0}
    assert set(own.of) == {10}
    assert set(counts[counts.what == "integrity_published"].study) == {"XX-A"}
