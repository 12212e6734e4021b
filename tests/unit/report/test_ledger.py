"""Every number that is printed stands in a record file, and the ledger says where."""

from __future__ import annotations

import math
import re

import pytest
from matplotlib import rc_context
from matplotlib.text import Text

from ipdma.report import wording
from ipdma.report.compare import check_claims
from ipdma.report.figures import list_exhibits
from ipdma.report.fonts import provide_fonts
from ipdma.report.ledger import Ledger, print_again
from ipdma.report.methods import methods_paragraphs
from ipdma.report.sentences import results_sentences
from ipdma.report.style import STYLE
from ipdma.report.table import Section
from ipdma.report.tables import tabulate_all
from ipdma.report.tables_credibility import QUESTIONS

NUMBER = re.compile(r"\u2212?\d*\.?\d+")


def words_of(material) -> list[str]:
    """Texts that are names and not results: labels, levels, citations, registry entries, the plan's words."""
    held = {
        r.text(c)
        for f in ("estimates", "study_estimates", "counts")
        for r in getattr(material.records, f)
        for c in ("level", "variable", "study", "what", "moderator", "term")
    }
    held |= {cell for entry in material.citations.values() for cell in entry.values()}
    held |= {material.study(s) for s in material.citations}
    held |= {f"{e.get('year')}, {e.get('country')}" for e in material.citations.values()}
    held |= {material.moderator(m) for m in material.plan["moderators"]}
    held |= set(material.plan["instruments"]["preference"])
    held |= {h.partition(": ")[2] for h in held if re.match("[a-z ]+: ", h)}  # the reason of an answer
    held |= {f"{number}. {question}" for number, question in QUESTIONS.items()}
    held |= {name.upper() for name in held}
    return sorted((h for h in held if re.search(r"\d", h) and not is_number(h)), key=len, reverse=True)


