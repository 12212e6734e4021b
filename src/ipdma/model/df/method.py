"""What a df method is given, and what it gives back.

A method turns a fit's `Inference` and some `Combinations` of its coefficients into estimates, each with its
standard error, df, statistic, p value and interval. It never asks which engine made the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ipdma.errors import FitError
from ipdma.model.bordered import Bordered
from ipdma.model.df.own import OwnEstimates
from ipdma.model.df.trials import TrialEstimates
from ipdma.model.interval import make_estimate
from ipdma.model.parameter_covariance import ParameterCovariance
from ipdma.model.prediction import predict_new_study
from ipdma.model.records import Estimate, Prediction
from ipdma.model.term import Term

Array = NDArray[Any]
T = TypeVar("T")


class Keys(Protocol):
    """The keys of a resolved `ModelSpec` that a method may ask before anything is fitted."""

    @property
    def family(self) -> str: ...
    @property
    def estimator(self) -> str | None: ...
    @property
    def intercept(self) -> str: ...
    @property
    def treatment_effect(self) -> str: ...
    @property
    def covariates(self) -> tuple[str, ...]: ...
    @property
    def covariate_slopes(self) -> str: ...
    @property
    def moderator(self) -> str | None: ...
    @property
    def moderator_slopes(self) -> str: ...
    @property
    def interaction_effect(self) -> str: ...
    @property
    def participant(self) -> str | None: ...
    @property
    def nesting(self) -> str | None: ...
    @property
    def contrasts(self) -> Mapping[str, Mapping[str, float]]: ...
    @property
    def visit(self) -> str | None: ...
    @property
    def covariance(self) -> str: ...


class Covariance(Protocol):
    """A covariance of coefficients, by what it says of combinations `rows`.

    Rows are an array of shape (n, P), or what an engine has in its place: `rows[at]`, `weights @ rows` and
    `len(rows)` are all that a method does with them.
    """

    def variances(self, rows: Any) -> Array:
        """l'C l of each row l, shape (n,)."""

    def products(self, rows: Any) -> Array:
        """l_a'C l_b of each pair of a few rows, shape (n, n)."""


class WholeCovariance(Covariance, Protocol):
    """One that also multiplies a vector."""

    def times(self, vector: Array) -> Array:
        """C times a vector, shape (P,)."""


@dataclass(frozen=True)
class DenseCovariance:
    """A covariance that is held as a matrix, shape (P, P)."""

    matrix: Array

    def variances(self, rows: Array) -> Array:
        """l'C l of each row l, shape (n,)."""
        found: Array = ((rows @ self.matrix) * rows).sum(axis=1)
        return found

    def products(self, rows: Array) -> Array:
        """l_a'C l_b of each pair of rows, shape (n, n)."""
        found: Array = rows @ self.matrix @ rows.T
        return found

    def times(self, vector: Array) -> Array:
        """C times a vector, shape (P,)."""
        found: Array = self.matrix @ vector
        return found


class Uncertainty(Protocol):
    """How the covariance of the coefficients hangs on G variance parameters that are estimated themselves.

    Attributes
    ----------
    expected : ndarray of shape (G, G), or `Bordered`
        Twice the expected information of the variance parameters gamma, in which V is linear.
    """

    @property
    def expected(self) -> Array | Bordered: ...

    def observed(self) -> tuple[Array | Bordered, Array]:
        """The Hessian of the deviance in T search parameters theta, (T, T), and d gamma / d theta, (G, T)."""

    def gradient_norms(self, rows: Any, w: ParameterCovariance) -> Array:
        """g'W g with g = d (l'C l) / d gamma of each row l, shape (n,)."""

    def variance_gradients(self, rows: Any) -> Array:
        """d (l_a'C l_b) / d gamma for each pair of a few rows, shape (G, n, n)."""

    def adjusted(self, w: ParameterCovariance) -> Covariance:
        """Kenward and Roger's C + 2 C {sum_ij W_ij (Q_ij - P_i C P_j)} C."""


