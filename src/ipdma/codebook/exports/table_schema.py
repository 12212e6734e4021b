"""Table Schema (Data Package version 2) of the tables of a harmonised upload.

Legal values occur twice, as `categories` with their labels and as `constraints.enum`, since readers of the
first version check the second alone.
"""

from __future__ import annotations

import json
from typing import Any

from ipdma.codebook.exports.fields import (
    Field,
    assessment_fields,
    missing_fields,
    participant_fields,
    score_fields,
)
from ipdma.codebook.load import Codebook

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
PACKAGE = "https://datapackage.org/profiles/2.0/datapackage.json"


def table_schema_files(codebook: Codebook) -> dict[str, str]:
    """A schema per table, one per scoring for the ranges of scores, and a package that joins the tables."""
    participants = table_schema(participant_fields(codebook), ["study", "participant"])
    assessments = table_schema(assessment_fields(codebook))
    assessments["foreignKeys"] = [participant_key()]
    missing = table_schema(missing_fields(codebook))
    files = {
        "participants.schema.json": participants,
        "assessments.schema.json": assessments,
        "missing.schema.json": missing,
    }
    package = {
        "$schema": PACKAGE,
        "name": "harmonised-upload",
        "resources": [
            {"name": name.partition(".")[0], "path": f"{name.partition('.')[0]}.csv", "schema": schema}
            for name, schema in files.items()
        ],
    }
    files["datapackage.json"] = package
    for instrument in codebook.instruments.values():
        for scoring in instrument.scorings.values():
            schema = table_schema(score_fields(codebook, instrument.name, scoring))
            files[f"scores/{instrument.name}.{scoring.name}.schema.json"] = schema
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in files.items()}


def participant_key() -> dict[str, Any]:
    """Every score belongs to a participant."""
    fields = ["study", "participant"]
    return {"fields": fields, "reference": {"resource": "participants", "fields": fields}}


def table_schema(fields: list[Field], key: list[str] | None = None) -> dict[str, Any]:
    """One table."""
    schema: dict[str, Any] = {
        "$schema": PROFILE,
        "fields": list(map(describe, fields)),
        "missingValues": [""],
    }
    if key:
        schema["primaryKey"] = key
    return schema


def describe(field: Field) -> dict[str, Any]:
    """One column."""
    constraints: dict[str, Any] = {}
    if field.required:
        constraints["required"] = True
    if field.range is not None:
        constraints["minimum"], constraints["maximum"] = field.range.low.value, field.range.high.value
    if field.levels:
        constraints["enum"] = list(field.levels)
    made: dict[str, Any] = {"name": field.name, "type": field.type, "title": field.title or field.name}
    if field.description:
        made["description"] = field.description
    if field.unit:
        made["unit"] = field.unit
    if field.levels:
        made["categories"] = [{"value": value, "label": label} for value, label in field.levels.items()]
    if constraints:
        made["constraints"] = constraints
    return made
