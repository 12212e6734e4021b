"""JSON Schema (2020-12) of a harmonised upload's rows."""

from __future__ import annotations

import json
from typing import Any

from ipdma.codebook.exports.fields import Field, assessment_fields, missing_fields, participant_fields
from ipdma.codebook.load import Codebook

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema_files(codebook: Codebook) -> dict[str, str]:
    """One schema for `{participants: [...], assessments: [...], missing: [...]}`, its rows under `$defs`."""
    assessment = row_schema(assessment_fields(codebook))
    assessment["allOf"] = score_ranges(codebook)
    rows = {
        "participant": row_schema(participant_fields(codebook)),
        "assessment": assessment,
        "missing": row_schema(missing_fields(codebook)),
    }
    tables = {"participants": "participant", "assessments": "assessment", "missing": "missing"}
    schema = {
        "$schema": DIALECT,
        "title": "Harmonised upload",
        "type": "object",
        "additionalProperties": False,
        "properties": {t: {"type": "array", "items": {"$ref": f"#/$defs/{r}"}} for t, r in tables.items()},
        "$defs": rows,
    }
    return {"codebook.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"}


def row_schema(fields: list[Field]) -> dict[str, Any]:
    """One row; a value that is not required may be null or left out."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: property_schema(field) for field in fields},
    }


def property_schema(field: Field) -> dict[str, Any]:
    """One value."""
    made: dict[str, Any] = {"title": field.title or field.name}
    if field.description:
        made["description"] = field.description
    if field.levels:
        made["enum"] = [*field.levels, *([] if field.required else ["", None])]
        return made
    made["type"] = field.type if field.required else [field.type, "null"]
    if field.range is not None:
        made["minimum"], made["maximum"] = field.range.low.value, field.range.high.value
    return made


def score_ranges(codebook: Codebook) -> list[dict[str, Any]]:
    """If this instrument and scoring, then this range."""
    rules = []
    for instrument in codebook.instruments.values():
        for scoring in instrument.scorings.values():
            default = scoring.name == instrument.default_scoring
            names = ["", None, scoring.name] if default else [scoring.name]
            test: dict[str, Any] = {
                "properties": {"instrument": {"const": instrument.name}, "scoring": {"enum": names}},
                "required": ["instrument"] if default else ["instrument", "scoring"],
            }
            low, high = scoring.range.low.value, scoring.range.high.value
            rules.append({"if": test, "then": {"properties": {"score": {"minimum": low, "maximum": high}}}})
    return rules
