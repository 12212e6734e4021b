"""The columns of a harmonised upload, once, for every exporter that describes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ipdma.codebook.load import Codebook
from ipdma.codebook.records import Range, Scoring, Variable

RATINGS = ("observer", "self")
REASONS = ("not_collected", "not_applicable", "not_given")
KEYS = ("participant", "arm")


@dataclass(frozen=True)
class Field:
    """One column of one table.

    Attributes
    ----------
    type : str
        `string`, `number` or `integer`.
    levels : dict of str to str
        Legal values with their labels; empty where anything goes.
    """

    name: str
    type: str = "string"
    title: str = ""
    description: str = ""
    required: bool = False
    range: Range | None = None
    levels: dict[str, str] = field(default_factory=dict)
    unit: str = ""


def participant_fields(codebook: Codebook) -> list[Field]:
    """Columns of `participants.csv`."""
    conditions = {name: term.label for name, term in codebook.conditions.items()}
    return [
        Field("study", title="study", required=True),
        Field(
            "participant",
            title="participant",
            description="pseudonym, unique within the study",
            required=True,
        ),
        Field("arm", title="arm", description="one of the study's own arms", required=True),
        Field("condition", title="condition of the arm", required=True, levels=conditions),
        *[variable_field(v) for v in codebook.variables.values() if v.name not in KEYS],
    ]


def variable_field(variable: Variable) -> Field:
    """The column of one variable."""
    kind = "string"
    if variable.type == "number":
        kind = "integer" if variable.integer else "number"
    return Field(
        name=variable.name,
        type=kind,
        title=variable.label,
        description=variable.description,
        required=variable.required,
        range=variable.range,
        levels=dict(variable.levels),
        unit=variable.unit,
    )


def assessment_fields(codebook: Codebook) -> list[Field]:
    """Columns of `assessments.csv`; the range of a score depends on its instrument (`score_fields`)."""
    timepoints = {name: term.label for name, term in codebook.timepoints.items()}
    instruments = {name: i.label for name, i in codebook.instruments.items()}
    scorings = sorted({name for i in codebook.instruments.values() for name in i.scorings})
    return [
        Field("study", title="study", required=True),
        Field("participant", title="participant", required=True),
        Field("instrument", title="instrument", required=True, levels=instruments),
        Field("rating", title="who rates", required=True, levels={name: name for name in RATINGS}),
        Field("timepoint", title="time point", required=True, levels=timepoints),
        Field("weeks", "number", title="weeks from randomisation"),
        Field("score", "number", title="score", required=True),
        Field("scoring", title="scoring variant; empty for the default", levels={n: n for n in scorings}),
    ]


def score_fields(codebook: Codebook, instrument: str, scoring: Scoring) -> list[Field]:
    """Columns of the rows of `assessments.csv` on one instrument and scoring."""
    plain = codebook.instruments[instrument]
    fixed = {
        "instrument": {instrument: plain.label},
        "scoring": {scoring.name: scoring.label},
    }
    fields = []
    for each in assessment_fields(codebook):
        if each.name == "score":
            each = Field("score", "number", title=plain.label, required=True, range=scoring.range)
        elif each.name in fixed:
            each = Field(each.name, title=each.title, required=each.required, levels=fixed[each.name])
        fields.append(each)
    return fields


def missing_fields(codebook: Codebook) -> list[Field]:
    """Columns of `missing.csv`."""
    variables = {v.name: v.label for v in codebook.variables.values() if v.name not in KEYS}
    return [
        Field("study", title="study", required=True),
        Field("participant", title="participant; empty where the whole study is meant"),
        Field("variable", title="variable", required=True, levels=variables),
        Field("reason", title="why there is no value", required=True, levels={r: r for r in REASONS}),
    ]
