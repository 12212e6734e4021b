"""More invented records: visits, imputation, the tree, prognosis, credibility, power, odds ratios."""

from __future__ import annotations

import math
from typing import Any

POST = "stpp_control.depression.post"
ENDS = {"": "estimate", "_low": "ci_low", "_high": "ci_high", "_pi_low": "pi_low", "_pi_high": "pi_high"}


def add_more(book: Any, names: list[str]) -> None:
    """Everything that the default plan and a plan with imputation leave beside the main records."""
    add_visits(book)
    add_imputation(book)
    add_tree(book)
    add_credibility(book)
    add_prognosis(book, names)
    add_registry_comparison(book)
    add_engines(book)
    add_odds(book)
    for name in names:
        for arm, n in (("active", 46), ("reference", 44)):
            book.count("stpp_control", "participants", study=name, arm=arm, n=n)


def add_visits(book: Any) -> None:
    """The model over visits: effects, trajectories, what it gains."""
    head = "stpp_control.depression.visits.longitudinal.one"
    for timepoint in ("post", "follow_up"):
        for stage in ("one", "two"):
            name = f"stpp_control.depression.{timepoint}.longitudinal.{stage}"
            book.estimate(name, n=801)
            book.count(name, "longitudinal_participants", n=801, of=763)
    book.joint(head, "treatment", "")
    for visit, week, mean in (("baseline", 0, 4.02), ("post", 16, 2.61), ("follow_up", 52, 2.48)):
        book.count(head, "trajectory_weeks", variable=visit, n=700, value=week)
        for arm, shift in (("active", -0.2), ("reference", 0.2)):
            at = mean + (shift if week else 0)
            for what, value in (("", at), ("_low", at - 0.15), ("_high", at + 0.15)):
                book.count(head, f"trajectory{what}", arm=arm, variable=visit, n=350 - week, value=value)


