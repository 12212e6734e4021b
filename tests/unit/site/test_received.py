"""A site sees its own numbers again: everything at home, nothing of few people where others may read it."""

from __future__ import annotations

import re
import statistics
from dataclasses import replace
from html import unescape

import pytest

from ipdma.site.catalogue import LANGUAGES, load_catalogue
from ipdma.site.received import received_scores
from ipdma.site.reports import received_section, report_html


def told(result, fewest=None, language="en"):
    """The section as a reader reads it."""
    held = {"received": received_scores(result, fewest), "read_by": {"version": "1", "codebook": "0"}}
    markup = received_section(held, load_catalogue(language)["phrases"])
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", markup)))


def test_the_sites_own_page_has_its_means(small):
    values = [float(row[small.header.index("pre")]) for row in small.rows if row[1] == "1"]
    said = told(small.check())
    assert "stpp (n = 6) tau (n = 6)" in said
    assert f"6: {statistics.fmean(values):.1f} ({statistics.stdev(values):.1f})" in said
    assert "post, 16" in said


def test_the_shared_page_has_no_number_of_few_people(small):
    for row in (2, 3):
        small.put(row, "post", "")
    said = told(small.check(), fewest=5)
    assert "all but <5: " in said  # five of six have the score: one has not
    assert not re.search(r"(?<!<)\b5: ", said)
    dutch = replace(small.check(), language="nl")
    assert "op <5 na alle: " in told(dutch, fewest=5, language="nl")
    assert told(small.check(), fewest=10).count("<10") == 6  # both arms, twice two cells
    assert not re.search(r"\d\.\d \(", told(small.check(), fewest=10))


def test_a_week_that_hardly_anybody_has_is_not_told(small):
    result = small.check()
    assert "post, 16" in told(result, fewest=5)
    assert "16" not in told(result, fewest=20)


def test_nothing_is_told_of_a_file_without_participants(small):
    small.rows = []
    assert told(small.check()) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_pages_tell_it_in_every_language(small, language):
    result = replace(small.check(), language=language)
    head = load_catalogue(language)["phrases"]["received"]
    for shareable in (True, False):
        assert f"<h2>{head}</h2>" in report_html(result, shareable=shareable)
