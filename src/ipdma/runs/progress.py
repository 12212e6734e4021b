"""A run in few words: a line when a stage has ended, with the time since the start and what is left."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

STAGES = {
    "plan": "plan written out",
    "harmonise": "trials checked and harmonised",
    "cohort": "contrasts' rows chosen",
    "integrity": "data judged for integrity",
    "impute_shard": "shares of the imputation made",
    "fit_shard": "shares of the models fitted",
    "impute": "gaps imputed and completed data fitted",
    "fit": "contrasts' models fitted",
    "records": "record files gathered",
    "report": "tables, figures and page drawn, and searched for persons",
    "share": "bundles made and attacked",
    "manifest": "every file listed with its digest",
}
SAID = ("Nothing to be done",)  # of Snakemake's plain messages


class Progress:
    """What is said of each event of Snakemake's log.

    Parameters
    ----------
    clock : callable
        Seconds; read at the start and at each line.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.start = clock()
        self.planned: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.rule_of: dict[int, str] = {}

    def words(self, event: Mapping[str, Any], full: str) -> str:
        """The line for one event, empty where nothing is said; `full` is what Snakemake would say."""
        kind = event.get("event")
        if kind is None:
            plain = str(event.get("msg") or "")
            loud = event.get("levelno", logging.INFO) >= logging.WARNING
            return full if loud or plain.startswith(SAID) else ""
        listener = getattr(self, f"on_{kind}", None)
        return listener(event) if listener else full if str(kind).endswith("error") else ""

    def on_run_info(self, event: Mapping[str, Any]) -> str:
        """How many jobs of which rule there are."""
        counts = {**event.get("stats", {})}
        self.planned = Counter({rule: int(count) for rule, count in counts.items() if rule in STAGES})
        return ""

    def on_job_info(self, event: Mapping[str, Any]) -> str:
        """Which rule a job belongs to."""
        self.rule_of[int(event["jobid"])] = str(event["rule_name"])
        return ""

    def on_job_finished(self, event: Mapping[str, Any]) -> str:
        """A line when it was the last of its rule."""
        rule = self.rule_of.get(int(event["job_id"]), "")
        self.done[rule] += 1
        if rule not in STAGES or self.done[rule] < self.planned[rule]:
            return ""
        minutes, seconds = divmod(round(self.clock() - self.start), 60)
        counted = f" ({self.done[rule]})" if self.done[rule] > 1 else ""
        left = [name for name in STAGES if self.done[name] < self.planned[name]]
        rest = f"still to come: {', '.join(left)}" if left else "nothing left"
        return f"{minutes:3}:{seconds:02}  {STAGES[rule]}{counted}; {rest}"
