"""One stage against two: the same question answered twice.

And what differs where the answers do (Burke 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipdma.analysis.records import Ident, Ledger
from ipdma.model.records import Fit

TOLERANCE = 0.1  # of the one-stage standard error; matched pairs alone face it
MATCHED = {"residual": "by_study", "covariate_slopes": "stratified", "intercept": "stratified"}
DEFAULTS = {"residual": "common", "covariate_slopes": "stratified", "intercept": "stratified"}
WORDS = {
    "residual": "residual variance {} against by study",
    "covariate_slopes": "covariate slopes {} against stratified",
    "intercept": "intercept {} against stratified",
}


def differences(keys: Mapping[str, Any], family: str, pool: Mapping[str, Any]) -> list[str]:
    """What keeps the one-stage model of `keys` from being the twin of its two-stage fit.

    Empty when matched.
    """
    found = []
    for key, wanted in MATCHED.items():
        value = keys.get(key, DEFAULTS[key])
        if key == "residual" and family == "binomial":
            continue
        if key == "covariate_slopes" and not keys.get("covariates"):
            continue
        if value != wanted:
            found.append(WORDS[key].format(value.replace("_", " ")))
    if keys.get("moderator_slopes", "stratified") != "stratified":
        found.append("moderator slopes common against stratified")
    if len(keys.get("levels") or ()) > 2:
        found.append("levels pooled one at a time against together")
    if keys.get("interaction", "within") != "within":
        found.append("naive interaction against within-trial")
    tau2 = {**pool, **(keys.get("pool") or {})}.get("tau2")
    if tau2 not in (None, "reml") or keys.get("estimator") == "ml":
        found.append("estimator of the variance between studies")
    if family == "binomial":
        found.append("binomial likelihood against a normal approximation in each study")
    return found


def matched_keys(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a model changed so that its two stages are twins."""
    changed = {k: v for k, v in keys.items() if k not in ("estimator", "df", "pool", "random_correlation")}
    return {**changed, **MATCHED, "moderator_slopes": "stratified", "interaction": "within"}


def write_concordance(
    ledger: Ledger, ident: Ident, one: Fit, two: Fit, unmatched: list[str], explanations: Mapping[str, str]
) -> None:
    """Write (one - two) / SE for every treatment term that both stages have.

    Flagged where the plan must explain.
    """
    verdict = "matched" if not unmatched else "unmatched: " + "; ".join(unmatched)
    second = {e.term: e for e in two.estimates}
    for estimate in one.estimates:
        twin = second.get(estimate.term)
        if twin is None or not estimate.term.startswith("treatment") or ":across:" in estimate.term:
            continue
        if estimate.term == "treatment" and any(
            e.term.startswith("treatment:within:") for e in one.estimates
        ):
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
