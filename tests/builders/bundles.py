"""Bundles of invented people, small enough to be told from sight."""

from __future__ import annotations

import json

import numpy as np

from ipdma.bundle.mapping import mapping_of
from ipdma.bundle.records import (
    Arm,
    ArmCount,
    Attack,
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
    Withheld,
)

HEADLINE = Serves("main", "depression", "post", "observed")
SCALE = ScaleOf("hamd17", "observer", "", "", 16.0)
POINTS = {"coding": "points", "range": (0.0, 52.0), "whole": True}


def moments(values) -> Moments:
    """Moments of rows (n, p)."""
    values = np.asarray(values, dtype=float)
    centred = values - values.mean(axis=0)
    return Moments(len(values), values.mean(axis=0), centred.T @ centred / max(len(values) - 1, 1))


def score_columns() -> tuple[Column, ...]:
    """Outcome and baseline in points."""
    return Column("outcome", "outcome", **POINTS), Column("baseline", "baseline", **POINTS)


def sex_columns() -> tuple[Column, ...]:
    """Both levels of sex."""
    return tuple(Column("sex", "sex", "level", level, None, True) for level in ("female", "male"))


def people(n: int, seed: int) -> np.ndarray:
    """Outcome, baseline, female, male of n people, shape (n, 4)."""
    rng = np.random.default_rng(seed)
    baseline = rng.integers(14, 32, n).astype(float)
    outcome = np.clip(np.round(0.5 * baseline + rng.normal(0, 5, n)), 0, 52)
    female = (np.arange(n) % 5 < 3).astype(float)
    return np.column_stack([outcome, baseline, female, 1 - female])


def small_bundle(**changes) -> Bundle:
    """A trial of two arms with 60 and 55 people, all complete."""
    rows = {"A": people(60, 1), "B": people(55, 2)}
    headline = Block(
        (HEADLINE,), SCALE, None, score_columns(), {a: moments(r[:, :2]) for a, r in rows.items()}
    )
    columns = (*score_columns(), *sex_columns())
    by_sex = Block((HEADLINE,), SCALE, None, columns, {a: moments(r) for a, r in rows.items()})
    digest = Digests("0" * 64, {"models": "1" * 64})
    squares = sum(float(m.products[1, 1]) for m in headline.arms.values())
    values = {
        "study": {"id": "T01", "country": "NL", "year": 2004, "randomised": 115},
        "arms": {"A": Arm("stpp", "STPP", 60), "B": Arm("waitlist", "", 55)},
        "plan": digest,
        "dictionary": digest,
        "versions": {"ipdma": "0.1.0"},
        "gate": Gate(10, True, (Attack("cells", 8, 0),), (Withheld("age", "cells", "too few", "none"),)),
        "scales": (
            ScaleSquares("instrument_baseline_sd", "", "", "hamd17", "observer", "", 115, 113, squares),
        ),
        "cells": (
            CellCounts(HEADLINE, SCALE, {"A": ArmCount(60, 60), "B": ArmCount(55, 55)}, (("other", 3),)),
        ),
        "blocks": (headline, by_sex),
        "integrity": (("baseline", "passed", 4),),
    }
    return Bundle(**{**values, **changes})


def changed_text(change) -> str:
    """The text of the small bundle after `change` has altered its mapping."""
    values = mapping_of(small_bundle())
    change(values)
    return json.dumps(values)
