"""Identifiers that look alike, that lost their digits, or that are no identifiers: asked about, never
changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from ipdma.site.dates import ISO, NAMED, PARTS
from ipdma.site.facts import Person
from ipdma.site.findings import Findings
from ipdma.site.letters import INVISIBLE, holds_invisible
from ipdma.site.no_answer import is_no_value
from ipdma.site.number_forms import is_day_and_month

Cells = Mapping[int, str]
NOTATION = re.compile(r"[+-]?[1-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}\Z")
EXACT_DIGITS = 15  # of a number in a spreadsheet; the others become zeros
FEWEST_ROUNDED = 3
# Cyrillic and Greek letters that look like Latin ones
TWINS = str.maketrans(
    "АВЕКМНОРСТУХІЈЅавекмнорстухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTYXIJSabekmhopctyxijsABEZHIKMNOPTYXo"
)
LEADING = re.compile(r"(?<!\d)0+(?=\d)")
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


def without_invisible(text: str) -> str:
    """Without signs that nobody sees."""
    return INVISIBLE.sub("", text).strip()


def plain_signs(text: str) -> str:
    """One form of each letter, digit, blank and dash."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = unicodedata.normalize("NFKC", without_invisible(text)).translate(TWINS)
    return " ".join(DASHES.sub("-", text).split())


def one_case(text: str) -> str:
    """Without regard to case."""
    return plain_signs(text).casefold()


def one_mark(text: str) -> str:
    """Blanks, dashes, dots, slashes and underscores as one; none between letters and digits."""
    text = re.sub(r"[\s.,_/\\-]+", "-", one_case(text)).strip("-+'\"#")
    return re.sub(r"(?<=[^\W\d_])-(?=\d)|(?<=\d)-(?=[^\W\d_])", "", text)


def one_number(text: str) -> str:
    """Numbers without zeros that say nothing: 007 is 7, 7.0 is 7."""
    return LEADING.sub("", one_mark(re.sub(r"^(\d+)[.,]0+$", r"\1", plain_signs(text))))


def one_letter(text: str) -> str:
    """The letters O, I and l beside a digit as 0 and 1."""
    text, old = one_mark(text), ""
    while text != old:
        old = text
        text = re.sub(r"o(?=\d)|(?<=\d)o", "0", text)
        text = re.sub(r"[il](?=\d)|(?<=\d)[il]", "1", text)
    return LEADING.sub("", text)


WAYS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("signs that cannot be seen", without_invisible),
    ("letters or signs that look the same", plain_signs),
    ("case", one_case),
    ("blanks, dashes or dots", one_mark),
    ("leading zeros or decimals", one_number),
    ("the letters O, I or l for digits", one_letter),
)


def check_identifiers(
    findings: Findings, file: str, column: str | None, persons: Sequence[Person], cells: Cells
) -> None:
    """Report what is doubtful in the identifiers of a file.

    Parameters
    ----------
    cells : mapping
        The identifier's cell on each row.
    """
    report_alike(findings, file, column, persons, cells)
    for name, wrong in (
        ("participant_notation", lambda text: NOTATION.match(text) is not None),
        ("participant_word", is_no_value),
        ("participant_rounded", rounded(persons).__contains__),
        ("participant_date", looks_like_date),
    ):
        places = [(row, cells[row]) for person in persons if wrong(person.id) for row in person.rows]
        if places:
            findings.add(name, file, "participant", column, places, of=len(cells))


def rounded(persons: Sequence[Person]) -> frozenset[str]:
    """Numbers of more digits than a spreadsheet keeps, where all of them end in zeros from there on."""
    long = [p.id for p in persons if len(p.id) > EXACT_DIGITS and p.id.isascii() and p.id.isdigit()]
    lost = len(long) >= FEWEST_ROUNDED and not any(name[EXACT_DIGITS:].strip("0") for name in long)
    return frozenset(long) if lost else frozenset()


def looks_like_date(text: str) -> bool:
    """Whether an identifier is a date, as a spreadsheet makes of 5-3 or 1/2011."""
    return any(form.match(text) for form in (ISO, PARTS, NAMED)) or is_day_and_month(text)


def report_alike(
    findings: Findings, file: str, column: str | None, persons: Sequence[Person], cells: Cells
) -> None:
    """A finding per way in which identifiers differ and are alike; each pair is told once."""
    told: set[str] = {person.id for person in persons if holds_invisible(person.id)}
    if told:
        add_alike(findings, file, column, [p for p in persons if p.id in told], cells, WAYS[0][0])
    for how, key in WAYS[1:]:
        groups: dict[str, list[Person]] = {}
        for person in persons:
            groups.setdefault(key(person.id), []).append(person)
        alike = [
            group for group in groups.values() if len(group) > 1 and any(p.id not in told for p in group)
        ]
        # case alone has a finding of its own
        if alike and how != "case":
            add_alike(findings, file, column, [p for group in alike for p in group], cells, how)
        told |= {person.id for group in alike for person in group}


def add_alike(
    findings: Findings, file: str, column: str | None, persons: Sequence[Person], cells: Cells, how: str
) -> None:
    """One finding."""
    places = [(row, cells[row]) for person in persons for row in person.rows]
    said = {"how": how}
    findings.add("participant_alike", file, "participant", column, places, of=len(cells), said=said)
