"""From what a fit knows of its coefficients to estimates, contrasts and joint tests, for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ipdma.errors import FitError, SpecError, nearest
from ipdma.model.df import Combinations, DfMethod, Inference, WholeCovariance
from ipdma.model.interval import f_upper_p
from ipdma.model.records import Estimate, JointTest
from ipdma.model.term import Term


def term_estimates(inference: Inference, method: DfMethod) -> list[Estimate]:
    """An estimate for each coefficient."""
    return method.estimates(inference, inference.of_terms(inference.terms))


def contrast_estimates(
    inference: Inference, method: DfMethod, contrasts: Mapping[str, Mapping[str, float]]
) -> list[Estimate]:
    """Named linear combinations of terms.

    Raises
    ------
    SpecError, FitError
        A contrast of an unknown term; one with no weight but zero.
    """
    return method.estimates(inference, combine(inference, contrasts)) if contrasts else []


def combine(inference: Inference, contrasts: Mapping[str, Mapping[str, float]]) -> Combinations:
    """Linear combinations by the weights of their terms; raises as `contrast_estimates` does."""
    weights = np.zeros((len(contrasts), len(inference.terms)))
    for i, (name, given) in enumerate(contrasts.items()):
        check_contrast(name, given, inference.terms)
        weights[i, [inference.terms.index(t) for t in given]] = list(given.values())
    terms = tuple(tuple(Term.parse(t) for t, w in given.items() if w) for given in contrasts.values())
    return Combinations(tuple(contrasts), weights @ inference.to_data, weights @ inference.beta, terms)


def check_contrast(name: str, weights: Mapping[str, float], terms: Sequence[str]) -> None:
    """Refuse a contrast of a term that is not there, or of nothing."""
    unknown = [t for t in weights if t not in terms]
    if unknown:
        hint = nearest(unknown[0], list(terms)) or f"; terms: {', '.join(terms[:30])}"
        raise SpecError(f"contrast '{name}': no term '{unknown[0]}'{hint}")
    if not any(weights.values()):
        raise FitError(
            f"contrast '{name}': its standard error is not positive; expected a weight other than zero"
        )


def joint_tests(
    inference: Inference, method: DfMethod, joint: Mapping[Term, Sequence[Term]]
) -> list[JointTest]:
    """F tests that the terms of each group are all zero; a term that is not in the model is left out."""
    found = []
    for name, wanted in joint.items():
        terms = tuple(t for t in wanted if t in inference.terms)
        if terms:
            f, df = method.joint(inference, inference.of_terms(terms))
            found.append(JointTest(name, terms, f, len(terms), df, f_upper_p(f, len(terms), df)))
    return found


def reported_covariance(inference: Inference, method: DfMethod, estimates: Sequence[Estimate]) -> np.ndarray:
    """Covariance of the first terms' estimates, with the standard errors that they report; shape (n, n)."""
    covariance = method.covariance(inference).products(inference.to_data[np.arange(len(estimates))])
    ratio = np.array([e.std_error for e in estimates]) / np.sqrt(np.diag(covariance))
    return covariance * np.outer(ratio, ratio)


@dataclass(frozen=True)
class Reported:
    """The covariance of all estimates of a fit, with the standard errors that they report.

    Attributes
    ----------
    covariance : WholeCovariance
        Of the fit's own (scaled) coefficients.
    to_data : sparse array of shape (P, P)
        The estimates from these.
    ratio : ndarray of shape (P,)
        Reported standard errors by those of `covariance`.
    """

    covariance: WholeCovariance
    to_data: sparse.csr_array
    ratio: np.ndarray

    def times(self, weights: np.ndarray) -> np.ndarray:
        """The covariance times a vector, shape (P,)."""
        inner = (self.ratio * weights) @ self.to_data
        found: np.ndarray = self.ratio * (self.to_data @ self.covariance.times(inner))
        return found


def reported_by_all(
    covariance: WholeCovariance, inference: Inference, estimates: Sequence[Estimate]
) -> Reported:
    """`Reported` of an estimate for each term of the fit; `covariance` is that of its inference."""
    errors = np.sqrt(covariance.variances(inference.to_data))
    return Reported(covariance, inference.to_data, np.array([e.std_error for e in estimates]) / errors)
