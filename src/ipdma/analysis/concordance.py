"""One stage against two: the same question answered twice, and why the answers may differ (Burke 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ipdma.analysis.records import Ident, Ledger
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.model.term import OWN_EFFECTS, TREATMENT

TOLERANCE = 0.1  # of the one-stage standard error; matched pairs alone face it
MATCHED = {"residual": "by_study", "covariate_slopes": "stratified", "intercept": "stratified"}
WORDS = {
    "residual": "residual variance {} against by study",
    "covariate_slopes": "covariate slopes {} against stratified",
    "intercept": "intercept {} against stratified",
}


def differences(spec: ModelSpec) -> list[str]:
    """What keeps a one-stage model from being the twin of its two-stage fit; empty when matched."""
    found = []
    for key, wanted in MATCHED.items():
        value = getattr(spec, key)
        if key == "residual" and spec.family == "binomial":
            continue
        if key == "covariate_slopes" and not spec.covariates:
            continue
        if value != wanted:
            found.append(WORDS[key].format(value.replace("_", " ")))
    if spec.moderator_slopes != "stratified":
        found.append("moderator slopes common against stratified")
    if len(spec.levels or ()) > 2:
        found.append("levels pooled one at a time against together")
    if spec.interaction != "within":
        found.append("naive interaction against within-trial")
    if spec.pool.tau2 not in (None, "reml") or spec.estimator == "ml":
        found.append("estimator of the variance between studies")
    if spec.pool.ci == "equal_weights":
        found.append("trials weighed by the model against each the same")
    if spec.family == "binomial":
        found.append("binomial likelihood against a normal approximation in each study")
    return found


def matched(spec: ModelSpec, pool: PoolSpec) -> ModelSpec:
    """A model changed so that its two stages are twins; `pool` is the plan's own second stage."""
    return spec.replace(
        **MATCHED,
        moderator_slopes="stratified",
        interaction="within",
        estimator=None,
        df="nst" if pool.ci == "nst" else None,
        random_correlation=True,
        pool=replace(pool, level=spec.level),
    )


def write_concordance(
    ledger: Ledger, ident: Ident, one: Fit, two: Fit, unmatched: list[str], explanations: Mapping[str, str]
) -> None:
    """Write (one - two) / SE, the SE of one stage, for every treatment term that both stages have.

    A matched pair that is further apart than `TOLERANCE` is flagged: the plan must explain it.

    Parameters
    ----------
    unmatched : list of str
        As `differences` gives them; empty for a matched pair.
    explanations : mapping of str to str
        The plan's words, by the id of the one-stage fit.
    """
    verdict = "matched" if not unmatched else "unmatched: " + "; ".join(unmatched)
    second = {e.term: e for e in two.estimates}
    for estimate in one.estimates:
        twin = second.get(estimate.term)
        if twin is None or estimate.term.kind not in OWN_EFFECTS:
            continue
        if estimate.term == TREATMENT and any(e.term.kind == "within" for e in one.estimates):
            continue  # with a moderator the two stages mean different averages by `treatment`
        gap = (estimate.estimate - twin.estimate) / estimate.std_error
        ledger.count(ident, "concordance", variable=estimate.term, level=verdict, value=float(gap))
        if not unmatched and abs(gap) > TOLERANCE:
            reason = explanations.get(ident.analysis_id, "")
            ledger.count(
                ident, "concordance_flag", variable=estimate.term, level=reason, n=1, value=float(gap)
            )
            if not reason:
                ledger.note(ident, "warning", explain_this(estimate.term, gap))


def explain_this(term: str, gap: float) -> str:
    """The sentence that asks the plan for an explanation."""
    return (
        f"{term}: one stage and two stages, matched, differ by {gap:+.2f} standard errors, "
        f"more than {TOLERANCE}; "
        "record an explanation under `explanations` in the plan"
    )
