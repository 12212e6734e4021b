"""The three record tables: their columns, and the ledger in which analyses write rows (docs/records.md)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import pandas as pd

from ipdma.model.records import OF_ESTIMATE

ESTIMATE_COLUMNS = [
    "analysis_id",
    "contrast",
    "outcome",
    "timepoint",
    "model",
    "stage",
    "term",
    "moderator",
    "level",
    *OF_ESTIMATE,
    "tau2",
    "i2",
    "pi_low",
    "pi_high",
    "k",
    "n",
    "df_method",
    "converged",
    "singular",
    "source_digest",
    "data_digest",
]
STUDY_COLUMNS = [
    "analysis_id",
    "study",
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "weight",
    "n_active",
    "n_reference",
    "mean_active",
    "sd_active",
    "mean_reference",
    "sd_reference",
    "source",
    "contrast",
    "outcome",
    "timepoint",
    "model",
    "stage",
    "term",
    "moderator",
    "level",
    "source_digest",
    "data_digest",
]
COUNT_COLUMNS = ["analysis_id", "what", "study", "arm", "variable", "level", "n", "of", "value"]
NOTE_COLUMNS = ["analysis_id", "kind", "text"]
TOO_FEW = "fewer than 1 degree of freedom: an interval would say nothing"
STAGE_WORDS = ("one", "two", "")
WHOLE: tuple[str, ...] = ("k", "n", "of", "n_active", "n_reference")


@dataclass(frozen=True)
class Ident:
    """The name of one fit: the parts of its analysis_id.

    Attributes
    ----------
    contrast, outcome, timepoint, model : str
        The plan's names, or the names of docs/records.md.
    stage : str
        `one`, `two`, or empty for what belongs to the rows and not to a fit.
    moderator, variant : str
        Empty for a headline.
    """

    contrast: str
    outcome: str = ""
    timepoint: str = ""
    model: str = ""
    stage: str = ""
    moderator: str = ""
    variant: str = ""

    @property
    def analysis_id(self) -> str:
        """`contrast.outcome.timepoint.model.stage[.moderator[.variant]]`; trailing empty parts left out."""
        return joined(self)

    def __str__(self) -> str:
        return self.analysis_id

    @classmethod
    @lru_cache(maxsize=8192)
    def parse(cls, analysis_id: str) -> Ident:
        """The parts of an analysis_id; of a variant without a moderator, `moderator` is `none`.

        The stage tells where a model's name ends, which may hold numbers with a point (`delta:0.25:0`).
        """
        question, rest = analysis_id.split(".")[:3], analysis_id.split(".")[3:]
        contrast, outcome, timepoint = [*question, "", ""][:3]
        at = next((i for i, part in enumerate(rest) if i and part in STAGE_WORDS), len(rest))
        stage, moderator = [*rest[at : at + 2], "", ""][:2]
        model, variant = ".".join(rest[:at]), ".".join(rest[at + 2 :])
        return cls(contrast, outcome, timepoint, model, stage, moderator, variant)

    def but(self, **changes: str) -> Ident:
        """Return a copy with some parts changed."""
        return replace(self, **changes)

    @property
    def question(self) -> Ident:
        """Its contrast, outcome and time point alone."""
        return Ident(self.contrast, self.outcome, self.timepoint)

    @property
    def columns(self) -> dict[str, str]:
        """The parts as columns of a record."""
        return {
            "analysis_id": self.analysis_id,
            "contrast": self.contrast,
            "outcome": self.outcome,
            "timepoint": self.timepoint,
            "model": self.model,
            "stage": self.stage,
            "moderator": self.moderator,
        }


@dataclass
class Ledger:
    """Rows of the record files in the order in which they were written."""

    estimates: list[dict[str, Any]] = field(default_factory=list)
    study_estimates: list[dict[str, Any]] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def count(self, analysis_id: str | Ident, what: str, **columns: object) -> None:
        """Add a row of counts.csv; `columns` are among study, arm, variable, level, n, of, value."""
        self.counts.append({"analysis_id": str(analysis_id), "what": what, **columns})

    def note(self, analysis_id: str | Ident, kind: str, text: str, **columns: object) -> None:
        """Add a sentence for the report, in the notes and in counts.csv under the same word."""
        self.notes.append({"analysis_id": str(analysis_id), "kind": kind, "text": text})
        self.count(analysis_id, kind, level=text, **columns)

    def extend(self, other: Ledger) -> None:
        """Append the rows of another ledger."""
        self.estimates += other.estimates
        self.study_estimates += other.study_estimates
        self.counts += other.counts
        self.notes += other.notes


@dataclass(frozen=True)
class Records:
    """The record files of a run as tables, columns exactly as docs/interface/results.md."""

    estimates: pd.DataFrame
    study_estimates: pd.DataFrame
    counts: pd.DataFrame
    notes: pd.DataFrame


def tabulate_ledger(ledger: Ledger, source_digest: str = "", data_digest: str = "") -> Records:
    """Turn a ledger into tables and stamp the digests on each estimate.

    Raises
    ------
    ValueError
        When two rows of estimates.csv have the same analysis_id, term and level: one of them would be lost
        to a reader.
    """
    digests = {"source_digest": source_digest, "data_digest": data_digest}
    estimates = table_of(made(ledger), ESTIMATE_COLUMNS, digests)
    twice = estimates.duplicated(["analysis_id", "term", "level"])
    if twice.any():
        raise ValueError(
            f"estimates written twice: {', '.join(estimates.loc[twice, 'analysis_id'].unique()[:5])}"
        )
    return Records(
        estimates,
        table_of(ledger.study_estimates, STUDY_COLUMNS, digests),
        table_of(ledger.counts, COUNT_COLUMNS).drop_duplicates(ignore_index=True),
        table_of(ledger.notes, NOTE_COLUMNS).drop_duplicates(ignore_index=True),
    )


ADDED = ("hksj", "matched", "subgroup", "risk_of_bias", "rob_covariate", "rob_moderator", "longitudinal")
FEWEST_DF = 1.0


def made(ledger: Ledger) -> list[dict[str, object]]:
    """The rows of estimates but those that the run adds by itself on fewer than 1 df; counts say why.

    Their interval would say nothing; a model of the plan or a sensitivity analysis keeps its rows.
    """
    kept = []
    for row in ledger.estimates:
        df = as_number(row.get("df"))
        if df is None or df >= FEWEST_DF or not is_added(Ident.parse(row["analysis_id"])):
            kept.append(row)
            continue
        name = f"{row['analysis_id']} {row['term']}"
        ledger.count(Ident(row["contrast"]), "not_made", variable=name, level=TOO_FEW, value=df)
    return kept


@lru_cache(maxsize=8192)
def joined(ident: Ident) -> str:
    """An analysis_id of its parts; asked for of the same analyses again and again."""
    parts = [ident.contrast, ident.outcome, ident.timepoint, ident.model, ident.stage]
    parts += [ident.moderator or ("" if not ident.variant else "none"), ident.variant]
    while parts and not parts[-1]:
        parts.pop()
    return ".".join(parts)


def is_added(ident: Ident) -> bool:
    """Whether a fit stands beside the plan's own: another model, or a variant of one of its fits."""
    return ident.model in ADDED or bool(ident.variant)


def as_number(value: Any) -> float | None:
    """A finite number, or None for an empty cell or any other."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def table_of(
    rows: list[dict[str, object]], columns: Iterable[str], constants: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """A table with exactly these columns: counts may be missing, text never is."""
    columns = list(columns)
    frame = pd.DataFrame(rows, columns=columns)
    for name, value in (constants or {}).items():
        frame[name] = value
    for name in columns:
        frame[name] = typed_column(frame[name], name)
    return frame


NUMBERS: frozenset[str] = frozenset(
    [
        *OF_ESTIMATE,
        "tau2",
        "i2",
        "pi_low",
        "pi_high",
        "weight",
        "mean_active",
        "sd_active",
        "mean_reference",
        "sd_reference",
        "value",
    ]
)
FLAGS = frozenset({"converged", "singular"})


def typed_column(column: pd.Series, name: str) -> pd.Series:
    """The column in its type: whole numbers, floats, flags or text."""
    if name in WHOLE:
        return pd.to_numeric(column).round().astype("Int64")
    if name in NUMBERS:
        return pd.to_numeric(column).astype(float)
    if name in FLAGS:
        return column.astype("boolean")
    return column.astype(object).where(column.notna(), "").astype(str)
