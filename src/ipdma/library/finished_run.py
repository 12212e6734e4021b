"""A finished run by hand: its plan, its records, its rows where one has them, its figures drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ipdma.errors import DataError, nearest
from ipdma.plan import Plan, read_plan
from ipdma.runs.files import read_analysis_rows, read_record
from ipdma.runs.read_run import find_run
from ipdma.runs.remake import material_of


@dataclass(frozen=True)
class FinishedRun:
    """What `ipdma.read_run` returns.

    Attributes
    ----------
    folder : Path
        The results folder.
    """

    folder: Path

    @cached_property
    def plan(self) -> Plan:
        """The plan as it ran, every default written out."""
        return read_plan(self.folder / "plan.yaml")

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The record file of pooled estimates (docs/records.md)."""
        return read_record(self.folder / "estimates.csv")

    @cached_property
    def study_estimates(self) -> pd.DataFrame:
        """The record file of single trials' estimates."""
        return read_record(self.folder / "study_estimates.csv")

    @cached_property
    def counts(self) -> pd.DataFrame:
        """The record file of all that is counted."""
        return read_record(self.folder / "counts.csv")

    def rows(self, contrast: str, outcome: str, timepoint: str) -> pd.DataFrame:
        """One row per participant of a question, as its models take them.

        They lie under `private/` and are there only where the trials' data are.

        Parameters
        ----------
        contrast, outcome, timepoint : str
            As the plan names them.

        Returns
        -------
        DataFrame
            `study`, `treat`, `outcome`, `baseline` and the columns of the plan's moderators.

        Raises
        ------
        DataError
            Where the folder has no rows, or not of this question.
        """
        place = self.folder / "private" / "cohort" / contrast
        if not place.is_dir():
            hint = (
                nearest(contrast, self.plan["contrasts"]) or "; it has no private/ where data were not shared"
            )
            raise DataError(f"{self.folder}: no rows of contrast '{contrast}'{hint}")
        cells = read_analysis_rows(place)
        if (outcome, timepoint, "") not in cells:
            known = ", ".join(f"{o} at {t}" for o, t, variant in cells if not variant)
            raise DataError(f"{contrast}: no rows of '{outcome}' at '{timepoint}'; there are {known}")
        return cells[(outcome, timepoint, "")].rows

    def primary_model(self) -> dict[str, object]:
        """The keys of the plan's primary model, for `ipdma.fit`."""
        keys = {k: v for k, v in self.plan["models"][self.plan["primary_model"]].items() if k != "label"}
        return {**keys, "outcome": "outcome", "treatment": "treat"}

    def figures(self) -> Iterator[DrawnFigure]:
        """Every figure of the report, drawn again from the records.

        The registry is looked for where the plan says, as seen from the working folder.

        Yields
        ------
        DrawnFigure
        """
        from ipdma.report.exhibit import render_exhibit
        from ipdma.report.figures import list_exhibits
        from ipdma.report.ledger import Ledger

        for exhibit in list_exhibits(material_of(self.folder), Ledger()):
            formats = dict(render_exhibit(exhibit, ("pdf", "svg")))
            yield DrawnFigure(exhibit.name, exhibit.section, exhibit.caption, formats["pdf"], formats["svg"])


@dataclass(frozen=True)
class DrawnFigure:
    """One figure: its name in `figures/`, its section, its caption, and the drawing as PDF and SVG."""

    name: str
    section: str
    caption: str
    pdf: bytes
    svg: bytes

    def _repr_html_(self) -> str:
        from html import escape

        return f"{self.svg.decode()}<p>{escape(self.caption)}</p>"


def read_run(folder: Path | str) -> FinishedRun:
    """Open the results folder of a finished run.

    Parameters
    ----------
    folder : path

    Returns
    -------
    FinishedRun

    Raises
    ------
    ReadError
        Naming what the folder lacks.

    Examples
    --------
    >>> import ipdma
    >>> run = ipdma.read_run("results")  # doctest: +SKIP
    >>> run.estimates  # doctest: +SKIP
    """
    return FinishedRun(find_run(folder))
