"""Who was analysed: participants by study and side, missing outcomes, instruments, standardisers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.characteristics import positions
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import note_not_told, note_partial
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings

SIDES = (("active", 1), ("reference", 0))
MEANS = ("outcome", "outcome_raw", "baseline", "baseline_raw")


def count_rows(cell: Cell, context: Context) -> Ledger:
    """Every count and mean of the rows of one cell (docs/records.md, `About the rows`)."""
    ledger = Ledger()
    name = cell.ident().analysis_id
    count_flow(ledger, name, cell)
    for study, at in positions(cell.analysed, "study").items():
        count_study(ledger, name, study, cell.analysed.iloc[at], cell.family == "binomial")
    count_exclusions(ledger, name, cell)
    count_scales(ledger, name, cell, context.settings)
    return ledger


def count_flow(ledger: Ledger, name: str, cell: Cell) -> None:
    """Write participants, analysed and missing, in all and by study and side."""
    rows, used = cell.rows, np.zeros(len(cell.rows), dtype=bool)
    used[rows.index.get_indexer(cell.analysed.index)] = True
    treat, outcome = rows["treat"].to_numpy(dtype=float), rows["outcome"].to_numpy(dtype=float)
    gone = np.isnan(outcome)
    for study, at in {"": np.arange(len(rows)), **positions(rows, "study")}.items():
        for side, part in [*((side, at[treat[at] == code]) for side, code in SIDES), ("", at)]:
            place, of, n = {"study": study, "arm": side}, len(part), int(used[part].sum())
            ledger.count(name, "rows", **place, n=of)
            ledger.count(name, "analysed", **place, n=n, of=of)
            ledger.count(name, "missing_outcome", **place, n=int(gone[part].sum()), of=of)
            if cell.family == "binomial" and n:
                events = int(outcome[part][used[part]].sum())
                ledger.count(name, "events", **place, n=events, of=n, value=events / n)
    ledger.count(name, "studies", n=len(cell.studies), of=rows["study"].nunique())


def count_study(ledger: Ledger, name: str, study: str, part: pd.DataFrame, binomial: bool) -> None:
    """Write what one study measured, and its means by side, as analysed and in points of its instrument."""
    first = {name: part[name].iloc[0] for name in ("instrument", "rating", "comparator") if name in part}
    instrument = str(first.get("instrument", "") or "")
    if pd.notna(first.get("instrument")):
        place = {"study": study, "variable": instrument, "level": str(first.get("rating", "") or "")}
        ledger.count(name, "instrument", **place, n=len(part))
    if pd.notna(first.get("comparator")):
        ledger.count(name, "comparator", study=study, n=len(part), level=str(first["comparator"]))
    if "weeks" in part and part["weeks"].notna().any():
        weeks = part["weeks"]
        ledger.count(name, "weeks", study=study, n=int(weeks.notna().sum()), value=float(weeks.median()))
    count_means(ledger, name, study, part, instrument, binomial)


def count_means(
    ledger: Ledger, name: str, study: str, part: pd.DataFrame, instrument: str, binomial: bool
) -> None:
    """Write the means of outcome and baseline by side; those of an outcome of yes and no are its events."""
    treat = part["treat"].to_numpy(dtype=float)
    numbers = {c: part[c].to_numpy(dtype=float, na_value=np.nan) for c in MEANS if c in part}
    for side, code in SIDES:
        for what in ("outcome", "baseline"):
            for variable, column in (("analysed", what), ("raw", f"{what}_raw")):
                if column in numbers and not (binomial and column == "outcome"):
                    values = numbers[column][treat == code]
                    place = {"study": study, "arm": side, "variable": variable, "level": instrument}
                    write_mean(ledger, name, what, values[~np.isnan(values)], **place)


def write_mean(ledger: Ledger, name: str, what: str, values: np.ndarray, **place: str) -> None:
    """Write a mean and, from two values on, an SD."""
    if len(values):
        ledger.count(name, f"{what}_mean", **place, n=len(values), value=float(values.mean()))
    if len(values) > 1:
        ledger.count(name, f"{what}_sd", **place, n=len(values), value=float(values.std(ddof=1)))


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
    note_partial(ledger, name, cell.scales)
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
