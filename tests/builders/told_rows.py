"""Rows of two runs of one plan, with and without bundles: which are equal, and which a note names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ipdma.analysis.records import Ident, Records

KEY = ["analysis_id", "term", "level"]
NUMBERS = ["estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high", "k", "n"]
WHOLE_CELL = ("without people of ", "the constant of ")  # notes on a question that concern all its rows
SHOWN_AT = ("at", "curve", "naive_at", "naive_curve")  # one note stands for effects at values of a moderator


def gaussian_rows(estimates: pd.DataFrame, outcomes: Sequence[str]) -> pd.DataFrame:
    """Rows of some scores by what they are of."""
    rows = estimates[estimates["outcome"].isin(outcomes)].fillna({"level": ""})
    return rows.astype({"level": str, "term": str}).set_index(KEY).sort_index()


def differing(wanted: pd.DataFrame, found: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Keys of rows that only one table has, or that differ by more than 1e-9 of themselves."""
    both = wanted.index.intersection(found.index)
    a, b = (table.loc[both, NUMBERS].astype(float).to_numpy() for table in (wanted, found))
    equal = np.isclose(b, a, rtol=1e-9, atol=1e-11, equal_nan=True).all(axis=1)
    return [*both[~equal], *wanted.index.symmetric_difference(found.index)]


def unnamed(keys: Sequence[tuple[str, str, str]], records: Records) -> list[tuple[str, str, str]]:
    """The keys of those rows that no note on what bundles do not tell names."""
    notes = records.notes[records.notes["kind"] == "not_in_bundle"]
    told: dict[str, list[tuple[Ident, str]]] = {}
    for name, text in zip(notes["analysis_id"], notes["text"], strict=True):
        note = Ident.parse(str(name))
        told.setdefault(str(note.question), []).append((note, str(text)))
    found = []
    for key in keys:
        row = Ident.parse(key[0])
        questions = [str(row.question), str(row.question.but(timepoint="visits"))]
        notes_on = [own for question in questions for own in told.get(question, [])]
        if not any(names(note, text, row) for note, text in notes_on):
            found.append(key)
    return found


def names(note: Ident, text: str, row: Ident) -> bool:
    """Whether a note on the question of a row names the row: its question as a whole, its model with all that
    is numbered under it, or its moderator in that model, in either stage."""
    if note.timepoint != row.timepoint and note.model != row.model:
        return False
    if not note.model:
        return text.startswith(WHOLE_CELL)
    if not note.stage:
        return row.model == note.model or row.model.startswith(f"{note.model}:")
    same = (note.model, note.moderator) == (row.model, row.moderator)
    shown = note.variant == "at" and row.variant in SHOWN_AT
    return same and (note.variant in ("", row.variant) or shown)
