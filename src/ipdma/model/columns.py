"""Read the columns that a model uses out of a table of rows: checked, complete, numeric.

Every fault of the data is found before any is raised, and none quotes a value of a participant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ipdma.errors import DataError, SpecError, join_faults, nearest
from ipdma.model.spec import ModelSpec


@dataclass(frozen=True)
class ModelColumns:
    """The complete rows of the columns that a model uses, ordered by study (the order within a study kept).

    Attributes
    ----------
    numeric : mapping of str to ndarray of shape (n,)
        Outcome, treatment, covariates and a continuous moderator, as float64.
    study : ndarray of int, shape (n,)
        Position in `studies`, never decreasing.
    studies : tuple of str
        The studies that have rows, sorted as text.
    levels : tuple of str
        Levels of a categorical moderator, the reference first; empty for a continuous one.
    level_codes : ndarray of int or None
        Position in `levels` of each row.
    participant : ndarray of int or None
        Number of each row's participant (a participant belongs to one study); with `nesting` of its cluster,
        -1 where it is in none.
    row_index : ndarray of int, shape (n,)
        Position of each row in the table that was read.
    n_excluded : int
        Rows left out because a used column is missing there.
    """

    numeric: dict[str, np.ndarray]
    study: np.ndarray
    studies: tuple[str, ...]
    levels: tuple[str, ...]
    level_codes: np.ndarray | None
    participant: np.ndarray | None
    row_index: np.ndarray
    n_excluded: int
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TextColumn:
    """A column read as text: the number of each row's text among `names`, -1 where missing."""

    codes: np.ndarray
    names: tuple[str, ...]

    @property
    def present(self) -> np.ndarray:
        """Whether each row has a value."""
        return self.codes >= 0

    def named(self, keep: np.ndarray) -> set[str]:
        """The texts among the rows of `keep`."""
        codes = np.unique(self.codes[keep])
        return {self.names[c] for c in codes if c >= 0}


def read_columns(rows: pd.DataFrame, spec: ModelSpec) -> ModelColumns:
    """Check and read the columns of `spec`; rows with a missing value in any of them are left out.

    Raises
    ------
    SpecError
        A column with two roles that exclude each other.
    DataError
        A column that is absent, text where numbers are needed, an infinite value, a value outside `levels`,
        a reference level without rows, a constant outcome, no complete row. Text, infinite values and values
        outside `levels` are told all at once.
    """
    check_roles(spec)
    check_present(rows, spec)
    if not len(rows):
        raise DataError("the table has no rows; expected one row per participant")
    numeric, faults = read_numeric(rows, spec)
    texts = {name: read_text(rows[name]) for name in text_columns(spec)}
    if spec.levels and spec.moderator in texts:
        texts[spec.moderator] = as_declared(texts[spec.moderator], spec.levels)
    level_text = texts.get(spec.moderator or "") if spec.moderator_type == "categorical" else None
    faults += check_levels(level_text, spec)
    if faults:
        raise DataError(join_faults(faults))
    keep = complete_rows(numeric, texts, len(rows))
    check_some_rows(rows, keep, spec)
    check_outcome(numeric[spec.outcome][keep], spec)
    warnings = [lost_studies(texts[spec.study], keep)]
    order, study, studies = order_by_study(texts[spec.study], keep)
    levels, codes, note = code_levels(level_text, order, spec)
    who = read_text(rows[spec.nesting]) if spec.nesting else texts.get(spec.participant or "")
    participant = number_participants(who, study, order)
    return ModelColumns(
        in_order(numeric, order),
        study,
        studies,
        levels,
        codes,
        participant,
        order,
        int(len(rows) - keep.sum()),
        [w for w in [*warnings, note] if w],
    )


def text_columns(spec: ModelSpec) -> list[str]:
    """Columns that are read as text."""
    categorical = spec.moderator if spec.moderator_type == "categorical" else None
    return [c for c in dict.fromkeys([spec.study, spec.participant, spec.visit, categorical]) if c]


def numeric_columns(spec: ModelSpec) -> list[str]:
    """Columns that are read as numbers."""
    moderator = spec.moderator if spec.moderator_type == "continuous" else None
    covariates = [c for c in spec.covariates if c != spec.moderator or moderator]
    names = [spec.outcome, spec.treatment, *covariates, moderator]
    return [c for c in dict.fromkeys(names) if c]


def check_roles(spec: ModelSpec) -> None:
    """Refuse a column in two roles that exclude each other."""
    roles = [("outcome", spec.outcome), ("study", spec.study), ("treatment", spec.treatment)]
    roles += [(key, getattr(spec, key)) for key in ("participant", "nesting", "visit") if getattr(spec, key)]
    roles += [("covariates", name) for name in spec.covariates if name != spec.moderator]
    roles += [("moderator", spec.moderator)] if spec.moderator else []
    seen: dict[str, str] = {}
    faults = []
    for role, name in roles:
        if name in seen:
            faults.append(f"column '{name}' is named as {seen[name]} and as {role}; expected one role")
        seen[name] = role
    if faults:
        raise SpecError(join_faults(faults))


