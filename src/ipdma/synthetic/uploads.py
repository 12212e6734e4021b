"""Drawn trials as harmonised uploads in memory, for studies that draw and fit hundreds of consortia."""

from __future__ import annotations

from collections.abc import Sequence

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
