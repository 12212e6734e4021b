"""What an analysis may read beside its own cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.kept import Kept
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.bundle import Bundle
from ipdma.codebook import Codebook

Key = tuple[str, str, str]
Tables = Mapping[Key, Any]


@dataclass(frozen=True)
class Context:
    """What an analysis may read beside its cell.

    Attributes
    ----------
    settings : Settings
    cells : mapping of (contrast, outcome, timepoint) to Cell
        Every cell of this run that has rows, those of arms alone (`prognosis`) aside.
    registry, aggregate : DataFrame or None
        The plan's registry of trials, and the aggregate results of trials without participant data.
    variants : mapping of str to tables
        For each sensitivity analysis that needs rows of its own, its tables.
    participants : DataFrame or None
        Every contributed participant: `study, participant, arm, condition` and the codebook's variables.
    bundles : tuple of Bundle
        Trials that take part by the moments of their arms.
    codebook : Codebook or None
        The rules of response and remission, for imputed scores.
    kept : Kept
        Where a part of an analysis is kept that concerns one trial alone; no analysis reads anything else in
        it.
    """

    settings: Settings
    cells: Mapping[Key, Cell] = field(default_factory=dict)
    registry: pd.DataFrame | None = None
    aggregate: pd.DataFrame | None = None
    variants: Mapping[str, Tables] = field(default_factory=dict)
    participants: pd.DataFrame | None = None
    codebook: Codebook | None = None
    bundles: tuple[Bundle, ...] = ()
    kept: Kept = field(default_factory=lambda: Kept({}))


Analysis = Callable[[Cell, Context], Ledger]
