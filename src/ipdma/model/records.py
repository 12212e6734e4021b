"""What a fit leaves behind: frozen records that tables, figures and pages read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ipdma import __version__
from ipdma.model.term import Term
from ipdma.model.variance import VarianceComponents

OF_ESTIMATE: tuple[str, ...] = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


@dataclass(frozen=True)
class Estimate:
    """One coefficient or contrast with its interval; `df` is None for a normal reference.

    `extra` holds what only some fits have: second-stage keys (tau2, i2, ...), `fmi`, `riv`, `mc_error`.
    `df_method` names the method of a row that does not carry the fit's own. `beside` holds, by method, the
    intervals that a reader expects next to this one.
    """

    term: Term
    estimate: float
    std_error: float
    df: float | None
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    extra: Mapping[str, Any] = field(default_factory=dict)
    df_method: str | None = None
    beside: Mapping[str, Estimate] = field(default_factory=dict)

    def as_json(self, key: str = "term") -> dict[str, object]:
        """The record as docs/interface/model.md writes it; `key` is `name` for a contrast."""
        named = {key: self.term}
        return {**named, **{n: getattr(self, n) for n in OF_ESTIMATE}, **self.extra}


@dataclass(frozen=True)
class JointTest:
    """A test that several coefficients are all zero; `df_den` is None where df_num f is chi-squared."""

    name: Term
    terms: tuple[Term, ...]
    f: float
    df_num: float
    df_den: float | None
    p_value: float


@dataclass(frozen=True)
class Prediction:
    """The interval for a term's effect in a new study; `df` is that of its t, None where none is given."""

    term: Term
    low: float
    high: float
    df: float | None


@dataclass(frozen=True)
class StudyEstimate:
    """What one study says of one term by itself, and its share of the pooled answer in percent."""

    study: str
    term: Term
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    weight: float


@dataclass(frozen=True)
class Fit:
    """A fitted model (docs/interface/model.md, the record), and what analyses need beside it.

    Attributes
    ----------
    studies_by_term : mapping of Term to int
        The number of studies that inform each term of `estimates`.
    informing : mapping of Term to tuple of str
        The studies that inform each term, and each joint test; none over visits.
    rows_by_term : mapping of Term to int
        The rows of these studies.
    study_estimates : tuple of StudyEstimate
        Each study's own estimate of the treatment effect or within-trial interaction, where there is one.
    covariance : ndarray or None
        Covariance of `estimates`, in their order, as the df method reports it; of a one-stage model of the
        first of them, those that are no study's own.
    whole_covariance : Reported or None
        Of a logistic one-stage model what multiplies by the covariance of all `estimates`.
    trials : mapping of Term to TrialEstimates
        Under `df: nst` the trials' own estimates behind a term's interval.
    """

    estimates: tuple[Estimate, ...]
    tests: tuple[JointTest, ...] = ()
    contrasts: tuple[Estimate, ...] = ()
    prediction: Prediction | None = None
    variance: VarianceComponents = field(default_factory=VarianceComponents)
    variance_ci: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    variance_range: Mapping[str, Any] | None = None
    criterion: float | None = None
    criterion_name: str = "minus_two_reml_loglik"
    n_studies: int = 0
    n_rows: int | list[int] = 0
    n_rows_excluded: int | list[int] = 0
    df_method: str = "kenward_roger"
    converged: bool = True
    singular: bool = False
    warnings: tuple[str, ...] = ()
    engine: str = "ipdma"
    version: str = __version__
    studies_by_term: Mapping[Term, int] = field(default_factory=dict)
    informing: Mapping[Term, tuple[str, ...]] = field(default_factory=dict)
    rows_by_term: Mapping[Term, int] = field(default_factory=dict)
    study_estimates: tuple[StudyEstimate, ...] = ()
    covariance: np.ndarray | None = None
    whole_covariance: Any = None
    trials: Mapping[Term, Any] = field(default_factory=dict)

    @cached_property
    def by_term(self) -> dict[str, Estimate]:
        """The estimates by their terms."""
        return {estimate.term: estimate for estimate in self.estimates}

    def estimate(self, term: str) -> Estimate:
        """The estimate of one term. Raises KeyError naming the terms that there are."""
        if term in self.by_term:
            return self.by_term[term]
        raise KeyError(f"no term '{term}'; there are {', '.join(e.term for e in self.estimates)}")

    def tau2_interval(self, term: Term) -> tuple[float, float] | None:
        """The interval of a term's variance between studies, None where there is none."""
        names = self.variance.names
        return self.variance_ci.get(names[term]) if term in names else None

    def as_json(self) -> dict[str, object]:
        """The record as docs/interface/model.md writes it, ready for `json.dumps`."""
        head = {
            "estimates": [e.as_json() for e in self.estimates],
            "tests": [{**vars(t), "terms": list(t.terms)} for t in self.tests],
            "contrasts": [c.as_json("name") for c in self.contrasts],
            "prediction": None if self.prediction is None else dict(vars(self.prediction)),
            "variance": self.variance.as_json(),
            "variance_ci": {name: list(pair) for name, pair in self.variance_ci.items()},
        }
        if self.variance_range is not None:
            head["variance_range"] = dict(self.variance_range)
        plain = [
            "criterion",
            "criterion_name",
            "n_studies",
            "n_rows",
            "n_rows_excluded",
            "df_method",
            "converged",
            "singular",
            "warnings",
            "engine",
            "version",
        ]
        tail = {name: getattr(self, name) for name in plain}
        found: dict[str, Any] = as_plain({**head, **tail})
        return found


def as_plain(value: Any) -> Any:
    """Turn numpy numbers, arrays and tuples into what JSON knows; a number that is not finite is null."""
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return as_plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
