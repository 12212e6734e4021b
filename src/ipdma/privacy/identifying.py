"""Columns that look as if they named a person: by their names, in six languages, and by what they hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

NAME = "name"
BIRTH = "birth date"
ADDRESS = "address"
PHONE = "phone number"
EMAIL = "e-mail address"
NUMBER = "identity number"
KINDS = (NAME, BIRTH, ADDRESS, PHONE, EMAIL, NUMBER)

# Whole words of a column's name. Dutch, German, Italian, Spanish, French, English.
WORDS = {
    NAME: "name names naam namen nom noms nome nombre nombres initials initialen iniziali initiales roepnaam",
    BIRTH: "dob birthdate birthday gebdat gebdatum gebd geb_datum ddn",
    ADDRESS: "address addr adres adresse straat street strasse str calle rue zip plz postcode postal "
    "indirizzo direccion domicile woonplaats wohnort",
    PHONE: "tel phone telephone mobile mobiel gsm handy telefon telefono telefoon cellulare movil fax",
    EMAIL: "email mail emails",
    NUMBER: "bsn ssn nhs mrn dni nif nie avs ahv insz codicefiscale rijksregisternummer",
}

# Stems that mark a compound wherever they stand in it.
STEMS = {
    NAME: "achternaam voornaam familienaam tussenvoegsel nachname vorname familienname patientenname cognome "
    "apellido prenom surname firstname lastname fullname forename patientname patientnaam nompatient",
    BIRTH: "geboortedat geboortedag geburtsdat geburtstag dateofbirth datebirth birthdat birthday "
    "datadinascita datanasc nascitadata fechanac fechadenac datenaiss datedenaiss",
    ADDRESS: "postleitzahl postcode anschrift wohnadresse huisadres streetaddress indirizzo direccion "
    "codepostal codigopostal zipcode strassenname straatnaam",
    PHONE: "telefoonn telefonn telephonen phonenumber phoneno mobilenum handynum numerotelefono",
    EMAIL: "emailadr emailaddr emailadd correoelectronico",
    NUMBER: "burgerservicenummer socialsecurity sozialversicherungsn versichertennummer codicefiscale "
    "nhsnumber rijksregister krankenversicherungsn numerosecurite",
}

# Names of things, not of people.
THINGS = (
    "study trial site centre center arm group gruppe groep instrument scale scala skala test drug medication "
    "variable var column file item visit label treatment treat unit brand event country product"
)

DATE = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4})\Z|(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ].*)?\Z")
PATTERNS = {
    EMAIL: re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\Z"),
    PHONE: re.compile(
        r"(?=(?:\D*\d){9,15}\D*\Z)(?:\+|00)\d[\d ()/.-]+\Z|0[1-9]\d{8,9}\Z|"
        r"(?=(?:\D*\d){9,12}\D*\Z)\(?0[1-9]\d{0,4}\)?[ /.-]\d[\d /.-]+\Z"
    ),
    ADDRESS: re.compile(
        r"\w[\w .'-]*(?:straat|laan|weg|plein|gracht|kade|dijk|strasse|straße|str\.|gasse|platz|allee)"
        r"\s+\d+\s*\w{0,3}\Z|"
        r"(?:via|viale|piazza|corso|rue|avenue|boulevard|calle|avenida|plaza)\s.+\d+\s*\w?\Z|"
        r"\d+\w?,?\s.+\s(?:street|st\.?|road|rd\.?|avenue|ave\.?|lane|drive|court|square|way)\Z|"
        r"\d+\w?,?\s(?:bis\s|ter\s)?(?:rue|avenue|boulevard|place|chemin)\s.+\Z|"
        r"\d{4} [A-Z]{2}\Z|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\Z",
        re.IGNORECASE,
    ),
    NUMBER: re.compile(
        r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\Z|\d{3}-\d{2}-\d{4}\Z|\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\Z"
    ),
    NAME: re.compile(
        r"(?:[A-Z]\.? ?){0,3}[A-ZÀ-Þ][a-zß-ÿ'’-]+,? "
        r"(?:(?:van|von|de|den|der|di|da|del|la|le|ten|ter|el) ){0,2}"
        r"(?:[A-Z]\.? ?)?[A-ZÀ-Þ][a-zß-ÿ'’-]+(?:-[A-ZÀ-Þ][a-zß-ÿ]+)?\Z"
    ),
}
SHARE = 0.6
MOST_VALUES = 2000


def name_kind(column: str, label: str = "") -> str | None:
    """What a column's name, or a short label, says that it holds of a person.

    Parameters
    ----------
    column : str
        Name of the column.
    label : str
        Its label in SPSS or Stata; a label of more than three words is a question, not a name, and is not
        judged.

    Returns
    -------
    str or None
        One of `KINDS`.
    """
    return words_kind(column) or (words_kind(label) if 0 < len(label.split()) <= 3 else None)


def words_kind(text: str) -> str | None:
    """The kind that the words of `text` point at."""
    words = split_words(text)
    joined = "".join(words)
    for kind, stems in STEMS.items():
        if any(stem in joined for stem in stems.split()):
            return kind
    if set(words) & set(THINGS.split()):
        return None
    for kind, known in WORDS.items():
        if {*words, joined} & set(known.split()):
            return kind
    return None


def split_words(text: str) -> list[str]:
    """Lower-case words without accents, cut at signs, digits and capitals within a word."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    cut = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    return [word.lower() for word in re.findall(r"[A-Za-z]+", cut)]


def content_kind(values: Iterable[str]) -> str | None:
    """What the values of a column look like, judged on the first 2,000 that are not empty.

    Parameters
    ----------
    values : iterable of str
        The cells as text.

    Returns
    -------
    str or None
        One of `KINDS`, where at least three cells and six in ten look like it. Names must differ from row to
        row and dates must spread over fifteen years, so that labels and visit dates are not taken for people.
    """
    filled = []
    for value in values:
        value = value.strip()
        if value:
            filled.append(value)
        if len(filled) == MOST_VALUES:
            break
    if len(filled) < 3:
        return None
    for kind, pattern in PATTERNS.items():
        hits = [value for value in filled if pattern.match(value)]
        if len(hits) >= max(3, SHARE * len(filled)) and (kind != NAME or differ(hits)):
            return kind
    return BIRTH if look_like_births(filled) else None


def differ(values: list[str]) -> bool:
    """Whether values are as various as people's names are."""
    return len(set(values)) >= max(5, SHARE * len(values))


def look_like_births(values: list[str]) -> bool:
    """Whether values are dates that spread as birth dates do and the dates of one trial do not."""
    years = sorted(int(m.group(3) or m.group(4)) for m in map(DATE.match, values) if m)
    if len(years) < max(5, SHARE * len(values)) or years[-1] > 2020:
        return False
    tenth = len(years) // 10
    return years[-1 - tenth] - years[tenth] >= 15 and years[len(years) // 2] < 2005
