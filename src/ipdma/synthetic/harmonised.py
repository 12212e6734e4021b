"""A drawn trial as a harmonised upload: as tables in memory, or as the text of its files."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.synthetic.files import number_text
from ipdma.synthetic.study_yaml import HEAD, arms_block, extra_blocks, study_block, to_yaml
from ipdma.synthetic.trial import Trial

NOT_VARIABLES = ("participant", "arm")


def participant_variables() -> list[str]:
    """The codebook's variables that a participant has, in its order."""
    return [name for name in load_codebook().variables if name not in NOT_VARIABLES]


def participants_table(trial: Trial) -> pd.DataFrame:
    """`study, participant, arm, condition` and every codebook variable, empty where missing."""
    people = trial.participants
    table = pd.DataFrame({"study": trial.study.name, "participant": people["participant"]})
    table["arm"] = people["condition"].to_numpy()
    table["condition"] = people["condition"].to_numpy()
    for name in participant_variables():
        numeric = load_codebook().variables[name].type == "number"
        empty = pd.Series(np.nan if numeric else None, index=people.index, dtype=float if numeric else "str")
        table[name] = people.get(name, empty)
    return table


def assessments_table(trial: Trial) -> pd.DataFrame:
    """One row per observed score, in the columns of `assessments.csv`."""
    rows = trial.assessments.copy()
    instruments = load_codebook().instruments
    rows.insert(0, "study", trial.study.name)
    rows.insert(3, "rating", rows["instrument"].map({k: v.rating for k, v in instruments.items()}))
    return rows


def missing_table(trial: Trial) -> pd.DataFrame:
    """Which variables are missing, and why."""
    people, study = trial.participants, trial.study.name
    rows = []
    for name in participant_variables():
        if name not in people:
            rows.append((study, "", name, "not_collected"))
            continue
        reason = "not_applicable" if name in ("sessions_attended", "therapist") else "not_given"
        lost = people.loc[people[name].isna(), "participant"]
        rows += [(study, participant, name, reason) for participant in lost]
    return pd.DataFrame(rows, columns=["study", "participant", "variable", "reason"], dtype="str")


def csv_text(table: pd.DataFrame) -> str:
    """A table as UTF-8 csv with plain numbers and empty missing cells."""
    cells = {
        name: [number_text(v, ".") for v in column]
        if pd.api.types.is_numeric_dtype(column)
        else column.astype(object).where(column.notna(), "")
        for name, column in table.items()
    }
    return pd.DataFrame(cells).to_csv(index=False, lineterminator="\n")


def upload_texts(trial: Trial) -> dict[str, str]:
    """File name to content of the harmonised upload of one trial."""
    tables = {
        "participants.csv": csv_text(participants_table(trial)),
        "assessments.csv": csv_text(assessments_table(trial)),
        "missing.csv": csv_text(missing_table(trial)),
    }
    n = len(trial.participants)
    account = {
        "rows": {"read": n, "kept": n, "excluded": {}},
        "participants": n,
        "scores": len(trial.assessments),
        "pseudonymised": False,
        "digest": hashlib.sha256("".join(tables.values()).encode()).hexdigest(),
    }
    mapping = {
        "ipdma_study": 1,
        "study": study_block(trial.study),
        "source": {"layout": "harmonised"},
        "arms": arms_block(trial.study),
    }
    return {
        **tables,
        "study.yaml": HEAD + to_yaml(mapping | extra_blocks(trial)),
        "account.json": json.dumps(account, indent=1) + "\n",
    }
