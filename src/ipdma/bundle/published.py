"""A publication's numbers of arms as a bundle with fewer columns: n, means and SDs at baseline and
outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ipdma.bundle.records import (
    BASELINE,
    OUTCOME,
    POINTS,
    Arm,
    ArmCount,
    Block,
    Bundle,
    CellCounts,
    Column,
    Digests,
    Gate,
    Moments,
    ScaleOf,
    ScaleSquares,
    Serves,
)
from ipdma.codebook import Codebook

SIDES = ("active", "reference")
NUMBERS = ("n", "baseline_mean", "baseline_sd", "mean", "sd")
WORDS = (  # ways to standardise, and whether they look at the outcome and at the contrast's people alone
    ("instrument_baseline_sd", False, False),
    ("study_baseline_sd", False, False),
    ("instrument_post_sd", True, False),
    ("study_post_sd", True, True),
)
POSITIONS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of every range of a correlation at once
MIDDLE = 0.5
FEWEST = 3  # people of an arm: fewer have no free baseline and outcome

Row = Mapping[str, Any]


def text_of(row: Row, column: str) -> str:
    """A cell as text, empty where it holds nothing."""
    value = row.get(column)
    return "" if value is None or pd.isna(value) else str(value).strip()


def number_of(row: Row, column: str) -> float | None:
    """A cell as a finite number; None where it is none."""
    try:
        value = float(text_of(row, column))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def has_moments(row: Row) -> bool:
    """Whether a row gives, or begins to give, the moments of its arms."""
    names = [f"{name}_{side}" for side in SIDES for name in NUMBERS[1:]]
    return any(text_of(row, name) for name in ("instrument", *names))


def correlation_range(row: Row, side: str) -> tuple[float, float] | None:
    """The correlation of baseline and outcome in an arm, or the ends of its range; None where it is
    neither."""
    text = text_of(row, f"correlation_{side}") or text_of(row, "correlation")
    low, _, high = text.partition("..")
    try:
        ends = float(low), float(high or low)
    except ValueError:
        return None
    return ends if -1 < ends[0] <= ends[1] < 1 else None


def moment_faults(row: Row, codebook: Codebook) -> Iterator[str]:
    """What is wrong with the moments of a row of `aggregate.tsv`, a sentence each."""
    name = text_of(row, "instrument")
    if name not in codebook.instruments:
        yield f"instrument: expected one of the codebook beside means and SDs, got '{name}'"
        return
    low, high = codebook.instruments[name].default.range.bounds
    for side in SIDES:
        numbers = {key: number_of(row, f"{key}_{side}") for key in NUMBERS}
        for key, value in numbers.items():
            if value is None:
                yield f"{key}_{side}: expected a number; a trial with means and SDs needs all of them"
            elif key == "n" and (value < FEWEST or value % 1):
                yield f"n_{side}: expected a whole number of at least {FEWEST}, got {value:g}"
            elif key.endswith("sd") and value <= 0:
                yield f"{key}_{side}: expected a positive number, got {value:g}"
            elif key.endswith("mean") and not low <= value <= high:
                yield f"{key}_{side}: {value:g} is outside the range of {name}, {low:g} to {high:g}"
        if correlation_range(row, side) is None:
            yield (
                f"correlation_{side}: expected the correlation of baseline and outcome between -1 and 1, "
                f"or a range as 0.3..0.7 (`correlation` for both arms)"
            )


def is_scanned(rows: Sequence[Row]) -> bool:
    """Whether a correlation is known as a range alone."""
    ends = [correlation_range(row, side) for row in rows for side in SIDES]
    return any(low < high for low, high in (end for end in ends if end is not None))


def is_for(row: Row, contrast: str, outcome: str, timepoint: str) -> bool:
    """Whether a row is of this cell."""
    return (str(row["contrast"]), str(row["outcome"]), str(row["timepoint"])) == (
        contrast,
        outcome,
        timepoint,
    )


def published_rows(table: pd.DataFrame | None, known: Sequence[str] = ()) -> list[Row]:
    """The rows with moments, without those of trials that contributed more."""
    rows: list[Any] = [] if table is None else table.to_dict("records")
    return [row for row in rows if has_moments(row) and str(row["study"]) not in known]


def published_bundles(
    rows: Sequence[Row], plan: Mapping[str, Any], codebook: Codebook, rows_of: str, position: float = MIDDLE
) -> list[Bundle]:
    """Bundles of trials of which a publication gives the moments.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of `aggregate.tsv` without faults.
    plan : mapping
        For the conditions of its contrasts.
    codebook : Codebook
    rows_of : str
        Which rows of a cell they stand for.
    position : float
        Where in its range each correlation is taken: 0 at its low end, 1 at its high end.

    Returns
    -------
    list of Bundle
        One for each trial, by name. Means and SDs are in points of the row's instrument.
    """
    studies = dict.fromkeys(str(row["study"]) for row in rows)
    own = {study: [row for row in rows if str(row["study"]) == study] for study in studies}
    return [published_bundle(study, own[study], plan, codebook, rows_of, position) for study in sorted(own)]


def published_bundle(
    study: str,
    rows: Sequence[Row],
    plan: Mapping[str, Any],
    codebook: Codebook,
    rows_of: str,
    position: float,
) -> Bundle:
    """The bundle of one trial."""
    parts = [published_cell(row, codebook, rows_of, position) for row in rows]
    arms = {
        arm_name(row, side): Arm(condition_of(row, side, plan), "", None) for row in rows for side in SIDES
    }
    none = Digests("", {})
    return Bundle(
        study={"id": study, "country": "", "year": None, "randomised": None},
        arms=arms,
        plan=none,
        dictionary=none,
        versions={},
        gate=Gate(1, False),
        scales=tuple(squares for _, _, own in parts for squares in own),
        cells=tuple(cell for cell, _, _ in parts),
        blocks=tuple(block for _, own, _ in parts for block in own),
        integrity=(),
    )


def condition_of(row: Row, side: str, plan: Mapping[str, Any]) -> str:
    """The condition of a side: the row's own, else the first that the contrast names."""
    named = plan["contrasts"][row["contrast"]][side] or ["other"]
    return text_of(row, side) or str(named[0])


