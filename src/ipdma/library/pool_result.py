"""A pooled effect as a person meets it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import special

from ipdma.library.answer import Answer, Studies
from ipdma.library.numbers import degrees, interval, number, probability
from ipdma.model.df import df_label
from ipdma.model.pool import Pooled
from ipdma.model.spec import PoolSpec


@dataclass(frozen=True, repr=False)
class PoolResult(Answer):
    """What `ipdma.pool` returns.

    Attributes
    ----------
    pooled : Pooled
        The record with everything that the second stage says.
    spec : PoolSpec
    studies : DataFrame
        The rows that were pooled: `study`, `estimate`, `std_error` (the root of a variance that was given).
    """

    pooled: Pooled
    spec: PoolSpec
    studies: pd.DataFrame

    @property
    def k(self) -> int:
        """The number of studies."""
        return self.pooled.k

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the second stage asks its reader to know."""
        return self.pooled.warnings

    def as_dict(self) -> dict[str, Any]:
        """The record of docs/interface/pool.md, as `ipdma pool --json` writes it."""
        return self.pooled.as_json()

    def to_frame(self) -> pd.DataFrame:
        """A row per study, then `pooled`: estimate, std_error, ci_low, ci_high and weight in percent.

        A study's interval is the normal one of its own standard error.
        """
        z = float(special.ndtri(0.5 + self.spec.level / 2))
        own = self.studies.assign(
            study=list(self.pooled.weights),
            ci_low=self.studies["estimate"] - z * self.studies["std_error"],
            ci_high=self.studies["estimate"] + z * self.studies["std_error"],
            weight=list(self.pooled.weights.values()),
        )
        p = self.pooled
        pooled = ["pooled", p.estimate, p.std_error, p.ci_low, p.ci_high, 100.0]
        return pd.concat([own, pd.DataFrame([pooled], columns=own.columns)], ignore_index=True)

    def shown(self) -> pd.DataFrame:
        """The studies and the pooled row, as text."""
        table = self.to_frame()
        limits = zip(table["ci_low"], table["ci_high"], strict=True)
        return pd.DataFrame(
            {
                "study": table["study"],
                "estimate": table["estimate"].map(number),
                "SE": table["std_error"].map(number),
                f"{100 * self.spec.level:g} % interval": [interval(low, high) for low, high in limits],
                "weight %": [f"{w:.1f}" for w in table["weight"]],
            }
        )

    def head(self) -> str:
        """How many studies, and how the variance between them is estimated."""
        method = (
            "common effect" if self.spec.tau2 == "common" else f"random effects ({self.spec.tau2 or 'reml'})"
        )
        return f"{self.k} {'study' if self.k == 1 else 'studies'} pooled: {method}"

    def notes(self) -> list[str]:
        """Test, heterogeneity, prediction, warnings."""
        return [*self.plain_notes(), *(f"Note: {text}" for text in self.warnings)]

    def plain_notes(self) -> Iterator[str]:
        """What is said of every pool."""
        p = self.pooled
        method = df_label("wald" if p.df is None else self.spec.ci)
        yield f"Pooled: p {probability(p.p_value)}, df {degrees(p.df)}; interval: {method}."
        if p.tau2_ci_low is not None:
            limits = f" (Q-profile interval {interval(p.tau2_ci_low, p.tau2_ci_high)})"
            yield f"tau2 {number(p.tau2)}{limits}, tau {number(math.sqrt(p.tau2))}, I2 {p.i2:.1f} %."
        if p.q_df:
            yield f"Q = {number(p.q)} on {p.q_df} df, p {probability(p.q_p)}."
        if p.pi_low is not None:
            yield f"A new study's effect: {interval(p.pi_low, p.pi_high)}."

    def studies_shown(self) -> Studies:
        """The studies and the pooled effect."""
        p, own = self.pooled, self.to_frame().iloc[:-1]
        columns = own[["study", "estimate", "ci_low", "ci_high", "weight"]]
        return Studies(
            title=f"Pooled: {self.spec.estimate}",
            studies=list(columns.itertuples(index=False, name=None)),
            pooled=(p.estimate, p.ci_low, p.ci_high),
            predicted=None if p.pi_low is None or p.pi_high is None else (p.pi_low, p.pi_high),
            footer=f"{self.head()}. {' '.join(list(self.plain_notes())[:2])}",
        )
