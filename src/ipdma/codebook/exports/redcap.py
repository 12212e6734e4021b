"""A REDCap data dictionary: 18 columns, one form for the participant, one for an assessment."""

from __future__ import annotations

import csv
import io

from ipdma.codebook.exports.fields import Field, assessment_fields, participant_fields
from ipdma.codebook.load import Codebook

COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)


def redcap_files(codebook: Codebook) -> dict[str, str]:
    """The dictionary as CSV; a score has a field per instrument, shown for it alone, with its range."""
    rows = [entry(field, "participant") for field in ordered(participant_fields(codebook))]
    for field in assessment_fields(codebook):
        if field.name in ("study", "participant"):
            continue
        rows += score_rows(codebook) if field.name == "score" else [entry(field, "assessment")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return {"redcap_data_dictionary.csv": text.getvalue()}


def ordered(fields: list[Field]) -> list[Field]:
    """REDCap takes the first field as the record's identifier."""
    return sorted(fields, key=lambda field: field.name != "participant")


def score_rows(codebook: Codebook) -> list[list[str]]:
    """The widest range of an instrument's scorings bounds its field."""
    rows = []
    for instrument in codebook.instruments.values():
        lows, highs = zip(*(s.range.bounds for s in instrument.scorings.values()), strict=True)
        field = Field(f"{instrument.name}_score", "number", title=f"{instrument.label}, score")
        row = entry(field, "assessment")
        row[8], row[9] = f"{min(lows):g}", f"{max(highs):g}"
        row[11] = f"[instrument] = '{instrument.name}'"
        rows.append(row)
    return rows


def entry(field: Field, form: str) -> list[str]:
    """One row of the dictionary."""
    kind, choices, validation = "text", "", ""
    if list(field.levels) == ["yes", "no"]:
        kind, choices = "radio", "yes, Yes | no, No"
    elif field.levels:
        kind = "radio" if len(field.levels) <= 5 else "dropdown"
        choices = " | ".join(f"{value}, {plain(label)}" for value, label in field.levels.items())
    elif field.type != "string":
        validation = field.type
    low, high = (f"{end:g}" for end in field.range.bounds) if field.range else ("", "")
    note = f"{field.description}{f' ({field.unit})' if field.unit else ''}"
    identifier = "y" if field.name == "participant" else ""
    required = "y" if field.required else ""
    row = [field.name, form, "", kind, field.title or field.name, choices, note, validation, low, high]
    return [*row, identifier, "", required, "", "", "", "", ""]


def plain(label: str) -> str:
    """A label without the signs that part choices."""
    return label.replace("|", "/")