def arm_name(row: Row, side: str) -> str:
    """The name of an arm in one contrast."""
    return f"{row['contrast']} {side}"


def published_cell(
    row: Row, codebook: Codebook, rows_of: str, position: float
) -> tuple[CellCounts, list[Block], list[ScaleSquares]]:
    """Counts, blocks and sums of squares of one row."""
    instrument = codebook.instruments[text_of(row, "instrument")]
    rating = text_of(row, "rating") or instrument.rating
    scale = ScaleOf(instrument.name, rating, text_of(row, "scoring"), weeks=number_of(row, "weeks"))
    serves = Serves(str(row["contrast"]), str(row["outcome"]), str(row["timepoint"]), rows_of)
    arms = {arm_name(row, side): published_moments(row, side, position) for side in SIDES}
    both = tuple(Column(name, name, POINTS) for name in (OUTCOME, BASELINE))
    alone = {arm: moments.of([0]) for arm, moments in arms.items()}
    blocks = [
        Block((serves,), scale, None, both, arms),
        Block((serves,), scale, None, both[:1], alone),
    ]
    counts = {arm: ArmCount(moments.n, moments.n) for arm, moments in arms.items()}
    return CellCounts(serves, scale, counts, ()), blocks, list(published_squares(serves, scale, arms))


def published_moments(row: Row, side: str, position: float) -> Moments:
    """Means and covariance of outcome and baseline in one arm, in that order and in points."""
    n, before, before_sd, after, after_sd = (number_of(row, f"{name}_{side}") or 0.0 for name in NUMBERS)
    low, high = correlation_range(row, side) or (0.0, 0.0)
    shared = (low + position * (high - low)) * before_sd * after_sd
    covariance = np.array([[after_sd**2, shared], [shared, before_sd**2]])
    return Moments(int(n), np.array([after, before]), covariance)


def published_squares(serves: Serves, scale: ScaleOf, arms: Mapping[str, Moments]) -> Iterator[ScaleSquares]:
    """What each standardising constant needs of the trial."""
    for word, at_outcome, own_people in WORDS:
        place = 0 if at_outcome else 1
        yield ScaleSquares(
            word,
            serves.timepoint if at_outcome else "",
            serves.contrast if own_people else "",
            scale.instrument,
            scale.rating,
            scale.scoring,
            sum(moments.n for moments in arms.values()),
            sum(moments.n - 1 for moments in arms.values()),
            sum(float(moments.products[place, place]) for moments in arms.values()),
        )
