"""What the report says of gaps and of how they were filled: counts, shares, traces; no person's value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.completed import Completed
from ipdma.analysis.ranges import bin_edges
from ipdma.analysis.records import Ident, Ledger
from ipdma.imputation import tabulate_missing
from ipdma.model.records import Fit

ENOUGH_ERROR = 0.1  # Monte-Carlo error as a share of the standard error
FEWEST = 10
BINS = 12


def write_missing(ledger: Ledger, cell: Cell, variables: Sequence[str]) -> None:
    """Missing values by study, arm and variable, sporadic apart from systematic."""
    rows = cell.rows.assign(side=np.where(cell.rows["treat"] == 1, "active", "reference"))
    table = tabulate_missing(rows, variables, arm="side")
    for record in table.itertuples():
        ledger.count(
            cell.ident(), "missing", study=str(record.study), arm=record.arm, variable=record.variable,
            level=record.kind, n=record.n_missing, of=record.n,
        )  # fmt: skip
    for variable in dict.fromkeys(table["variable"]):
        write_whole(ledger, cell, variable, table[table["variable"] == variable])


def write_whole(ledger: Ledger, cell: Cell, variable: str, table: pd.DataFrame) -> None:
    """One variable over all trials: gaps by arm among those who were asked, and trials that never asked."""
    never = table["kind"] == "systematic"
    for arm, part in table[~never].groupby("arm", sort=True):
        ledger.count(
            cell.ident(), "missing", arm=str(arm), variable=variable, level="sporadic",
            n=int(part["n_missing"].sum()), of=int(part["n"].sum()),
        )  # fmt: skip
    ledger.count(
        cell.ident(), "missing", variable=variable, level="systematic",
        n=int(table.loc[never, "n_missing"].sum()), of=int(table["n"].sum()),
    )  # fmt: skip
    ledger.count(
        cell.ident(), "missing_studies", variable=variable, level="systematic",
        n=int(table.loc[never, "study"].nunique()), of=int(table["study"].nunique()),
    )  # fmt: skip


def write_pooling(ledger: Ledger, ident: Ident, fit: Fit) -> None:
    """Missing information, Monte-Carlo error, tau2 over the data sets; ask for more sets where needed."""
    for estimate in fit.estimates:
        if not estimate.term.is_treatment:
            continue
        for what in ("fmi", "lambda", "riv", "mc_error"):
            value = estimate.extra.get(what)
            if value is not None and np.isfinite(value):
                ledger.count(ident, what, variable=estimate.term, value=float(value))
        error = estimate.extra.get("mc_error")
        if error is not None and error > ENOUGH_ERROR * estimate.std_error:
            ledger.note(
                ident, "more_imputations",
                f"{estimate.term}: Monte-Carlo error above a tenth of the standard error; raise missing.m",
            )  # fmt: skip
    for name, pair in (fit.variance_range or {}).items():
        if not isinstance(pair, (list, tuple)):  # by study: too many to print
            continue
        ledger.count(ident, "variance_low", variable=name, value=float(pair[0]))
        ledger.count(ident, "variance_high", variable=name, value=float(pair[1]))


def write_medians(ledger: Ledger, ident: Ident, fits: Sequence[Fit]) -> None:
    """The median over the data sets of each variance component that all of them have."""
    found = [fit.variance.numbers for fit in fits]
    for name in found[0]:
        values = [v for own in found if (v := own.get(name)) is not None]
        if len(values) == len(fits):
            ledger.count(ident, "variance_median", variable=name, value=float(np.median(values)))


def write_diagnostics(ledger: Ledger, cell: Cell, completed: Completed) -> None:
    """Observed against imputed shares in bins over all studies, and the traces of the chains."""
    ident, done = cell.ident("imputed", "one"), completed.done
    n = len(done.rows) // done.m
    original = cell.rows.set_index(["study", "participant"])
    index = pd.MultiIndex.from_frame(done.rows[["study", "participant"]].iloc[:n])
    for name in done.variables:
        if name not in original or not pd.api.types.is_numeric_dtype(done.rows[name]):
            continue
        gap = original[name].reindex(index).isna().to_numpy()
        values = completed.rows[name].to_numpy(dtype=float).reshape(done.m, n)
        observed, imputed = values[0, ~gap], values[:, gap].ravel()
        imputed = imputed[np.isfinite(imputed)]
        observed = observed[np.isfinite(observed)]
        if min(int(gap.sum()), len(observed)) >= FEWEST and len(imputed):
            write_shares(ledger, ident, name, observed, imputed, int(gap.sum()))
    write_traces(ledger, ident, completed)


def write_shares(
    ledger: Ledger, ident: Ident, name: str, observed: np.ndarray, imputed: np.ndarray, gaps: int
) -> None:
    """Shares per bin of ten observed participants or more, the outer ones open; means and SDs."""
    edges = [-np.inf, *bin_edges(observed, BINS, FEWEST), np.inf]
    for low, high in pairwise(edges):
        label = f"under {high:.4g}" if low == -np.inf else f"{low:.4g} to {high:.4g}"
        if high == np.inf:
            label = f"{low:.4g} or more" if low > -np.inf else "all"
        for what, values in (("observed_share", observed), ("imputed_share", imputed)):
            inside = (values >= low) & (values < high)
            ledger.count(ident, what, variable=name, level=label, value=float(inside.mean()))
    for what, values, n in (("observed", observed, len(observed)), ("imputed", imputed, gaps)):
        ledger.count(ident, f"{what}_mean", variable=name, n=n, value=float(values.mean()))
        ledger.count(ident, f"{what}_sd", variable=name, n=n, value=float(values.std(ddof=1)))


def write_traces(ledger: Ledger, ident: Ident, completed: Completed) -> None:
    """Mean of the imputed outcomes over the sweeps, averaged over trials and arms."""
    done = completed.done
    if "outcome" not in done.variables or not done.traces:
        return
    j = done.variables.index("outcome")
    factor = dict(zip(done.rows["study"].astype(str), completed.factor, strict=False))
    own = [t[:, j, 0] * factor[study] for (study, _), t in done.traces.items()]
    own = [t for t in own if np.isfinite(t).all()]
    for sweep, value in enumerate(np.mean(own, axis=0) if own else (), start=1):
        ledger.count(ident, "trace", variable="outcome", level=str(sweep), value=float(value))
