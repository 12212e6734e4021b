"""Drawn trials as harmonised uploads in memory, for studies that draw and fit hundreds of consortia."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ipdma.cohort import Upload
from ipdma.synthetic.files import text_cells
from ipdma.synthetic.harmonised import assessments_table, missing_table, participants_table
from ipdma.synthetic.study_yaml import arms_block, study_block
from ipdma.synthetic.trial import Trial


def upload_of(trial: Trial) -> Upload:
    """One trial as the cohort stage reads it: the tables of a harmonised upload, every cell as text."""
    tables = (participants_table(trial), assessments_table(trial), missing_table(trial))
    participants, assessments, missing = (text_cells(table, ".") for table in tables)
    return Upload(
        study={"study": study_block(trial.study), "arms": arms_block(trial.study)},
        participants=participants,
        assessments=assessments,
        missing=missing,
        account={"participants": len(participants), "scores": len(assessments)},
    )


def uploads_of(trials: Sequence[Trial]) -> list[Upload]:
    """A whole consortium in memory."""
    return [upload_of(trial) for trial in trials]


def trial_effects(trials: Sequence[Trial]) -> pd.DataFrame:
    """The effects that were drawn for each trial: `study, contrast, timepoint, effect`.

    A trial has an effect of every contrast, whether or not it holds both of its arms.
    """
    rows = [
        (trial.study.name, contrast, time, value)
        for trial in trials
        for contrast, times in trial.effects.items()
        for time, value in times.items()
    ]
    return pd.DataFrame(rows, columns=["study", "contrast", "timepoint", "effect"])