class Batch(Protocol):
    """What many fits at once leave of their coefficients, arrays of shape (models, coefficients)."""

    @property
    def std_error(self) -> Array: ...
    @property
    def satterthwaite_df(self) -> Array: ...
    @property
    def kenward_roger_df(self) -> Array: ...
    @property
    def kenward_roger_error(self) -> Array: ...


@dataclass(frozen=True)
class Inference:
    """What a fit knows of its P coefficients: all that a df method may ask.

    Attributes
    ----------
    terms : tuple of Term, length P
    beta : ndarray of shape (P,)
        Estimates on the scale of the data.
    to_data : rows, as `Covariance` has them
        One per term: the combination of the fit's own (scaled) coefficients that it is.
    covariance : Covariance
        C = (F'V^-1 F)^-1 of the scaled coefficients; in a logistic model their block of the inverse Hessian.
    uncertainty : Uncertainty or None
        None where the family has no such method (logistic models).
    informs : mapping of Term to int
        Studies that inform each term; 1 where a term is absent (a nuisance term of one study).
    residual_df : float
        Rows less coefficients.
    find_own : callable
        Gives `own`, each study's own estimate of the treatment or of the within-trial interactions by term.
    level : float
        Of the intervals, between 0 and 1.
    find_alone : callable
        Gives `alone`, what each trial says of a term from its own rows alone.
    memory : dict
        What `once` has computed.
    """

    terms: tuple[Term, ...]
    beta: Array
    to_data: Any
    covariance: Covariance
    uncertainty: Uncertainty | None
    informs: Mapping[Term, int]
    residual_df: float
    find_own: Callable[[], Mapping[Term, OwnEstimates]]
    level: float
    find_alone: Callable[[], Mapping[Term, TrialEstimates]] = dict
    memory: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, make: Callable[[Inference], T]) -> T:
        """`make(self)`, computed the first time only."""
        if make not in self.memory:
            self.memory[make] = make(self)
        return cast(T, self.memory[make])

    @cached_property
    def own(self) -> Mapping[Term, OwnEstimates]:
        """Each study's own estimates by term, found when first asked for."""
        return self.find_own()

    @cached_property
    def alone(self) -> Mapping[Term, TrialEstimates]:
        """The trials' own estimates from their own rows alone, by term, found when first asked for."""
        return self.find_alone()

    @property
    def known(self) -> Uncertainty:
        """The uncertainty of the variance parameters. Raises FitError where the fit has none."""
        if self.uncertainty is None:
            raise FitError("this model has no information on its variance parameters; use df: k_minus_1")
        return self.uncertainty

    def of_terms(self, terms: Sequence[Term]) -> Combinations:
        """The combinations that are the terms themselves."""
        place = {term: i for i, term in enumerate(self.terms)}
        at = np.array([place[term] for term in terms], dtype=int)
        return Combinations(tuple(terms), self.to_data[at], self.beta[at], tuple((t,) for t in terms))


@dataclass(frozen=True)
class Combinations:
    """Linear combinations of coefficients whose inference is wanted.

    Attributes
    ----------
    names : tuple of str, length r
        Of the estimates; a term's own name where the combination is a term.
    rows : r rows, as `Covariance` has them
        In the fit's scaled coefficients.
    values : ndarray of shape (r,)
        On the scale of the data.
    terms : tuple of tuple of Term
        The terms with a weight other than zero.
    """

    names: tuple[str, ...]
    rows: Any
    values: Array
    terms: tuple[tuple[Term, ...], ...]


