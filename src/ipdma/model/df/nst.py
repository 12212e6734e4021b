"""The null-standardised t interval of the trials' own estimates, inside one stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipdma.model.df.k_minus_1 import KMinus1
from ipdma.model.df.kenward_roger import KenwardRoger
from ipdma.model.df.method import Array, Batch, Combinations, Covariance, DfMethod, Inference, Keys
from ipdma.model.df.own import OwnEstimates
from ipdma.model.df.pooled import common_effect, if_narrower, narrower, with_interval
from ipdma.model.df.trials import TrialEstimates
from ipdma.model.interval import make_estimate
from ipdma.model.nst import NoWidth, nst_notes, null_standardised
from ipdma.model.pivot import pivot_interval
from ipdma.model.records import Estimate, Prediction
from ipdma.model.term import Term

KENWARD_ROGER, K_MINUS_1 = KenwardRoger(), KMinus1()
ALMOST_EQUAL = 1e-6  # in standard errors: estimates that lie closer might give an interval of no width


class NullStandardisedT(DfMethod):
    """The interval of ipdma.model.nst beside the model's estimate and standard error.

    It is for the treatment and for random within-trial interactions, whose trials have estimates of their
    own; the other rows carry Kenward-Roger, or t on K - 1 in a logistic model.
    """

    name = "nst"
    label = "null-standardised t"
    singular = "the null-standardised interval does not rest on it"
    beside = "kenward_roger"
    by_trials = True

    def conflicts(self, spec: Keys) -> list[str]:
        """A random effect, nuisance terms of each trial's own, and one row for each participant."""
        faults, other = [], "k_minus_1" if spec.family == "binomial" else "kenward_roger"
        if spec.treatment_effect != "random" and not (spec.moderator and spec.interaction_effect == "random"):
            faults.append(
                "df: nst needs an effect that varies between studies, got treatment_effect: common; use "
                f"treatment_effect: random, or df: {other}"
            )
        if spec.family == "gaussian" and spec.estimator == "ml":
            faults.append("df: nst needs estimator: reml, got ml; its other rows carry Kenward-Roger")
        if spec.intercept != "stratified":
            faults.append(f"df: nst needs intercept: stratified, got {spec.intercept}")
        if spec.covariates and spec.covariate_slopes != "stratified":
            faults.append("df: nst needs covariate_slopes: stratified, got common")
        if spec.moderator and spec.moderator_slopes != "stratified":
            faults.append("df: nst needs moderator_slopes: stratified, got common")
        if spec.visit or spec.participant or spec.nesting:
            faults.append(
                "df: nst needs one row for each participant, in no cluster; got participant, nesting or visit"
            )
        return faults

    def covariance(self, inference: Inference) -> Covariance:
        """That of the other rows."""
        return rest(inference).covariance(inference)

    def df(self, inference: Inference, asked: Combinations) -> Sequence[float | None]:
        """Those of the other rows."""
        return rest(inference).df(inference, asked)

    def joint(self, inference: Inference, asked: Combinations) -> tuple[float, float | None]:
        """Several terms at once have the other rows' test."""
        return rest(inference).joint(inference, asked)

    def estimates(self, inference: Inference, asked: Combinations) -> list[Estimate]:
        """The other rows' estimates; where it applies, the model's own standard error and this interval."""
        plain = rest(inference).estimates(inference, asked)
        variance = inference.covariance.variances(asked.rows)
        rows, others = inference.once(trial_rows), rest(inference).name
        return [
            rows[one.term].beside(replace(one, std_error=float(np.sqrt(v))), {others: one})
            if one.term in rows
            else replace(one, df_method=others)
            for one, v in zip(plain, variance, strict=True)
        ]

    def predict(
        self, inference: Inference, estimate: Estimate, tau2: float | None
    ) -> tuple[Prediction | None, str | None]:
        """By the generalised pivot, never narrower than the interval of the row."""
        trials = inference.alone.get(estimate.term)
        if tau2 is None or trials is None or trials.k < 3:
            return super().predict(inference, estimate, tau2)
        return predict_by_pivot(estimate, trials, inference.level), None

    def notes(self, inference: Inference, terms: Sequence[Term]) -> list[str]:
        """What the interval says of itself, trials that are not in it, rows that it does not reach."""
        rows = inference.once(trial_rows)
        said = [f"{term}: {note}" for term, row in rows.items() for note in row.notes]
        others = [term for term in inference.terms if term not in rows]
        if others:
            shown = ", ".join(term for term in others if term in terms) or "the nuisance terms"
            said.append(f"df: nst: {shown} carry {rest(inference).label}'s standard errors and intervals")
        return said

    def trials(self, inference: Inference) -> Mapping[Term, TrialEstimates]:
        """The trials' own estimates behind the interval, which Rubin's rules combine trial by trial."""
        return inference.alone

    def batch(self, fits: Batch) -> tuple[Array, Array]:
        """Kenward-Roger's: many fits at once have no trials' own estimates."""
        return KENWARD_ROGER.batch(fits)