def check_present(rows: pd.DataFrame, spec: ModelSpec) -> None:
    """Refuse columns that the rows lack, or hold twice, naming the nearest that there is."""
    have = [str(c) for c in rows.columns]
    faults = [
        f"column '{name}' is not in the rows{nearest(name, have) or '; columns: ' + ', '.join(have[:30])}"
        for name in spec.used_columns()
        if name not in have
    ]
    faults += [
        f"column '{n}' stands {have.count(n)} times; expected once"
        for n in spec.used_columns()
        if have.count(n) > 1
    ]
    if faults:
        raise DataError(join_faults(faults))


def read_numeric(rows: pd.DataFrame, spec: ModelSpec) -> tuple[dict[str, np.ndarray], list[str]]:
    """Each numeric column as float64, and a sentence for each that cannot be."""
    faults: list[str] = []
    numeric = {}
    for name in numeric_columns(spec):
        values, fault = as_numbers(rows[name])
        numeric[name] = values
        if fault:
            faults.append(f"column '{name}': {fault}")
    return numeric, faults


def as_numbers(column: pd.Series) -> tuple[np.ndarray, str | None]:
    """Values as float64 with NaN for missing, and what is wrong with them, if anything."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        values = column.to_numpy().astype(float, copy=False)
    elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
    else:
        numbers = pd.to_numeric(column.astype(object), errors="coerce")
        values = numbers.to_numpy(dtype=float, na_value=np.nan)
        text = np.isnan(values) & ~missing_text(column)
        if text.any():
            first = int(np.flatnonzero(text)[0]) + 1
            return values, (
                f"expected numbers, got text in {text.sum()} of {len(values)} rows "
                f"(first at data row {first}); correct the column or leave such cells empty"
            )
    infinite = np.isinf(values)
    if infinite.any():
        first = int(np.flatnonzero(infinite)[0]) + 1
        return values, (
            f"expected finite numbers, got an infinite value in {infinite.sum()} of {len(values)} rows "
            f"(first at data row {first})"
        )
    return values, None


def missing_text(column: pd.Series) -> np.ndarray:
    """True where a cell is missing or blank."""
    blank = column.astype(object).map(lambda v: isinstance(v, str) and not v.strip())
    return (column.isna() | blank.astype(bool)).to_numpy(dtype=bool)


def read_text(column: pd.Series) -> TextColumn:
    """Values as text; a whole number is its shortest text (`1.0` is `1`), blank is missing."""
    plain = column.to_numpy() if isinstance(column.dtype, pd.StringDtype) else column
    codes, values = pd.factorize(plain, use_na_sentinel=True)
    texts = [text_of(value) for value in values]
    names = sorted({t for t in texts if t})
    place = {name: i for i, name in enumerate(names)}
    recode = np.array([*(place.get(t, -1) for t in texts), -1], dtype=np.int64)
    return TextColumn(recode[codes], tuple(names))


def as_text(column: pd.Series) -> np.ndarray:
    """Values as an array of text, None where missing."""
    read = read_text(column)
    found: np.ndarray = np.array([*read.names, None], dtype=object)[read.codes]
    return found


def text_of(value: object) -> str:
    """One cell as text, white space trimmed; empty when missing."""
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, (float, np.floating)):
        return number_text(value) or ""
    return str(value).strip()


def number_text(value: float | np.floating) -> str | None:
    """The shortest text of a number; None when missing."""
    if pd.isna(value):
        return None
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def complete_rows(numeric: dict[str, np.ndarray], texts: dict[str, TextColumn], n: int) -> np.ndarray:
    """True for the rows that have a value in every used column."""
    keep = np.ones(n, dtype=bool)
    for values in numeric.values():
        keep &= ~np.isnan(values)
    for text in texts.values():
        keep &= text.present
    return keep


def check_some_rows(rows: pd.DataFrame, keep: np.ndarray, spec: ModelSpec) -> None:
    """Refuse a table in which no row is complete, naming the columns that are empty."""
    if keep.any():
        return
    used = [n for n in spec.used_columns() if n != spec.imputation]
    empty = [n for n in used if bool(missing_text(rows[n]).all())]
    named = f"; without any value: {', '.join(empty)}" if empty else ""
    raise DataError(f"none of the {len(keep)} rows has a value in every column that the model uses{named}")


def check_outcome(outcome: np.ndarray, spec: ModelSpec) -> None:
    """Refuse an outcome that does not vary, or that is not 0 and 1 for a binomial model."""
    if spec.family == "binomial" and not np.isin(outcome, (0.0, 1.0)).all():
        n = int((~np.isin(outcome, (0.0, 1.0))).sum())
        raise DataError(
            f"column '{spec.outcome}': expected 0 and 1 for a binomial outcome, "
            f"got other values in {n} of {len(outcome)} rows"
        )
    if np.ptp(outcome) == 0:
        raise DataError(
            f"column '{spec.outcome}': the outcome is constant in all {len(outcome)} rows; "
            "expected an outcome that varies"
        )


def lost_studies(study: TextColumn, keep: np.ndarray) -> str | None:
    """Name the studies of which no row is complete."""
    lost = [] if keep.all() else sorted(study.named(study.present) - study.named(keep))
    if not lost:
        return None
    return (
        f"{'studies' if len(lost) > 1 else 'study'} {', '.join(lost)} left out: "
        "no row with a value in every column that the model uses"
    )


def order_by_study(study: TextColumn, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Positions of the kept rows ordered by study, their study numbers, and the studies' names."""
    kept = np.flatnonzero(keep)
    codes = study.codes[kept]
    present = np.bincount(codes, minlength=len(study.names)) > 0
    if not present.all():
        codes = (np.cumsum(present) - 1)[codes]
    if np.any(codes[1:] < codes[:-1]):
        by_study = np.argsort(codes, kind="stable")
        kept, codes = kept[by_study], codes[by_study]
    return kept, codes, tuple(name for name, has in zip(study.names, present, strict=True) if has)