class DfMethod:
    """One df method; a subclass says in `df` how it counts, and overrides what else is its own.

    Attributes
    ----------
    name : str
        Its word in a spec.
    label : str
        Its name in tables and sentences.
    families : tuple of str
    singular : str
        What a variance of zero does to it, the end of a sentence.
    beside : str
        The method of its rows in engines and batches that do not have it.
    by_trials : bool
        It rests on what each trial says of a term by itself, so that a term needs such trials.
    reads_own : bool
        It reads each study's estimate at the model's own variances (`Inference.own`).
    """

    name: ClassVar[str]
    label: ClassVar[str]
    singular: ClassVar[str]
    families: ClassVar[tuple[str, ...]] = ("gaussian", "binomial")
    beside: ClassVar[str] = "satterthwaite"
    by_trials: ClassVar[bool] = False
    reads_own: ClassVar[bool] = False

    def conflicts(self, spec: Keys) -> list[str]:
        """What this method cannot go with, a sentence each."""
        return []

    def covariance(self, inference: Inference) -> Covariance:
        """Covariance of the scaled coefficients as this method reports it."""
        return inference.covariance

    def df(self, inference: Inference, asked: Combinations) -> Sequence[float | None]:
        """Degrees of freedom of each combination; None is the normal reference."""
        raise NotImplementedError

    def std_errors(self, inference: Inference, asked: Combinations) -> Array:
        """Standard errors, shape (r,). Raises FitError where one is not positive."""
        variance = self.covariance(inference).variances(asked.rows)
        bad = ~(np.isfinite(variance) & (variance > 0))
        if bad.any():
            names = ", ".join(name for name, is_bad in zip(asked.names, bad, strict=True) if is_bad)
            raise not_positive(names, self.name)
        found: Array = np.sqrt(variance)
        return found

    def estimates(self, inference: Inference, asked: Combinations) -> list[Estimate]:
        """Each combination with its standard error, df, statistic, p value and interval.

        Raises FitError where a standard error is not positive.
        """
        errors, dfs = self.std_errors(inference, asked), self.df(inference, asked)
        return [
            self.estimate(name, float(value), float(error), df, inference.level)
            for name, value, error, df in zip(asked.names, asked.values, errors, dfs, strict=True)
        ]

    def estimate(self, name: str, value: float, error: float, df: float | None, level: float) -> Estimate:
        """One estimate by t, or the normal reference where df is None."""
        if not error > 0:
            raise not_positive(name, self.name)
        return make_estimate(name, value, error, df, level)

    def joint(self, inference: Inference, asked: Combinations) -> tuple[float, float | None]:
        """F of the test that all combinations are zero, and its denominator df: the fewest of theirs."""
        values, covariance = asked.values, self.covariance(inference).products(asked.rows)
        f = float(values @ np.linalg.solve(covariance, values)) / len(values)
        return f, fewest(self.df(inference, asked))

    def predict(
        self, inference: Inference, estimate: Estimate, tau2: float | None
    ) -> tuple[Prediction | None, str | None]:
        """The interval for the effect in a new study, or the sentence that says why there is none."""
        studies = inference.informs.get(estimate.term, 1)
        return predict_new_study(estimate, tau2, studies, inference.level)

    def notes(self, inference: Inference, terms: Sequence[Term]) -> list[str]:
        """What a reader must know of the rows of `terms` (the shared ones) under this method."""
        return []

    def trials(self, inference: Inference) -> Mapping[Term, TrialEstimates]:
        """The trials' own estimates that its intervals rest on, by term; none for most methods."""
        return {}

    def batch(self, fits: Batch) -> tuple[Array, Array | None]:
        """Standard errors and df of many fits; df None is the normal reference.

        Raises FitError for a method that is not made for many fits at once.
        """
        raise FitError(f"df: {self.name} is not made for many fits at once; use kenward_roger")


def not_positive(names: str, method: str) -> FitError:
    """The error of a standard error that is not positive."""
    return FitError(
        f"the standard error of {names} under df: {method} is not positive; the data cannot carry this "
        "model: take fewer columns or another df method"
    )


def fewest(dfs: Sequence[float | None]) -> float | None:
    """The smallest of several df; None (normal) where one has none."""
    finite = [df for df in dfs if df is not None]
    return min(finite) if len(finite) == len(dfs) else None
