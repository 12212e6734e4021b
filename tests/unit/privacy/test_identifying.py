"""Columns that identify people."""

from __future__ import annotations

import pytest

from ipdma.privacy import content_kind, name_kind

IDENTIFYING = {
    "name": [
        "patient_name",
        "Achternaam",
        "Vorname",
        "cognome",
        "Apellidos",
        "prénom",
        "NAME",
        "lastName",
        "Naam",
    ],
    "birth date": [
        "dob",
        "geboortedatum",
        "Geburtsdatum",
        "GebDat",
        "date_birth",
        "geb_datum",
        "birth_date",
        "data_di_nascita",
        "fecha_nacimiento",
    ],
    "address": ["postcode", "PLZ", "Straße", "adres", "indirizzo", "zip_code", "home_address", "Anschrift"],
    "phone number": ["telefoonnummer", "Tel", "phone", "mobile", "teléfono", "Handy"],
    "e-mail address": ["email", "E-Mail", "e_mail_adres", "mail"],
    "identity number": ["bsn", "codice_fiscale", "SSN", "nhs_number", "MRN"],
}


@pytest.mark.parametrize(("kind", "column"), [(k, c) for k, cs in IDENTIFYING.items() for c in cs])
def test_identifying_names_in_six_languages(kind, column):
    assert name_kind(column) == kind


PLAIN = (
    "age leeftijd alter eta edad sex geslacht arm gruppe studiennummer participant subject id pid hamd_t0",
    "bdi2_post h01_t0 episode_months dauer_wochen education opleiding employment therapist study_name",
    "arm_name group_name instrument_name scale_name drug_name week visit date_randomised datum_t0",
    "birth_year randomised geboortejaar econ_hard marital depress1 depress2 job_seek treat drug length",
    "treatment bdi.pre bdi.2m dep depressd subj hotel telomere anomaly nominal domain economy surnormal",
    "geb_gewicht",
)


@pytest.mark.parametrize("column", " ".join(PLAIN).split())
def test_plain_names_are_left_alone(column):
    assert name_kind(column) is None


def test_a_short_label_counts_a_question_does_not():
    assert name_kind("v1", "Date of birth") == "birth date"
    assert name_kind("v1", "How often did you use a telephone this week?") is None


CONTENTS = {
    "e-mail address": ["a.b@ziekenhuis.nl", "c@d.org", "eve@example.co.uk"],
    "phone number": ["+31 6 12345678", "06-12345678", "020 1234567", "+49 (89) 1234567"],
    "address": ["Herengracht 12", "Lange Straat 4 b", "12 High Street", "Via Roma 3"],
    "identity number": ["RSSMRA85T10A562S", "BNCGNN70A01F205X", "VRDLGI60B02H501Z"],
    "name": ["Jan de Vries", "Smith, John", "Anna Müller", "Maria Rossi", "P. van den Berg", "Eva García"],
    "birth date": ["12-03-1956", "01-11-1971", "30-05-1983", "17-08-1964", "22-02-1990", "05-07-1948"],
}


@pytest.mark.parametrize(("kind", "values"), CONTENTS.items())
def test_identifying_contents(kind, values):
    assert content_kind(values) == kind


@pytest.mark.parametrize(
    "values",
    [
        ["Usual Care", "Short Therapy"] * 20,
        ["001", "002", "003", "004"],
        ["100200301", "100200302", "100200303"],
        ["12-03-2006", "01-11-2007", "30-05-2006", "17-08-2008", "22-02-2007"],
        ["2016-01-02"] * 10,
        ["12,5", "13,0", "9,25"],
        ["MUC-0012", "MUC-0013", "MUC-0014"],
        ["male", "female", "male", "female"],
        ["visit 1", "visit 2", "visit 3"],
        ["", "", "a@b.nl"],
        ["1234AB", "1235AC", "1236AD"],
    ],
)
def test_plain_contents_are_left_alone(values):
    assert content_kind(values) is None
