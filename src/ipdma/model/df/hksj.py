"""Hartung and Knapp's (2001) scale, inside one stage and in the second of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ipdma.model.df.method import Combinations, Inference, Keys
from ipdma.model.df.own import OwnEstimates
from ipdma.model.df.satterthwaite import Satterthwaite
from ipdma.model.records import Estimate
from ipdma.model.term import Term


class HartungKnapp(Satterthwaite):
    """Hartung-Knapp's scale for terms with estimates of each study; the other rows carry Satterthwaite."""

    name = "hksj"
    label = "Hartung-Knapp-Sidik-Jonkman"
    by_trials = True
    reads_own = True
    singular = (
        "Hartung-Knapp's scale is unreliable here with few studies: when study estimates agree by chance its "
        "interval can be narrower than that of a common effect"
    )

    def conflicts(self, spec: Keys) -> list[str]:
        """Nuisance terms must be stratified, else a study has no estimate of its own."""
        faults = []
        if spec.intercept != "stratified":
            faults.append(f"df: hksj needs intercept: stratified, got {spec.intercept}")
        if spec.covariates and spec.covariate_slopes != "stratified":
            faults.append("df: hksj needs covariate_slopes: stratified, got common")
        if spec.moderator and spec.moderator_slopes != "stratified":
            faults.append("df: hksj needs moderator_slopes: stratified, got common")
        if spec.contrasts:
            faults.append("df: hksj cannot be combined with contrasts; use kenward_roger or satterthwaite")
        if spec.visit and spec.covariance != "intercept":
            faults.append(f"df: hksj cannot be combined with covariance: {spec.covariance}")
        return faults

    def estimates(self, inference: Inference, asked: Combinations) -> list[Estimate]:
        """Satterthwaite's estimates, on t with K - 1 and the scale's standard error where it applies."""
        plain = super().estimates(inference, asked)
        return [self.rescale(one, inference) if applies(inference, one.term) else one for one in plain]

    def rescale(self, estimate: Estimate, inference: Inference) -> Estimate:
        """The estimate with the scale's standard error, on K - 1."""
        own = inference.own[estimate.term]
        error = math.sqrt(spread(own, estimate.estimate) / float(own.weight.sum()))
        scaled = self.estimate(
            estimate.term, estimate.estimate, error, float(own.studies - 1), inference.level
        )
        return replace(scaled, extra=estimate.extra)

    def notes(self, inference: Inference, terms: Sequence[Term]) -> list[str]:
        """Name the rows that the scale does not reach."""
        rest = [term for term in inference.terms if not applies(inference, term)]
        shown = ", ".join(term for term in rest if term in terms) or "the nuisance terms"
        return [f"df: hksj: {shown} carry Satterthwaite's standard errors and degrees of freedom"]


def applies(inference: Inference, term: Term) -> bool:
    """Whether a term's row carries Hartung-Knapp's scale: two studies have an estimate of their own."""
    return term in inference.own and inference.own[term].studies >= 2


def spread(own: OwnEstimates, estimate: float) -> float:
    """q = sum_k w_k (est_k - est)^2 / (K - 1), w_k = 1 / (v_k + tau2): 1 where the model's variances hold.

    Parameters
    ----------
    own : OwnEstimates
        Of two studies at least.
    estimate : float
        The pooled or one-stage estimate.
    """
    at = own.informed
    deviation = own.estimate[at] - estimate
    return float(own.weight[at] @ deviation**2) / (own.studies - 1)