def rest(inference: Inference) -> DfMethod:
    """The method of the rows that have no estimates of each trial."""
    return K_MINUS_1 if inference.uncertainty is None else KENWARD_ROGER


@dataclass(frozen=True)
class TrialRow:
    """The interval of one term from its trials.

    `found` gives all of an estimate but its value and error; where one trial is `alone`, these too.
    """

    found: Estimate
    alone: bool
    notes: tuple[str, ...]

    def beside(self, estimate: Estimate, known: Mapping[str, Estimate]) -> Estimate:
        """The model's estimate with this interval; where one trial informs it, that trial's own answer.

        `known` are the intervals that reviewers know, by method.
        """
        if self.alone:
            own = "normal" if self.found.df is None else "residual"
            return replace(self.found, extra=estimate.extra, df_method=own)
        return replace(
            self.found,
            estimate=estimate.estimate,
            std_error=estimate.std_error,
            extra=estimate.extra,
            beside={**known, **self.found.beside},
        )


def trial_rows(inference: Inference) -> dict[Term, TrialRow]:
    """The row of each term that has one."""
    return {
        term: trial_row(trials, inference.level) for term, trials in inference.alone.items() if trials.k > 0
    }


def pooling_rows(trials: Mapping[Term, TrialEstimates], level: float) -> dict[Term, TrialRow]:
    """The rows of one completed data set, of which Rubin's rules read the df and no interval."""
    return {term: pooling_row(own, level) for term, own in trials.items() if own.k > 0}


def pooling_row(trials: TrialEstimates, level: float) -> TrialRow:
    """The row of `trial_row` without its search, where it has one. Raises as that does."""
    y, v = trials.estimate, trials.variance
    if trials.k == 1 or np.ptp(y) <= ALMOST_EQUAL * np.sqrt(v.min()):
        return trial_row(trials, level)
    mean = float(y.mean())
    return TrialRow(make_estimate(trials.term, mean, 1.0, float(trials.k - 1), level), False, ())


def trial_row(trials: TrialEstimates, level: float) -> TrialRow:
    """The null-standardised interval of a term's trials, or the t interval of its only one.

    Raises
    ------
    NoWidth
        A FitError: all trials' estimates are equal.
    """
    y, v = trials.estimate, trials.variance
    if trials.k == 1:
        found = make_estimate(trials.term, float(y[0]), float(np.sqrt(v[0])), trials.df[0], level)
        note = f"one study ({trials.studies[0]}) informs it: its own estimate and t interval"
        return TrialRow(found, True, (*trials.notes, note))
    try:
        result = null_standardised(y, v, level)
    except NoWidth as error:
        raise NoWidth(f"{trials.term}: {error}; use another df, or treatment_effect: common") from None
    plain = make_estimate(trials.term, float(y.mean()), 1.0, None, level)
    found = with_interval(plain, result)
    own = OwnEstimates(trials.term, y, v, 0.0)
    common = common_effect(own, level)
    said = narrower(NullStandardisedT.label, found, common)
    found = replace(found, beside=if_narrower(found, common))
    return TrialRow(found, False, (*trials.notes, *nst_notes(result), *said))


def predict_by_pivot(estimate: Estimate, trials: TrialEstimates, level: float) -> Prediction:
    """The pivot's interval, widened where needed to contain the row's."""
    low, high = pivot_interval(trials.estimate, trials.variance, level)
    return Prediction(estimate.term, min(low, estimate.ci_low), max(high, estimate.ci_high), None)