def in_order(columns: dict[str, np.ndarray], order: np.ndarray) -> dict[str, np.ndarray]:
    """Each column's rows in `order`: the table's own, unwritable, where these are all as they stand."""
    if len(order) < len(next(iter(columns.values()))) or np.any(order[1:] < order[:-1]):
        return {name: values[order] for name, values in columns.items()}
    found = {name: values.view() for name, values in columns.items()}
    for values in found.values():
        values.flags.writeable = False
    return found


def as_declared(text: TextColumn, levels: tuple[str, ...]) -> TextColumn:
    """The texts that a declared level means, by its name: codes match without regard to case, numbers as
    numbers, as in a trial's own file; a text that is a level already stands for itself."""
    own = {level_key(level): level for level in reversed(levels)}
    renamed = [n if n in levels else own.get(level_key(n), n) for n in text.names]
    names = tuple(sorted(set(renamed)))
    recode = np.array([*(names.index(name) for name in renamed), -1], dtype=np.int64)
    return TextColumn(recode[text.codes], names)


def level_key(level: str) -> float | str:
    """What two levels are compared by."""
    try:
        return float(level)
    except ValueError:
        return level.strip().casefold()


def check_levels(text: TextColumn | None, spec: ModelSpec) -> list[str]:
    """Say when a categorical moderator holds values outside `levels`."""
    if text is None or spec.levels is None:
        return []
    strange = [i for i, name in enumerate(text.names) if name not in spec.levels]
    outside = int(np.isin(text.codes, strange).sum())
    if outside:
        return [
            f"column '{spec.moderator}': expected the levels {', '.join(spec.levels)}, "
            f"got another value in {outside} of {len(text.codes)} rows"
        ]
    return []


def code_levels(
    text: TextColumn | None, order: np.ndarray, spec: ModelSpec
) -> tuple[tuple[str, ...], np.ndarray | None, str | None]:
    """Levels that have rows (reference first), the code of each row, and a note of empty levels.

    Raises DataError where the reference has no rows, or fewer than two levels have.
    """
    if text is None:
        return (), None, None
    have = text.named(order)
    levels = spec.levels or tuple(sorted(have))
    used = tuple(level for level in levels if level in have)
    if levels[0] not in have:
        raise DataError(
            f"column '{spec.moderator}': the reference level '{levels[0]}' has no rows; "
            "put a level that has rows first in `levels`"
        )
    if len(used) < 2:
        raise DataError(f"column '{spec.moderator}': expected at least two levels with rows, got {len(used)}")
    empty = [level for level in levels if level not in have]
    note = f"moderator '{spec.moderator}': no rows at level {', '.join(empty)}" if empty else None
    position = np.array([used.index(name) if name in used else -1 for name in text.names])
    return used, position[text.codes[order]], note


def number_participants(text: TextColumn | None, study: np.ndarray, order: np.ndarray) -> np.ndarray | None:
    """A number for each participant within study, -1 for a missing one; None without such a column."""
    if text is None:
        return None
    codes = text.codes[order]
    pairs = study.astype(np.int64) * len(text.names) + codes
    return np.asarray(pd.factorize(np.where(codes < 0, np.nan, pairs))[0])
