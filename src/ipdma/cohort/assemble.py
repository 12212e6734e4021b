"""The rows of a question put together: what it gives people, beside what the cohort holds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipdma.cohort.records import ROW_COLUMNS, Cohort, TakingPart

NOT_ABOUT_TRIALS = (
    "citation",
    "registration",
    "status",
    "reason",
    "arms",
    "chance",
)  # of the registry: no moderators
NUMBERS = ("weeks", "baseline", "outcome", "baseline_raw", "outcome_raw", "scale", "treat")
OWN = ("study", "participant", "arm", "condition")  # of `ROW_COLUMNS`: the cohort's


@dataclass(frozen=True)
class Part:
    """The rows of one study.

    Attributes
    ----------
    people : TakingPart
        Whose rows they are.
    columns : mapping of str to array or value
        What the question gives them: `ROW_COLUMNS` but for `OWN`; a value is everyone's.
    """

    people: TakingPart
    columns: Mapping[str, Any]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.people.positions)

    @property
    def study(self) -> str:
        """The study's id."""
        return self.people.study


def assemble(parts: Sequence[Part], guests: Sequence[pd.DataFrame], cohort: Cohort) -> pd.DataFrame:
    """One table of the studies' rows, then of the guests', with the columns in their order.

    Parameters
    ----------
    parts : sequence of Part
    guests : sequence of DataFrame
        Rows of nobody, with some of the columns.
    cohort : Cohort
    """
    columns = [*ROW_COLUMNS, *variables_of(cohort)]
    tables = ([table_of(parts, cohort)] if parts else []) + list(guests)
    if not tables:
        types = {c: "float" if c in NUMBERS else "str" for c in ROW_COLUMNS}
        own = cohort.participants[columns[len(ROW_COLUMNS) :]].dtypes.to_dict()
        return join_registry(pd.DataFrame(columns=columns).astype({**types, **own}), cohort.registry)
    whole = pd.concat(tables, ignore_index=True) if guests else tables[0]
    return join_registry(whole.reindex(columns=columns), cohort.registry)


def variables_of(cohort: Cohort) -> list[str]:
    """The columns of participants that are no column of every row."""
    return [name for name in cohort.participants.columns if name not in ROW_COLUMNS]


def table_of(parts: Sequence[Part], cohort: Cohort) -> pd.DataFrame:
    """The rows of the studies, one study below the other."""
    people = cohort.participants.take(np.concatenate([part.people.positions for part in parts]))
    given = {name: joined(parts, name) for name in ROW_COLUMNS if name not in OWN}
    held = {name: people[name].array for name in (*OWN, *variables_of(cohort))}
    return pd.DataFrame({name: given.get(name, held.get(name)) for name in (*ROW_COLUMNS, *held)})


def joined(parts: Sequence[Part], name: str) -> Any:
    """One column of all parts."""
    pieces = [np.broadcast_to(np.asarray(part.columns[name]), len(part)) for part in parts]
    if name in NUMBERS:
        return np.concatenate(pieces)
    return pd.array(np.concatenate([piece.astype(object) for piece in pieces]), dtype="str")


def join_registry(rows: pd.DataFrame, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Study-level columns of the registry beside each row; a name that the rows have already stays theirs."""
    if registry is None:
        return rows
    columns = ["study", *(c for c in registry.columns if c not in rows.columns and c not in NOT_ABOUT_TRIALS)]
    about = registry[columns].drop_duplicates("study").set_index("study")
    return pd.concat([rows, about.reindex(rows["study"]).reset_index(drop=True)], axis=1)
