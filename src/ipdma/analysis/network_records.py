"""The rows that a network leaves in the records: `level` is the comparison, as `stpp v tau`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipdma.analysis.fitting import number, widened, write_variances_of
from ipdma.analysis.records import Ident, Ledger
from ipdma.model.network import Comparison, Inconsistency, NetworkFit, NetworkPool, Split
from ipdma.model.records import Estimate, JointTest
from ipdma.model.term import TREATMENT, Term

NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def comparison_of(active: str, reference: str) -> str:
    """A comparison as `level` has it."""
    return f"{active} v {reference}"


def estimate_of(ident: Ident, term: Term, level: str, estimate: Estimate, **more: Any) -> dict[str, Any]:
    """One row of estimates.csv."""
    numbers = {name: number(getattr(estimate, name)) for name in NUMBERS}
    return {**ident.columns, "term": term, "level": level, **numbers, **more}


def about(fit: NetworkFit) -> dict[str, Any]:
    """What every row of a one-stage fit carries."""
    return {
        "n": fit.n_rows,
        "df_method": fit.method.name,
        "converged": fit.converged,
        "singular": fit.singular,
    }


def comparison_row(ident: Ident, one: Comparison, tau2: float | None, more: dict[str, Any]) -> dict[str, Any]:
    """The row of one comparison; its `k` are the trials that make it directly."""
    pi = widened(one.prediction, one.estimate.ci_low, one.estimate.ci_high)
    level = comparison_of(one.active, one.reference)
    return estimate_of(ident, TREATMENT, level, one.estimate, tau2=tau2, k=one.k, **pi, **more)


def write_fit(ledger: Ledger, ident: Ident, fit: NetworkFit) -> None:
    """Write every comparison of a one-stage network, its variances and warnings."""
    ledger.estimates += [comparison_row(ident, c, fit.tau2, about(fit)) for c in fit.comparisons]
    for end, value in zip(("tau2_low", "tau2_high"), fit.tau2_interval() or (), strict=False):
        ledger.count(ident, end, variable=TREATMENT, value=number(value))
    write_variances_of(ledger, ident, {"treatment": fit.tau2}, fit.variance.residual_by_study or {})
    ledger.count(ident, "criterion", level="minus_two_reml_loglik", value=number(fit.criterion))
    for warning in fit.warnings:
        ledger.note(ident, "warning", warning)


def write_interactions(ledger: Ledger, ident: Ident, fit: NetworkFit) -> None:
    """Write the within-trial interaction of every comparison, and the joint test of several levels."""
    more = about(fit)
    for warning in fit.warnings:
        ledger.note(ident, "warning", warning)
    for level, found in fit.interactions().items():
        for pair, estimate in found.items():
            term = Term("within", ident.moderator, level)
            row = estimate_of(ident, term, comparison_of(*pair), estimate, k=direct(fit, pair), **more)
            ledger.estimates.append(row)
    if fit.prepared.design.spec.moderator_type != "categorical":
        return
    for pair, test in fit.interaction_tests().items():
        own = {"k": direct(fit, pair), **more}
        write_test(ledger, ident, Term("within", ident.moderator), comparison_of(*pair), test, own)


def direct(fit: NetworkFit, pair: tuple[str, str]) -> int:
    """Trials that make a comparison directly."""
    return len(fit.network.direct(*pair))


def write_test(
    ledger: Ledger, ident: Ident, term: Term, level: str, test: JointTest, more: dict[str, Any]
) -> None:
    """Write a joint test and its numerator df."""
    numbers = {"df": number(test.df_den), "statistic": number(test.f), "p_value": number(test.p_value)}
    ledger.estimates.append({**ident.columns, "term": term, "level": level, **numbers, **more})
    ledger.count(ident, "df_num", variable=term, level=level, value=test.df_num)


def write_inconsistency(ledger: Ledger, ident: Ident, found: Inconsistency, method: str, k: int) -> None:
    """Write the test of the design-by-treatment interaction, and what its fit warns of."""
    more = {"k": k, "df_method": method, "converged": found.converged, "singular": found.singular}
    write_test(ledger, ident, TREATMENT, "", found.test, more)
    for warning in found.warnings:
        ledger.note(ident, "warning", warning)


def write_split(ledger: Ledger, ident: Ident, split: Split, fit: NetworkFit) -> None:
    """Write direct and indirect evidence on a comparison, and their difference."""
    level, k = comparison_of(split.active, split.reference), direct(fit, (split.active, split.reference))
    more = {**about(split.fit), "n": None}  # those of the network
    for warning in split.fit.warnings:
        ledger.note(ident.but(variant="direct"), "warning", f"{level}: {warning}")
    for variant in ("direct", "indirect", "difference"):
        own = ident.but(variant=variant)
        ledger.estimates.append(estimate_of(own, TREATMENT, level, getattr(split, variant), k=k, **more))


def write_pool(ledger: Ledger, ident: Ident, pool: NetworkPool, n: int) -> None:
    """Write every comparison of a network in two stages, its heterogeneity and its trials."""
    singular = pool.tau2 == 0 and pool.network.residual_df > 0 and not pool.common
    more = {"n": n, "df_method": pool.df_method, "converged": True, "singular": singular}
    tau2 = None if pool.common else pool.tau2
    ledger.estimates += [comparison_row(ident, c, tau2, more) for c in pool.comparisons]
    for what, value in zip(("q", "q_df", "q_p"), pool.q, strict=True):
        ledger.count(ident, what, variable=TREATMENT, value=number(value))
    for own in pool.studies:
        errors = np.sqrt(np.diag(own.covariance))
        for node, value, error in zip(own.nodes[1:], own.estimate, errors, strict=True):
            ledger.study_estimates.append(
                {
                    **ident.columns,
                    "study": own.study,
                    "estimate": float(value),
                    "std_error": float(error),
                    "source": own.source,
                    "term": TREATMENT,
                    "level": comparison_of(node, own.nodes[0]),
                }
            )
