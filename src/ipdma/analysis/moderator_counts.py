"""Who informs a moderator: studies, participants, what is missing and why, and the case mix of each study."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.moderator_values import case_mix
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator


def write_moderator_counts(
    ledger: Ledger, ident: Ident, cell: Cell, data: ModeratorFrame, moderator: Moderator
) -> None:
    """Write K and n of a moderator, its missing values (sporadic, systematic), its unit and its levels."""
    studies = len(cell.studies)
    ledger.count(ident, "moderator_studies", n=len(data.varying()), of=studies)
    ledger.count(ident, "moderator_measured", n=len(data.measured()), of=studies)
    ledger.count(ident, "moderator_complete", n=len(data.complete), of=len(cell.analysed))
    write_missing(ledger, ident, data)
    if data.kind == "categorical":
        ledger.count(ident, "moderator_reference", level=data.levels[0])
        write_levels(ledger, ident, data)
        return
    write_unit(ledger, ident, moderator)
    ledger.count(ident, "average_case_mix", value=case_mix(data) * moderator.per)
    per = moderator.per
    for study, values in data.complete.groupby("study")[data.name]:
        n = len(values)
        ledger.count(ident, "study_mean", study=str(study), n=n, value=float(values.mean()) * per)
        if n > 1:
            ledger.count(ident, "study_sd", study=str(study), n=n, value=float(values.std(ddof=1)) * per)


def write_unit(ledger: Ledger, ident: Ident, moderator: Moderator) -> None:
    """Write per what the coefficient of a moderator on a scale is, of an interaction as of a predictor."""
    ledger.count(ident, "moderator_unit", level=unit_words(moderator), value=moderator.per)


def unit_words(moderator: Moderator) -> str:
    """`per 10` of the column, `per log unit` after a logarithm."""
    scale = f"log {moderator.column}" if moderator.transform == "log" else moderator.column
    return f"per {moderator.per:g} of {scale}"


def write_missing(ledger: Ledger, ident: Ident, data: ModeratorFrame) -> None:
    """Missing in some participants of a study that measured it, against never measured in a study."""
    study, names = pd.factorize(data.frame["study"].to_numpy(), sort=True)
    missing = pd.isna(data.frame[data.name].to_numpy())
    sizes, gone = np.bincount(study).tolist(), np.bincount(study, missing).astype(int).tolist()
    total, sums = len(data.frame), {"sporadic": 0, "systematic": 0}
    for name, n, of in zip(map(str, names), gone, sizes, strict=True):
        kind = "systematic" if n == of else "sporadic"
        sums[kind] += n
        if n:
            ledger.count(ident, "moderator_missing", study=name, level=kind, n=n, of=of)
        ledger.count(ident, "moderator_complete", study=name, n=of - n, of=of)
    for kind, n in sums.items():
        ledger.count(ident, "moderator_missing", level=kind, n=n, of=total)


def write_levels(ledger: Ledger, ident: Ident, data: ModeratorFrame) -> None:
    """Participants at each level, in all and by side, over all studies and in each."""
    rows = data.complete
    values, treat = rows[data.name].to_numpy(), rows["treat"].to_numpy()
    study, names = pd.factorize(rows["study"].to_numpy(), sort=True)
    sizes = np.bincount(study).tolist()
    for level in data.levels:
        at = values == level
        n = int(at.sum())
        ledger.count(ident, "moderator_level", level=level, n=n, of=len(rows))
        for side, code in (("active", 1), ("reference", 0)):
            own = int((treat[at] == code).sum())
            ledger.count(ident, "moderator_level", level=level, arm=side, n=own, of=n)
        there = np.bincount(study, at, len(names)).astype(int).tolist()
        for name, own, of in zip(map(str, names), there, sizes, strict=True):
            ledger.count(ident, "moderator_level", study=name, level=level, n=own, of=of)
