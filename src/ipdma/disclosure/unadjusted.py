"""Analyses of events that adjust for nothing: their results are functions of the trials' four numbers alone,
so that a result over few trials gives withheld events back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipdma.analysis.records import Ident
from ipdma.disclosure.bounds import ENOUGH
from ipdma.disclosure.cells import Row

FROM_EVENTS = ("mantel_haenszel", "peto", "rr", "rd")  # from events by arm, whatever the model adjusts for
OF_TRIALS = ("subgroup", "risk_of_bias", "rob_covariate")  # their moderator is an item of the trial
LEAVE_OUT = "leave_out"
AT_VALUES = ("at", "naive_at", "curve", "naive_curve")  # what a fit says at values of its moderator
WITHOUT = "without "


class Unadjusted:
    """Which fits adjust for nothing, and which trials are in them.

    Parameters
    ----------
    plan : mapping
        With its defaults filled in.
    counts, trials : iterable of mapping
        Rows of `counts.csv` and `study_estimates.csv`.
    """

    def __init__(self, plan: Mapping[str, Any], counts: Iterable[Row], trials: Iterable[Row]) -> None:
        self.primary = plan["primary_model"]
        self.adjusts = adjusting(plan)
        self.from_events = {name for name, pool in pooling(plan).items() if pool}
        self.choices = {
            (row["analysis_id"], row["variable"]): row["level"] for row in counts if row["what"] == "choice"
        }
        self.inside: dict[tuple[str, str], set[str]] = {}
        for row in trials:
            self.inside.setdefault((row["analysis_id"], row["level"]), set()).add(row["study"])

    def is_unadjusted(self, ident: Ident) -> bool:
        """Whether a fit takes nothing of a participant but trial, arm and outcome (and its moderator)."""
        chosen = self.choices.get((str(ident), "covariates"))
        if chosen is not None:
            return chosen == "none"
        name = ident.model.removeprefix("imputed:") if ident.model not in self.adjusts else ident.model
        name = name if name in self.adjusts else self.primary
        return not self.adjusts[name] or (ident.stage == "two" and name in self.from_events)

    def trials(self, ident: Ident, row: Row, everyone: set[str]) -> set[str] | None:
        """The trials behind a pooled row; None where the records do not tell.

        Parameters
        ----------
        ident : Ident
            Its analysis id.
        row : mapping
            Its row of `estimates.csv`.
        everyone : set of str
            The trials of its question.
        """
        if ident.model.startswith(f"{LEAVE_OUT}:"):
            return everyone - {ident.model.partition(":")[2]}
        whole = ident.but(variant="") if ident.variant in AT_VALUES else ident
        found = self.inside.get((str(whole), row["level"]))
        if found is not None:
            return found
        left = self.choices.get((str(ident), "studies"), "")
        if left.startswith(WITHOUT):
            return everyone - {left.removeprefix(WITHOUT)}
        complete = str(row["k"]).split(".")[0] == str(len(everyone))
        return everyone if complete and ident.model not in OF_TRIALS else None


def given_back(inside: set[str] | None, hidden: set[str]) -> set[str]:
    """Withheld trials that a result over some trials gives back, beside the one over all: one or two.

    All of them where it is not known which trials the result is over (`inside` is None).
    """
    if inside is None:
        return hidden
    parts = (hidden & inside, hidden - inside)
    return {study for part in parts if len(part) < ENOUGH for study in part}


def adjusting(plan: Mapping[str, Any]) -> dict[str, bool]:
    """By the name of a model or of a sensitivity analysis: whether it adjusts for anything."""
    found = {name: bool((keys or {}).get("covariates")) for name, keys in plan["models"].items()}
    primary = found[plan["primary_model"]]
    for name, keys in (plan.get("sensitivity") or {}).items():
        own = {**((keys or {}).get("model") or {}), **(keys or {})} if isinstance(keys, Mapping) else {}
        found[name] = bool(own["covariates"]) if "covariates" in own else primary
    return found


def pooling(plan: Mapping[str, Any]) -> dict[str, str]:
    """Which word of FROM_EVENTS a model or sensitivity analysis has for its second stage, or none."""

    def method(keys: Any) -> str:
        pool = (keys or {}).get("pool") or {}
        return next((str(pool[key]) for key in ("method", "measure") if pool.get(key) in FROM_EVENTS), "")

    own = method(plan)
    found = {name: method(keys) or own for name, keys in plan["models"].items()}
    primary = found[plan["primary_model"]]
    for name, keys in (plan.get("sensitivity") or {}).items():
        held = keys if isinstance(keys, Mapping) else {}
        found[name] = method(held.get("model")) or method(held) or primary
    return found
