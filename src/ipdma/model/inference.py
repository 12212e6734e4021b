"""From an optimum to standard errors, degrees of freedom and intervals, by the plan's df method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ipdma.errors import FitError, nearest
from ipdma.model import hksj, interval, kenward_roger, satterthwaite
from ipdma.model.fixed_effects import FixedEffects
from ipdma.model.own_estimates import OwnEstimates
from ipdma.model.problem import Prepared
from ipdma.model.rank import informing
from ipdma.model.records import Estimate, JointTest
from ipdma.model.search import Optimum, jacobian, search_derivatives


@dataclass(frozen=True)
class Inference:
    """How a df method turns linear combinations of coefficients into estimates with intervals.

    Attributes
    ----------
    effects : FixedEffects
    method : str
    level : float
    covariance : ndarray of shape (P, P)
        Of the scaled coefficients, as the method reports it.
    w : ndarray of shape (G, G) or None
        Covariance of the variance parameters that the method's df use.
    satterthwaite_w : ndarray of shape (G, G)
    informs : mapping of str to int
        Studies that inform each term.
    residual_df : float
    own : mapping of str to OwnEstimates
    """

    effects: FixedEffects
    method: str
    level: float
    covariance: np.ndarray
    w: np.ndarray
    informs: dict[str, int]
    residual_df: float
    own: dict[str, OwnEstimates]


def make_inference(
    prepared: Prepared, optimum: Optimum, effects: FixedEffects, own: list[OwnEstimates]
) -> Inference:
    """Prepare what the spec's df method needs."""
    spec = prepared.design.spec
    covariance = effects.covariance
    if spec.df == "kenward_roger":
        w = kenward_roger.parameter_covariance(optimum.derivatives.expected)
        covariance = kenward_roger.adjusted_covariance(effects, w)
    else:
        hessian = search_derivatives(prepared.swept, optimum.point, optimum.derivatives)[1]
        w = satterthwaite.parameter_covariance(hessian, jacobian(prepared.swept, optimum.point))
    return Inference(
        effects,
        str(spec.df),
        spec.level,
        covariance,
        w,
        count_informing(prepared, effects),
        float(prepared.full.raw_n.sum()) - len(effects.terms),
        {o.term: o for o in own},
    )


def count_informing(prepared: Prepared, effects: FixedEffects) -> dict[str, int]:
    """Studies that inform each term; one for a nuisance term of one study."""
    shared = informing(prepared.full).sum(axis=0)
    counts = dict(zip(prepared.shared_terms, (int(n) for n in shared), strict=True))
    return {term: counts.get(term, 1) for term in effects.terms}


def std_errors(inference: Inference, rows: np.ndarray) -> np.ndarray:
    """Standard errors of linear combinations; FitError where one is not positive."""
    variance = np.einsum("ra,ab,rb->r", rows, inference.covariance, rows, optimize=True)
    if not (np.isfinite(variance).all() and (variance > 0).all()):
        raise FitError(
            f"a standard error under df: {inference.method} is not positive; "
            "the data cannot carry this model: take fewer columns or another df method"
        )
    return np.sqrt(variance)


def combination_df(inference: Inference, rows: np.ndarray, studies: list[int]) -> list[float | None]:
    """Degrees of freedom of each linear combination; `studies` are those that inform each."""
    if inference.method == "normal":
        return [None] * len(rows)
    if inference.method == "residual":
        return [inference.residual_df] * len(rows)
    if inference.method == "k_minus_1":
        return [float(k - 1) if k > 1 else inference.residual_df for k in studies]
    if inference.method == "kenward_roger":
        return list(kenward_roger.single_df(inference.effects, inference.w, rows))
    return list(satterthwaite.single_df(inference.effects, inference.w, rows))


def term_estimates(inference: Inference) -> list[Estimate]:
    """An estimate for each coefficient."""
    effects = inference.effects
    rows = effects.to_data
    errors = std_errors(inference, rows)
    studies = [inference.informs[t] for t in effects.terms]
    dfs = combination_df(inference, rows, studies)
    found = []
    for i, term in enumerate(effects.terms):
        error, df = float(errors[i]), dfs[i]
        if inference.method == "hksj" and term in inference.own:
            scaled, k_minus_1 = hksj.hksj_std_error(inference.own[term], float(effects.beta[i]))
            if k_minus_1 >= 1:
                error, df = scaled, float(k_minus_1)
        found.append(make_estimate(term, float(effects.beta[i]), error, df, inference.level))
    return found


def make_estimate(term: str, estimate: float, error: float, df: float | None, level: float) -> Estimate:
    """One estimate with its two-sided test and interval."""
    if not error > 0:
        raise FitError(f"the standard error of '{term}' is not positive; the data cannot carry this model")
    return interval.make_estimate(term, estimate, error, df, level)


def contrast_estimates(inference: Inference, contrasts: dict) -> list[Estimate]:
    """Named linear combinations of terms.

    Raises
    ------
    FitError
        A contrast of an unknown term, or with no weight but zero.
    """
    effects, found = inference.effects, []
    for name, weights in contrasts.items():
        check_contrast(name, weights, effects.terms)
        row = np.zeros(len(effects.terms))
        row[[effects.terms.index(t) for t in weights]] = list(weights.values())
        rows = effects.rows(row[None])
        studies = min(inference.informs[t] for t, weight in weights.items() if weight)
        df = combination_df(inference, rows, [studies])[0]
        error = float(std_errors(inference, rows)[0])
        found.append(make_estimate(name, float(row @ effects.beta), error, df, inference.level))
    return found


def check_contrast(name: str, weights: dict, terms: tuple[str, ...]) -> None:
    """Refuse a contrast of a term that is not there, or of nothing."""
    unknown = [t for t in weights if t not in terms]
    if unknown:
        hint = nearest(unknown[0], terms) or f"; terms: {', '.join(terms[:30])}"
        raise FitError(f"contrast '{name}': no term '{unknown[0]}'{hint}")
    if not any(weights.values()):
        raise FitError(
            f"contrast '{name}': its standard error is not positive; expected a weight other than zero"
        )


def joint_tests(inference: Inference, joint: dict[str, tuple[str, ...]]) -> list[JointTest]:
    """F tests that the terms of each group are all zero."""
    effects, found = inference.effects, []
    for name, wanted in joint.items():
        terms = tuple(t for t in wanted if t in effects.terms)
        if not terms:
            continue
        at = [effects.terms.index(t) for t in terms]
        rows, estimate = effects.to_data[at], effects.beta[at]
        found.append(joint_test(inference, name, terms, rows, estimate))
    return found


def joint_test(
    inference: Inference, name: str, terms: tuple[str, ...], rows: np.ndarray, estimate: np.ndarray
) -> JointTest:
    """One F test by the df method."""
    q, effects = len(rows), inference.effects
    df: float | None
    if inference.method == "kenward_roger":
        f, df = kenward_roger.scaled_f(effects, inference.w, inference.covariance, rows, estimate)
    elif inference.method in ("satterthwaite", "hksj"):
        f, df = satterthwaite.joint_f(effects, inference.w, rows, estimate)
    else:
        f = float(estimate @ np.linalg.solve(rows @ inference.covariance @ rows.T, estimate)) / q
        df = combination_df(inference, rows[:1], [min(inference.informs[t] for t in terms)])[0]
    p_value = float(stats.chi2.sf(q * f, q) if df is None else stats.f.sf(f, q, df))
    return JointTest(name, terms, f, q, df, p_value)
