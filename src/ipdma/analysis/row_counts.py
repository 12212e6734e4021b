"""Who was analysed: participants by study and side, missing outcomes, instruments, standardisers."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import note_not_told
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings

SIDES = (("active", 1), ("reference", 0))
MEANS = ("outcome", "outcome_raw", "baseline", "baseline_raw")


def count_rows(cell: Cell, context: Context) -> Ledger:
    """Every count and mean of the rows of one cell (docs/records.md, `About the rows`)."""
    ledger = Ledger()
    name = cell.ident().analysis_id
    count_flow(ledger, name, cell)
    for study, part in cell.analysed.groupby("study"):
        count_study(ledger, name, str(study), part, cell.family == "binomial")
    count_exclusions(ledger, name, cell)
    count_scales(ledger, name, cell, context.settings)
    return ledger


def sides(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each side, and all of them under an empty name."""
    for side, treat in SIDES:
        yield side, rows[rows["treat"] == treat]
    yield "", rows


def count_flow(ledger: Ledger, name: str, cell: Cell) -> None:
    """Write participants, analysed and missing, in all and by study and side."""
    columns = ["study", "treat", "outcome"]
    rows, used = cell.rows[columns], cell.analysed[columns]
    in_study = [("", rows, used)]
    analysed = dict(list(used.groupby("study")))
    for study, part in rows.groupby("study"):
        in_study.append((str(study), part, analysed.get(study, used.iloc[:0])))
    for study, rows, used in in_study:
        done = dict(sides(used))
        for side, part in sides(rows):
            n = len(done[side])
            gone = int(part["outcome"].isna().sum())
            ledger.count(name, "rows", study=study, arm=side, n=len(part))
            ledger.count(name, "analysed", study=study, arm=side, n=n, of=len(part))
            ledger.count(name, "missing_outcome", study=study, arm=side, n=gone, of=len(part))
            if cell.family == "binomial" and n:
                events = int(done[side]["outcome"].sum())
                ledger.count(name, "events", study=study, arm=side, n=events, of=n, value=events / n)
    ledger.count(name, "studies", n=len(cell.studies), of=cell.rows["study"].nunique())


def count_study(ledger: Ledger, name: str, study: str, part: pd.DataFrame, binomial: bool) -> None:
    """Write what one study measured, and its means by side, as analysed and in points of its instrument."""
    first = part.iloc[0]
    instrument = str(first.get("instrument", "") or "")
    for what in ("instrument", "comparator"):
        if what in part and pd.notna(first[what]):
            extra = (
                {"variable": instrument, "level": str(first.get("rating", "") or "")}
                if what == "instrument"
                else {"level": str(first[what])}
            )
            ledger.count(name, what, study=study, n=len(part), **extra)
    if "weeks" in part and part["weeks"].notna().any():
        ledger.count(
            name,
            "weeks",
            study=study,
            n=int(part["weeks"].notna().sum()),
            value=float(part["weeks"].median()),
        )
    for side, treat in SIDES:
        arm = part.loc[part["treat"] == treat, [c for c in MEANS if c in part]]
        for what, columns in (
            ("outcome", ("outcome", "outcome_raw")),
            ("baseline", ("baseline", "baseline_raw")),
        ):
            for variable, column in zip(("analysed", "raw"), columns, strict=True):
                if column not in arm or (binomial and what == "outcome" and variable == "analysed"):
                    continue
                write_mean(
                    ledger, name, what, study, side, variable, instrument, arm[column].astype(float).dropna()
                )


def write_mean(
    ledger: Ledger,
    name: str,
    what: str,
    study: str,
    side: str,
    variable: str,
    instrument: str,
    values: pd.Series,
) -> None:
    """Write a mean and, from two values on, an SD."""
    place = {"study": study, "arm": side, "variable": variable, "level": instrument, "n": len(values)}
    if len(values):
        ledger.count(name, f"{what}_mean", **place, value=float(values.mean()))
    if len(values) > 1:
        ledger.count(name, f"{what}_sd", **place, value=float(values.std(ddof=1)))


def count_exclusions(ledger: Ledger, name: str, cell: Cell) -> None:
    """Write who was left out, by study and reason, and studies by reason."""
    if cell.exclusions is None or not len(cell.exclusions):
        return
    for row in cell.exclusions[cell.exclusions["n"].notna()].to_dict("records"):
        ledger.count(name, "excluded", study=str(row["study"]), level=str(row["reason"]), n=int(row["n"]))
    note_not_told(ledger, name, cell)
    gone = cell.exclusions[~cell.exclusions["study"].astype(str).isin(cell.rows["study"].astype(str))]
    for reason, part in gone.groupby("reason"):
        ledger.count(
            name,
            "excluded_studies",
            level=str(reason),
            n=part["study"].nunique(),
            value=None if part["n"].isna().any() else float(part["n"].sum()),
        )


def count_scales(ledger: Ledger, name: str, cell: Cell, settings: Settings) -> None:
    """Write the standardiser's word and each constant."""
    ledger.count(name, "standardise", variable=settings.plan.outcome(cell.outcome)["standardise"])
    if cell.scales is None:
        return
    for row in cell.scales.to_dict("records"):
        label = "/".join(str(row[k]) for k in ("rating", "scoring") if pd.notna(row.get(k)) and str(row[k]))
        value = row.get("constant")
        study = "" if pd.isna(row.get("study")) else str(row["study"])
        n = None if pd.isna(row.get("n")) else int(row["n"])
        constant = None if value is None or pd.isna(value) else float(value)
        ledger.count(
            name,
            "standardiser",
            study=study,
            variable=str(row["instrument"]),
            level=label,
            n=n,
            value=constant,
        )
