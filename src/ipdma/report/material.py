"""What one rendering reads: the records selected by question, and the plan's words for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from ipdma.analysis.records import Ident
from ipdma.report.records import Records, Row, first, select
from ipdma.report.words import Words, in_sentence, unit_words

FEW_QUESTIONS = 18
UNIT = re.compile(r"per (\S+) of (log )?(\w+)")


@dataclass(frozen=True)
class Analysis:
    """The part of an analysis id that says which question: contrast, outcome, time point."""

    contrast: str
    outcome: str
    timepoint: str

    def ident(self, model: str = "", stage: str = "", moderator: str = "", variant: str = "") -> Ident:
        """The name of one of its fits, as the records have it."""
        return Ident(self.contrast, self.outcome, self.timepoint, model, stage, moderator, variant)

    @property
    def id(self) -> str:
        """`contrast.outcome.timepoint`."""
        return str(self.ident())


MEASURES = {"rr": "log risk ratio", "rd": "risk difference"}


@dataclass(frozen=True)
class Material(Words):
    """The inputs of a rendering.

    Attributes
    ----------
    estimates, study_estimates, counts : DataFrame
        The record files (docs/interface/results.md).
    plan : mapping
        The plan with its defaults filled in.
    registry, aggregate : DataFrame or None
        `studies.tsv` and `aggregate.tsv`.
    notes : sequence of str
        Lines about what could not be done.
    synthetic : bool or str
        True when the participants are invented, `site.study_file.TWIN` for the twin of real ones: every
        figure and the page then say so.
    versions : mapping of str to str
        Names and values to print under "versions and digests".
    exposed : int
        How many withheld numbers can be worked out of the record files all the same.
    folders : sequence of str
        Folders of the results that others write (`validation/`, `integrity/`), for the checklist.
    """

    estimates: pd.DataFrame
    study_estimates: pd.DataFrame
    counts: pd.DataFrame
    plan: Mapping[str, Any]
    registry: pd.DataFrame | None = None
    aggregate: pd.DataFrame | None = None
    notes: Sequence[str] = ()
    synthetic: bool | str = False
    versions: Mapping[str, str] = field(default_factory=dict)
    folders: Sequence[str] = ("validation/",)
    exposed: int = 0

    @cached_property
    def records(self) -> Records:
        """The record files as rows."""
        return Records.from_tables(self.estimates, self.study_estimates, self.counts)

    @cached_property
    def analyses(self) -> list[Analysis]:
        """Contrast, outcome and time point of every headline, in the plan's order."""
        seen = {(r.text("contrast"), r.text("outcome"), r.text("timepoint")) for r in self.records.estimates}
        plan = self.plan
        return [
            Analysis(c, o, t)
            for c in plan.get("contrasts", {})
            for o in plan.get("outcomes", {})
            for t in plan.get("time_points", {})
            if (c, o, t) in seen
        ]

    @property
    def detailed(self) -> list[Analysis]:
        """The questions that get every figure: those of the plan's first outcome."""
        first_outcome = next(iter(self.plan.get("outcomes", {})), None)
        return [a for a in self.analyses if a.outcome == first_outcome]

    @cached_property
    def forested(self) -> list[Analysis]:
        """The questions that get a forest plot: all of a small plan; of a large one the main ones.

        Main are the first outcome, response, remission and the depression score by one kind of rater; the
        others stand in the efficacy table.
        """
        if len(self.analyses) <= FEW_QUESTIONS:
            return self.analyses
        first_outcome = next(iter(self.plan.get("outcomes", {})), None)
        return [a for a in self.analyses if a.outcome == first_outcome or self.is_main(a.outcome)]

    @cached_property
    def found(self) -> dict[str, list[Analysis]]:
        """The results of the summary of findings by contrast, as the plan names them, at most seven each."""
        named = (self.plan.get("certainty") or {}).get("outcomes")
        whole: dict[str, list[Analysis]] = {a.contrast: [] for a in self.analyses}
        for analysis in self.analyses:
            names = {f"{analysis.outcome}.{analysis.timepoint}"}
            if analysis.timepoint == self.first_timepoint(analysis.outcome):
                names.add(analysis.outcome)
            if names & set(named) if named else analysis in self.detailed or self.is_event(analysis.outcome):
                whole[analysis.contrast].append(analysis)
        order = {name: place for place, name in enumerate(named or [])}

        def place(a: Analysis) -> int:
            return order.get(f"{a.outcome}.{a.timepoint}", order.get(a.outcome, 0))

        return {contrast: sorted(rows, key=place)[:7] for contrast, rows in whole.items()}

    def first_timepoint(self, outcome: str) -> str:
        """The first time point of the plan at which an outcome was analysed."""
        return next((a.timepoint for a in self.analyses if a.outcome == outcome), "")

    def is_event(self, outcome: str, measures: Sequence[str] = ("response", "remission")) -> bool:
        """Whether an outcome is one of these measures."""
        entry = self.plan.get("outcomes", {}).get(outcome) or {}
        return self.is_binary(outcome) and str(entry.get("measure") or outcome) in measures

    def is_main(self, outcome: str) -> bool:
        """Whether an outcome is response, remission, or a score by one kind of rater."""
        entry = self.plan.get("outcomes", {}).get(outcome) or {}
        return self.is_event(outcome) if self.is_binary(outcome) else bool(entry.get("rating"))

    def title(self, analysis: Analysis) -> str:
        """`STPP against control: depression, post-treatment`."""
        question = f"{self.outcome(analysis.outcome)}, {self.timepoint(analysis.timepoint)}"
        return f"{self.contrast(analysis.contrast)}: {question}"

    def shown_moderators(self, analysis: Analysis) -> list[str]:
        """Moderators with figures of their own: the declared ones, at the first time point of the plan's
        first outcome.

        Exploratory ones keep to the table and the overview.
        """
        if not self.detailed or analysis.timepoint != self.detailed[0].timepoint:
            return []
        return [
            n for n, entry in self.plan.get("moderators", {}).items() if not (entry or {}).get("exploratory")
        ]

    @cached_property
    def by_model(self) -> dict[tuple[str, str, str, str], list[Row]]:
        """Estimates by contrast, outcome, time point and the part of the model's name before a colon."""
        found: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in self.records.estimates:
            question = (row.text("contrast"), row.text("outcome"), row.text("timepoint"))
            found.setdefault((*question, row.text("model").partition(":")[0]), []).append(row)
        return found

    @cached_property
    def not_run(self) -> list[Row]:
        """Analyses that could not be made."""
        return self.records.counts_like("not_run")

    def rows_of(self, analysis: Analysis, model: str) -> list[Row]:
        """Estimates of a question by one model, or by all models `NAME:...` of that name."""
        return self.by_model.get((analysis.contrast, analysis.outcome, analysis.timepoint, model), [])

    def unit(self, head: Ident, name: str) -> str:
        """Per what a moderator's interaction is, in words: `per 10 years`."""
        row = self.count(head, "moderator_unit")
        found = UNIT.fullmatch(row.text("level")) if row is not None else None
        if found is None:
            return row.text("level") if row is not None else ""
        number, log, column = found.groups()
        if column == "baseline":
            one = number == "1" and self.standardise(head.outcome) != "none"
            return "per SD of the instrument" if one else f"per {number} of baseline"
        unit = unit_words(column)
        if number == "1" and unit and not log:
            return f"per {unit.removesuffix('s')}"
        size = "log " if log else f"{number} "
        return f"per {size}{unit or column.replace('_', ' ')}"

    def standing(self, head: Ident, name: str) -> str:
        """Why a moderator stands apart from the declared family, in words; empty for a member."""
        form = self.count(head, "another_form")
        if form is not None:
            return f"another form of {in_sentence(self.moderator(form.text('level')))}"
        declared = self.count(head, "exploratory") is None
        entry = self.plan.get("moderators", {}).get(name) or {}
        return "" if declared and not entry.get("exploratory") else "exploratory"

    def measure(self, which: str | Ident) -> str:
        """What a fit of events pools where it is no log odds ratio: `log risk ratio`, `risk difference`."""
        row = self.count(which, "measure")
        return MEASURES[row.text("level")] if row is not None else ""

    def headline(self, analysis: Analysis, stage: str, model: str | None = None) -> Row | None:
        """The treatment effect of a stage (`one`, `two`) and a model, the primary one unless named; None
        where it was not fitted."""
        rows = self.records.of("estimates", analysis.ident(model or self.primary, stage))
        return first(rows, term="treatment", moderator="")

    def points_per_sd(self, analysis: Analysis) -> float | None:
        """Points of the plan's `absolute` instrument to a standard deviation, where the run told an effect in
        them."""
        row = self.count(analysis.ident(self.primary, "one"), "hamd_sd")
        return None if row is None else row.number("value")

    def count(self, which: str | Ident, what: str, **wanted: str) -> Row | None:
        """The first row of counts of that kind, the whole (not a study's or arm's) unless asked."""
        asked: dict[str, Any] = {"study": "", "arm": "", **wanted}
        return first(self.records.counts_of(which, what), **asked)

    def counts_of_arms(self, which: str | Ident, what: str) -> list[Row]:
        """All rows of counts of that kind, each of an arm of all trials."""
        return [row for row in self.counts_of(which, what, study="") if row.text("arm")]

    def counts_of(self, which: str | Ident, what: str, **wanted: str) -> list[Row]:
        """All rows of counts of that kind."""
        return list(select(self.records.counts_of(which, what), **wanted))
