"""Degrees of freedom: a file a method, one table that every engine asks.

To add a method: write `df/<name>.py` with a subclass of `DfMethod` (see `method.py`), which says how it
counts (`df`) or, where it has an interval of its own (an asymmetric one, say), gives whole estimates
(`estimates`); put an instance into `METHODS` here; give it a test in `tests/unit/model/df/` and a line in
the table of `docs/choosing-a-df-method.md`. Specs, plans, engines, tables and sentences follow the table. A
method of the second stage (`pool.ci`) is a `SecondStage` in `POOLED`.
"""

from __future__ import annotations

from ipdma.errors import SpecError, nearest
from ipdma.model.df.hksj import HartungKnapp
from ipdma.model.df.k_minus_1 import KMinus1
from ipdma.model.df.kenward_roger import KenwardRoger
from ipdma.model.df.method import (
    Combinations,
    DenseCovariance,
    DfMethod,
    Inference,
    WholeCovariance,
    fewest,
)
from ipdma.model.df.normal import Normal
from ipdma.model.df.nst import NullStandardisedT
from ipdma.model.df.own import OwnEstimates
from ipdma.model.df.pooled import (
    EQUAL_WEIGHTS,
    HKSJ,
    MODIFIED_HKSJ,
    NST,
    WALD,
    SecondStage,
    precision_differs,
)
from ipdma.model.df.residual import Residual
from ipdma.model.df.satterthwaite import Satterthwaite

__all__ = [
    "METHODS",
    "POOLED",
    "WALD",
    "Combinations",
    "DenseCovariance",
    "DfMethod",
    "Inference",
    "OwnEstimates",
    "SecondStage",
    "WholeCovariance",
    "df_label",
    "df_method",
    "fewest",
    "methods_of",
    "precision_differs",
    "second_stage",
]

METHODS: dict[str, DfMethod] = {
    method.name: method
    for method in (
        KenwardRoger(),
        Satterthwaite(),
        HartungKnapp(),
        NullStandardisedT(),
        KMinus1(),
        Residual(),
        Normal(),
    )
}
POOLED: dict[str, SecondStage] = {
    method.name: method for method in (HKSJ, MODIFIED_HKSJ, NST, EQUAL_WEIGHTS, WALD)
}


def df_method(name: str | None) -> DfMethod:
    """The method of a spec's `df`. Raises SpecError for a name that is not in the table."""
    if name not in METHODS:
        raise SpecError(
            f"df: expected one of {', '.join(METHODS)}, got '{name}'{nearest(str(name), list(METHODS))}"
        )
    return METHODS[name]


def second_stage(name: str | None) -> SecondStage:
    """The interval of a second stage's `ci`. Raises SpecError for a name that is not in the table."""
    if name not in POOLED:
        raise SpecError(
            f"ci: expected one of {', '.join(POOLED)}, got '{name}'{nearest(str(name), list(POOLED))}"
        )
    return POOLED[name]


def methods_of(family: str) -> tuple[str, ...]:
    """The names of the methods that a family has."""
    return tuple(name for name, method in METHODS.items() if family in method.families)


def df_label(name: str) -> str:
    """A method's name in tables and sentences; a name that is in neither table stays as it is."""
    known: dict[str, DfMethod | SecondStage] = {**POOLED, **METHODS}
    return known[name].label if name in known else name
