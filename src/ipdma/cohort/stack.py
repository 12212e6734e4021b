"""Stacks harmonised uploads into one cohort, with the types that the codebook gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ipdma.codebook import Codebook
from ipdma.cohort.guests import Guest
from ipdma.cohort.records import Cohort, Upload
from ipdma.errors import DataError, join_faults

PARTICIPANT_KEYS = ("study", "participant", "arm", "condition")
ASSESSMENT_COLUMNS = (
    "study",
    "participant",
    "instrument",
    "rating",
    "timepoint",
    "weeks",
    "score",
    "scoring",
)
MISSING_COLUMNS = ("study", "participant", "variable", "reason")


def stack(
    uploads: Sequence[Upload],
    codebook: Codebook,
    registry: pd.DataFrame | None = None,
    guests: Sequence[Guest] = (),
) -> Cohort:
    """Stack uploads, ordered by study id.

    Parameters
    ----------
    uploads : sequence of Upload
    codebook : Codebook
        Says which variables are numbers.
    registry : DataFrame, optional
        Study-level columns that moderators, subgroups and selections may use.
    guests : sequence of Guest
        Trials that take part without participants' rows.

    Raises
    ------
    DataError
        When two trials carry one study id, a study has no participant, or no study is given; every fault is
        named at once.
    """
    ordered = sorted(uploads, key=study_id)
    faults = stacking_faults(ordered, [guest.study for guest in guests])
    if faults:
        raise DataError(join_faults(faults))
    return Cohort(
        participants=type_participants(joined(ordered, "participants", PARTICIPANT_KEYS), codebook),
        assessments=type_assessments(joined(ordered, "assessments", ASSESSMENT_COLUMNS), codebook),
        missing=as_text(joined(ordered, "missing", MISSING_COLUMNS), MISSING_COLUMNS),
        studies=pd.DataFrame([describe(upload) for upload in ordered]),
        registry=registry,
        codebook=codebook,
        guests=tuple(sorted(guests, key=lambda guest: guest.study)),
    )


def joined(uploads: Sequence[Upload], table: str, columns: Sequence[str]) -> pd.DataFrame:
    """One table of all uploads; empty, with its columns, where there is no upload."""
    parts = [getattr(upload, table) for upload in uploads]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns), dtype=str)


def study_id(upload: Upload) -> str:
    """The study's id."""
    return str(upload.study["study"]["id"])


def stacking_faults(uploads: Sequence[Upload], guests: Sequence[str] = ()) -> list[str]:
    """Say what keeps the trials from being one cohort."""
    if not uploads and not guests:
        return ["no study was contributed: the folder under `studies` holds no folder with a study.yaml"]
    ids = [*(study_id(upload) for upload in uploads), *guests]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    faults = [f"two uploads carry the study id '{name}'; each trial needs an id of its own" for name in twice]
    faults += [f"study '{study_id(u)}' has no participant" for u in uploads if u.participants.empty]
    return faults


def type_participants(participants: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Give every codebook variable a column of its type; what an upload lacks is missing."""
    columns = {key: participants[key].astype("str") for key in PARTICIPANT_KEYS}
    variables = [n for n, v in codebook.variables.items() if v.type not in ("identifier", "arm")]
    extra = [name for name in participants.columns if name not in (*PARTICIPANT_KEYS, *variables)]
    for name in [*variables, *extra]:
        cells = participants[name] if name in participants else pd.Series("", index=participants.index)
        known = codebook.variables.get(name)
        columns[name] = to_number(cells) if known and known.type == "number" else to_words(cells)
    return pd.DataFrame(columns)


def to_number(cells: pd.Series) -> pd.Series:
    """Text cells as floats; NaN where a cell is empty or no number."""
    return pd.to_numeric(cells.replace("", None), errors="coerce").astype(float)


def to_words(cells: pd.Series) -> pd.Series:
    """Text cells, empty ones missing."""
    return cells.astype("str").where(cells.notna() & (cells != ""), None).astype("str")


def type_assessments(assessments: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Weeks and scores as numbers, the rest as text; a row without a score is no assessment.

    An instrument's default scoring is the empty word, whether an upload names it or not.
    """
    table = as_text(assessments, ASSESSMENT_COLUMNS)
    table["weeks"] = to_number(table["weeks"])
    table["score"] = to_number(table["score"])
    defaults = {name: own.default_scoring for name, own in codebook.instruments.items()}
    named_default = table["scoring"] == table["instrument"].map(defaults)
    table["scoring"] = table["scoring"].where(~named_default, "")
    return table[table["score"].notna()].reset_index(drop=True)


def as_text(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The named columns as text, empty where missing."""
    return table.reindex(columns=list(columns)).fillna("").astype("str")


def describe(upload: Upload) -> dict[str, Any]:
    """What an upload says of its study."""
    own = upload.study["study"]
    return {
        "study": study_id(upload),
        "country": str(own.get("country") or ""),
        "year": number_or_none(own.get("year")),
        "randomised": number_or_none(own.get("randomised")),
        "participants": len(upload.participants),
    }


def number_or_none(value: Any) -> float | None:
    """A number written as text, or None."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