def add_imputation(book: Any) -> None:
    """Gaps, pooled estimates, shifts, diagnostics."""
    for stage in ("one", "two"):
        book.estimate(f"{POST}.imputed.{stage}", n=860)
        book.count(f"{POST}.imputed.{stage}", "fmi", variable="treatment", value=0.123)
        book.count(f"{POST}.imputed.{stage}", "mc_error", variable="treatment", value=0.0042)
    for active in (-0.5, 0.0, 0.5):
        for reference in (-0.5, 0.0, 0.5):
            if active or reference:
                name = f"{POST}.delta:{active:g}:{reference:g}.one"
                model = f"delta:{active:g}:{reference:g}"
                book.estimate(name, at=-0.2 + 0.4 * active - 0.4 * reference, model=model, stage="one")
                book.count(name, "delta", arm="active", value=active)
                book.count(name, "delta", arm="reference", value=reference)
    for method in ("jump_to_reference", "copy_increments"):
        book.estimate(f"{POST}.{method}.one", at=-0.4)
    for model in ("imputed", "two_level"):
        head = f"{POST}.{model}.one.severity"
        book.estimate(head, moderator="severity")
        book.estimate(head, "treatment:within:severity", "", "severity", at=-0.17, se=0.06)
    for variable, never in (("outcome", 0), ("age", 0), ("episode_duration_months", 172)):
        for arm, n in (("active", 41), ("reference", 4)):
            book.count(
                POST, "missing", arm=arm, variable=variable, level="sporadic", n=n, of=430 - never // 2
            )
        book.count(POST, "missing", variable=variable, level="systematic", n=never, of=860)
        book.count(POST, "missing_studies", variable=variable, level="systematic", n=never // 86, of=11)
    head = f"{POST}.imputed.one"
    for variable in ("outcome", "age"):
        for i in range(6):
            label = f"{i} to {i + 1}"
            book.count(head, "observed_share", variable=variable, level=label, value=0.1 + 0.02 * i)
            book.count(head, "imputed_share", variable=variable, level=label, value=0.2 - 0.01 * i)
        for kind, value in (("observed", 2.41), ("imputed", 2.63)):
            book.count(head, f"{kind}_mean", variable=variable, n=97, value=value)
    for sweep in range(1, 11):
        book.count(head, "trace", variable="outcome", level=str(sweep), value=2.6 + 0.01 * (sweep % 3))


def add_tree(book: Any) -> None:
    """A tree with two splits."""
    head = f"{POST}.tree.one"
    book.count(head, "warning", level="exploratory")
    book.count(head, "tree_split", variable="severity", level="all participants", n=700, value=4.6123)
    book.count(head, "tree_split", variable="chronicity", level="severity > 4.61", n=300)
    book.count(head, "tree_p", variable="severity", level="all participants", value=0.0021)
    book.count(head, "tree_p", variable="chronicity", level="severity > 4.61", value=0.0312)
    long = "severity > 4.61 & chronicity: "
    leaves = {
        "severity <= 4.61": (210, 190, -0.31),
        f"{long}2 years or more": (80, 75, -1.12),
        f"{long}1 to under 2 years, under 1 year": (70, 75, -0.66),
    }
    for path, (active, reference, at) in leaves.items():
        book.estimate(head, "treatment", path, at=at)
        book.count(head, "tree_node", arm="active", level=path, n=active, of=700)
        book.count(head, "tree_node", arm="reference", level=path, n=reference, of=700)
    book.count(head, "tree_stability", variable="severity", n=17, of=20, value=0.85)
    book.count(head, "tree_stability", variable="chronicity", n=6, of=20, value=0.3)
    book.count(head, "tree_dropped", n=63, of=763)


def add_credibility(book: Any) -> None:
    """ICEMAN's questions and the planned power of one moderator."""
    head = f"{POST}.primary.one.severity"
    for question in range(1, 9):
        answer = ("definitely yes", "probably no or unclear", "author")[question % 3]
        book.count(
            head, "iceman", variable=str(question), level=f"{answer}: the reason of question {question}"
        )
    term = "treatment:within:severity"
    book.count(head, "power", variable=term, level="0.2 per SD of the moderator", n=9, value=0.8187)


def add_prognosis(book: Any, names: list[str]) -> None:
    """Two predictors within the active arms."""
    for name in ("severity", "duration"):
        for stage in ("one", "two"):
            head = f"prognosis.depression.post.prognosis.{stage}.{name}"
            book.estimate(head, f"prognosis:{name}", "", name, at=0.42)
        book.count(head, "moderator_studies", n=len(names), of=len(names))
        book.count(head, "moderator_complete", n=377, of=381)


def add_registry_comparison(book: Any) -> None:
    """Trials with against trials without participant data."""
    for what, n, year in (("with_ipd", 11, 2010.3), ("without_ipd", 2, 2004.6)):
        book.count("cohort", what, variable="year", n=n, of=n, value=year)
        book.count("cohort", what, variable="rob_overall", level="high", n=n // 2, of=n, value=(n // 2) / n)


def add_engines(book: Any) -> None:
    """One engine stopped before the optimum and does not say so; one did not converge."""
    for engine, value in (("engine_ipdma", 1739.2141), ("statsmodels", 1757.67), ("lme4", 1739.2141)):
        book.count(f"{POST}.{engine}.one", "criterion", level="minus_two_reml_loglik", value=value)
    follow = "stpp_control.depression.follow_up.statsmodels.one"
    next(r for r in book.estimates if r["analysis_id"] == follow)["converged"] = False
    for what, value in {"ours": 0.12346, "ours_se": 0.04567, "ours_p": 0.0069}.items():
        book.count(f"{POST}.lme4.one", what, variable="treatment", level="normal", value=value)
    book.count(follow, "warning", level="statsmodels reports that it did not converge")


def add_odds(book: Any) -> None:
    """The exponentials of every treatment effect of the binary outcome."""
    known = {(c["analysis_id"], c["what"], c["study"], c["level"]) for c in book.counts}
    rows = [r for r in [*book.estimates, *book.study_estimates] if r["outcome"] == "response"]
    for row in (r for r in rows if r["term"] == "treatment"):
        for end, column in ENDS.items():
            place = {"study": row.get("study", ""), "level": row["level"]}
            key = (row["analysis_id"], f"odds_ratio{end}", place["study"], place["level"])
            if row.get(column) is not None and key not in known:
                book.count(key[0], key[1], variable="treatment", value=math.exp(row[column]), **place)