def is_number(text: str) -> bool:
    """Whether a text is a number and nothing else."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def strange_numbers(text: str, names: list[str], printed: set[str], least: int = 10) -> list[str]:
    """Numbers of a text that are neither part of a name nor printed from a record.

    Fixed words: the confidence level, the smallest cell, powers (tau squared), percentiles, domains D1 to D5.
    """
    text = re.sub(
        rf"95%|<{least}\b|(?:fewer than|under) {least}\b|1 to {least - 1}\b|p[159]0\b|\bD[1-5]\b|mean[-+]1sd",
        " ",
        text,
    )
    text = re.sub(
        r"HAM-D17|lme4|17 items|p > 0\.\d+|event rate of 20%|within 0\.1 standard|K - 1|ipdma 0\.1\.0"
        r"|< \.001|> \.999",
        " ",
        text,
    )
    text = re.sub(
        r"of 100\b|0\.24 SD|0\.05 in the share|fewer than 400 participants", " ", text
    )  # of the plan, or of GRADE
    text = re.sub(r"per 12 months", " ", text)  # the unit of a moderator, a record's own words
    text = re.sub(r"\u22122 log likelihood|more than 0\.0001", " ", text)
    text = re.sub(r"et al\. 2020, CMAJ 192:E901|below \.10", " ", text)
    text = text.replace("\n", " ")
    for name in names:
        text = text.replace(name, " ").replace(name[:1].upper() + name[1:], " ")
    return [n for n in NUMBER.findall(text) if n not in printed]


def printed_at(ledger: Ledger, place: str) -> set[str]:
    """Number tokens that the ledger says were printed there."""
    return {n for c in ledger.claims if c.place == place for n in NUMBER.findall(c.printed)}


def test_every_number_of_every_table(material):
    ledger = Ledger()
    names = words_of(material)
    tables = tabulate_all(material, ledger)
    assert len(tables) >= 8
    for table in tables:
        printed = printed_at(ledger, f"tables/{table.name}")
        for row in table.rows:
            for cell in [row.label] if isinstance(row, Section) else row:
                assert strange_numbers(cell, names, printed) == [], (table.name, row)
        for text in [*table.notes, *(c.label for c in table.columns), table.title]:
            assert strange_numbers(text, names, printed) == [], (table.name, text)


def test_every_number_of_every_figure(material):
    ledger = Ledger()
    names = words_of(material)
    provide_fonts()
    exhibits = list_exhibits(material, ledger)
    assert {e.name.split(".")[0] for e in exhibits} >= {
        "forest",
        "interaction",
        "moderators",
        "effect_by",
        "funnel",
        "leave_one_out",
        "specifications",
        "prisma_ipd_flow",
        "risk_of_bias",
        "missingness",
        "balance",
        "one_stage_two_stage",
        "trajectories",
        "tree",
        "imputation",
        "tipping_points",
    }
    for exhibit in exhibits:
        with rc_context(STYLE):
            figure = exhibit.draw()
        printed = printed_at(ledger, f"figures/{exhibit.name}")
        for text in [*shown_texts(figure), exhibit.caption, exhibit.alt]:
            if not ends_a_name(text, names):
                assert strange_numbers(text, names, printed) == [], (exhibit.name, text)


def named(text) -> bool:
    """Whether a tick is a number (a name along an axis, as of a level with its n, is not)."""
    return is_number(text.get_text().replace("\u2212", "-") or "0")


def ends_a_name(text: str, names: list[str]) -> bool:
    """Whether a line is what was left of a name that took several lines."""
    line = text.strip()
    return bool(re.search(r"[a-z]", line)) and any(name.endswith(f" {line}") for name in names)


def shown_texts(figure) -> list[str]:
    """Texts of a figure but for the numbers along its axes."""
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    ticks = {id(t) for axis in axes for t in axis.findobj(Text) if t is not axis.label and named(t)}
    return [t.get_text() for t in figure.findobj(Text) if id(t) not in ticks and t.get_gid() != "tick"]


def test_every_number_of_every_sentence(material):
    ledger = Ledger()
    names = words_of(material)
    results = [line for _, lines in results_sentences(material, ledger) for line in lines]
    assert len(results) > 8
    for line in results:
        assert strange_numbers(line, names, printed_at(ledger, "report/results")) == [], line
    for line in methods_paragraphs(material, ledger):
        assert strange_numbers(line, names, printed_at(ledger, "report/methods")) == [], line


def test_a_number_that_is_in_no_record_is_found(material):
    names = words_of(material)
    assert strange_numbers("d = \u22120.77", names, {"\u22120.55"}) == ["\u22120.77"]
    assert strange_numbers("d = \u22120.55, 11 trials", names, {"\u22120.55"}) == ["11"]


def test_items_with_commas_of_their_own_are_told_apart():
    assert wording.several(["a", "b", "c"]) == "a, b and c"
    assert wording.several(["depression, self-reported", "dropout", "HAM-D17, points"]) == (
        "depression, self-reported; dropout; and HAM-D17, points"
    )
    assert wording.several(["-1 [-2, 0]", "0 (1, 2)", "2"]) == "-1 [-2, 0], 0 (1, 2) and 2"


def test_the_ratio_of_a_logarithm_is_printed_and_the_logarithm_kept(material):
    row = next(r for r in material.records.estimates if r.number("ci_low") is not None)
    ledger = Ledger()
    printed = ledger.pen("here").ratio(row, "ci_low")
    claim = next(iter(ledger.claims))
    assert float(printed) == pytest.approx(math.exp(row["ci_low"]), abs=0.005)
    assert (claim.value, print_again(claim.value, claim.digits)) == (row["ci_low"], printed)


def test_the_ledger_points_at_the_cells_that_it_names(material):
    ledger = Ledger()
    tabulate_all(material, ledger)
    list_exhibits(material, ledger)
    results_sentences(material, ledger)
    claims = list(ledger.claims)
    assert len(claims) > 1000
    tables = {
        "estimates": material.estimates,
        "study_estimates": material.study_estimates,
        "counts": material.counts,
    }
    for claim in claims:
        cell = tables[claim.file].iloc[claim.line - 2][claim.field]
        assert float(cell) == claim.value
        if claim.digits != "text":
            assert print_again(claim.value, claim.digits) == claim.printed
    verdicts = check_claims([c.as_mapping() for c in claims], material.records, "the record files")
    assert not [v for v in verdicts if v.why]
