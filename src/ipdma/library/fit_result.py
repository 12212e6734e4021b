"""A fitted model as a person meets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ipdma.errors import DataError
from ipdma.library.answer import Answer, Studies
from ipdma.library.numbers import degrees, interval, number, probability
from ipdma.model.df import df_label
from ipdma.model.records import Estimate, Fit
from ipdma.model.spec import ModelSpec

NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


@dataclass(frozen=True, repr=False)
class FitResult(Answer):
    """What `ipdma.fit` returns.

    Attributes
    ----------
    fit : Fit
        The record with everything that the model says.
    spec : ModelSpec
        The model.
    """

    fit: Fit
    spec: ModelSpec

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the model asks its reader to know."""
        return self.fit.warnings

    def estimate(self, term: str = "treatment") -> Estimate:
        """One term's estimate, interval and p value. Raises KeyError naming the terms that there are."""
        return self.fit.estimate(term)

    def as_dict(self) -> dict[str, Any]:
        """The record of docs/interface/model.md, as `ipdma fit --json` writes it."""
        return self.fit.as_json()

    def to_frame(self) -> pd.DataFrame:
        """One row per estimate and contrast: `term` and the seven numbers, as floats (NaN df: normal)."""
        rows = [*self.fit.estimates, *self.fit.contrasts]
        table = pd.DataFrame({name: [getattr(r, name) for r in rows] for name in NUMBERS}, dtype=float)
        table.insert(0, "term", [str(r.term) for r in rows])
        return table

    def shown(self) -> pd.DataFrame:
        """The estimates that studies share, as text."""
        rows = [*(e for e in self.fit.estimates if not e.term.study), *self.fit.contrasts]
        return pd.DataFrame(
            {
                "term": [str(r.term) for r in rows],
                "estimate": [number(r.estimate) for r in rows],
                "SE": [number(r.std_error) for r in rows],
                "df": [degrees(r.df) for r in rows],
                "p": [probability(r.p_value) for r in rows],
                f"{100 * self.spec.level:g} % interval": [interval(r.ci_low, r.ci_high) for r in rows],
            }
        )

    def head(self) -> str:
        """Family, stages, participants and studies."""
        what = "Logistic mixed model" if self.spec.family == "binomial" else "Linear mixed model"
        stages = "two stages" if self.spec.stages == "two" else "one stage"
        rows, unit = self.fit.n_rows, "rows" if self.spec.participant else "participants"
        count = f"{min(rows)} to {max(rows)}" if isinstance(rows, list) else str(rows)
        return f"{what} of '{self.spec.outcome}', {stages}: {count} {unit} of {self.fit.n_studies} studies"

    def notes(self) -> list[str]:
        """Method, joint tests, heterogeneity, prediction, rows left out, warnings."""
        return [*self.plain_notes(), *(f"Note: {text}" for text in self.warnings)]

    def plain_notes(self) -> Iterator[str]:
        """What is said of every fit."""
        fit, logs = self.fit, ", log odds ratios" if self.spec.family == "binomial" else ""
        yield f"Intervals: {df_label(fit.df_method)}{logs}."
        for test in fit.tests:
            below = degrees(test.df_den)
            found = f"F({test.df_num:g}, {below}) = {number(test.f)}, p {probability(test.p_value)}"
            yield f"Test of {test.name}: {found}."
        for term, name in fit.variance.names.items():
            limits = fit.tau2_interval(term)
            within = f" (profile interval {interval(*limits)})" if limits else ""
            yield f"Variance between studies, {name}: {number(fit.variance.of(term))}{within}."
        if (new := fit.prediction) is not None:
            yield f"A new study's effect ({new.term}): {interval(new.low, new.high)}."
        single = sum(bool(e.term.study) for e in fit.estimates)
        if single:
            yield f"Not shown: {single} coefficients of single studies."
        if fit.n_rows_excluded:
            yield f"Rows left out for a missing value: {fit.n_rows_excluded}."

    def studies_shown(self) -> Studies:
        """Each study's own estimate of the first term that has some, and the model's answer."""
        own = self.fit.study_estimates
        if not own:
            raise DataError("no study has an estimate of its own in this model: there is no forest to draw")
        term = own[0].term
        pooled, new = self.estimate(term), self.fit.prediction
        return Studies(
            title=f"{term}: {self.spec.outcome}",
            studies=[(s.study, s.estimate, s.ci_low, s.ci_high, s.weight) for s in own if s.term == term],
            pooled=(pooled.estimate, pooled.ci_low, pooled.ci_high),
            predicted=(new.low, new.high) if new and new.term == term else None,
            footer=f"{self.head()}. {next(self.plain_notes())}",
            odds=self.spec.family == "binomial",
        )
