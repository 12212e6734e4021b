"""What one rendering reads, and the plan's and registry's names as words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import pandas as pd

from ipdma.analysis.records import Ident
from ipdma.codebook import load_codebook
from ipdma.report import wording
from ipdma.report.records import Records, Row, as_text, first, select

CONDITIONS = {
    "stpp": "STPP",
    "antidepressant": "Antidepressants",
    "combined": "STPP + antidepressants",
    "antidepressant_supportive": "Antidepressants + support",
    "supportive": "Supportive therapy",
    "waitlist": "Waitlist",
    "tau": "Usual care",
    "placebo": "Placebo",
    "other_psychotherapy": "Other psychotherapy",
    "other": "Other",
}
TIMEPOINTS = {
    "post": "post-treatment",
    "follow_up": "follow-up",
    "interim": "interim",
    "baseline": "baseline",
}
STAMP = "SYNTHETIC data: invented participants, not a finding."
STANDARDISE = {
    "instrument_baseline_sd": "the pooled within-arm baseline SD of each instrument",
    "study_baseline_sd": "each study's pooled within-arm baseline SD",
    "instrument_post_sd": "the pooled within-arm outcome SD of each instrument",
    "study_post_sd": "each study's pooled within-arm outcome SD",
    "external": "external SDs named in the plan",
    "none": "nothing: raw points of the instrument",
}

FEW_QUESTIONS = 18
UNIT = re.compile(r"per (\S+) of (log )?(\w+)")


@lru_cache(maxsize=1)
def variables() -> Mapping[str, Any]:
    """The built-in codebook's variables."""
    return load_codebook().variables


def unit_words(column: str) -> str:
    """The unit of a codebook variable, or nothing."""
    return str(getattr(variables().get(column), "unit", "") or "")


def column_words(column: str) -> str:
    """The label of a codebook variable, or its name as words."""
    return str(getattr(variables().get(column), "label", "") or column.replace("_", " "))


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


@dataclass(frozen=True)
class Material:
    """The inputs of a rendering.

    Attributes
    ----------
    estimates, study_estimates, counts : DataFrame
        The record files (INTERFACE section 5).
    plan : mapping
        The plan with its defaults filled in.
    registry, aggregate : DataFrame or None
        `studies.tsv` and `aggregate.tsv`.
    notes : sequence of str
        Lines about what could not be done.
    synthetic : bool
        True when the participants are invented: every figure and the page then say so.
    versions : mapping of str to str
        Names and values to print under "versions and digests".
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
    synthetic: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    folders: Sequence[str] = ("validation/",)

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
    def primary(self) -> str:
        """The plan's primary model."""
        return str(self.plan.get("primary_model", "primary"))

    @property
    def level(self) -> str:
        """The confidence level as it is printed, `95%`."""
        return f"{float(self.plan.get('level') or 0.95) * 100:g}%"

    @property
    def least(self) -> int:
        """The smallest count that a table prints."""
        return int(self.plan.get("minimum_cell") or 0)

    @property
    def stamp(self) -> str:
        """The line at the foot of every figure: the plan's own, else that of synthetic data."""
        return str(self.plan.get("footer") or "") or (STAMP if self.synthetic else "")

    def label(self, group: str, name: str) -> str:
        """The label that the plan gives an entry of `outcomes`, `moderators`, `models`, `sensitivity`...,
        or nothing."""
        entry = (self.plan.get(group) or {}).get(name)
        return str(entry.get("label") or "") if isinstance(entry, Mapping) else ""

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

    def is_main(self, outcome: str) -> bool:
        """Whether an outcome is response, remission, or a score by one kind of rater."""
        entry = self.plan.get("outcomes", {}).get(outcome) or {}
        if self.is_binary(outcome):
            return str(entry.get("measure") or outcome) in {"response", "remission"}
        return bool(entry.get("rating"))

    @cached_property
    def citations(self) -> dict[str, dict[str, str]]:
        """The registry's row of each study, as text."""
        if self.registry is None:
            return {}
        rows = self.registry.to_dict("records")
        return {as_text(r.get("study")): {str(k): as_text(v) for k, v in r.items()} for r in rows}

    def in_order(self, studies: Iterable[str]) -> list[str]:
        """Studies by year, then name: the order of every figure."""
        return sorted(studies, key=lambda s: (self.registry_text(s, "year"), s))

    def variable(self, column: str) -> str:
        """A variable's label with its unit."""
        unit = unit_words(column)
        return f"{wording.heading(column_words(column))}{f', {unit}' if unit else ''}"

    def study(self, name: str) -> str:
        """How a study is called in print: its citation where the registry has one, else its id."""
        return self.citations.get(name, {}).get("citation") or name

    def registry_text(self, study: str, column: str) -> str:
        """One cell of the registry, or an empty string."""
        return self.citations.get(study, {}).get(column, "")

    def contrast(self, name: str) -> str:
        """A contrast's label."""
        return str(self.plan.get("contrasts", {}).get(name, {}).get("label") or wording.heading(name))

    def sides(self, name: str) -> tuple[str, str]:
        """What the active and the reference side of a contrast are called."""
        entry = self.plan.get("contrasts", {}).get(name, {})
        words = split_label(self.contrast(name))
        active = words[0] or " / ".join(condition(c) for c in entry.get("active", [])) or "Active"
        reference = words[1] or " / ".join(condition(c) for c in entry.get("reference", [])) or "Reference"
        return active, reference

    def standardise(self, outcome: str) -> str:
        """The plan's word for how an outcome is standardised."""
        entry = self.plan.get("outcomes", {}).get(outcome) or {}
        return str(entry.get("standardise") or self.plan.get("standardise") or "")

    def good(self, outcome: str) -> bool:
        """Whether a higher value is good: response and remission are, dropout and deterioration are not."""
        entry = self.plan.get("outcomes", {}).get(outcome) or {}
        measure = str(entry.get("measure") or outcome)
        if entry.get("event"):
            return str(entry["event"]) == "good"
        return self.is_binary(outcome) and measure not in {"dropout", "reliable_deterioration"}

    def is_binary(self, outcome: str) -> bool:
        """True for a 0/1 outcome, whose rows are log odds ratios."""
        return self.plan.get("outcomes", {}).get(outcome, {}).get("family") == "binomial"

    def directions(self, contrast: str, outcome: str) -> tuple[str, str]:
        """What an effect left and right of no effect favours; for events, by whether they are good."""
        active, reference = (in_sentence(side) for side in self.sides(contrast))
        entry = self.plan.get("contrasts", {}).get(contrast, {})
        negative_active = entry.get("negative_favours", "active") == "active"
        if self.is_binary(outcome):
            negative_active = not self.good(outcome)
        pair = (active, reference) if negative_active else (reference, active)
        return f"Favours {pair[0]}", f"Favours {pair[1]}"

    def sign_note(self, contrast: str, outcome: str) -> str:
        """The sign convention as a sentence."""
        left, right = self.directions(contrast, outcome)
        if self.is_binary(outcome):
            return (
                f"An odds ratio below one, a negative log odds ratio, {in_sentence(left)}; one above it "
                f"{in_sentence(right)}."
            )
        return f"A negative effect {in_sentence(left)}; a positive one {in_sentence(right)}."

    def moderator(self, name: str) -> str:
        """A moderator's name as words."""
        return self.label("moderators", name) or wording.heading(name)

    def outcome(self, name: str) -> str:
        """An outcome's name as words inside a sentence."""
        return in_sentence(self.label("outcomes", name) or name.replace("_", " "))

    def timepoint(self, name: str) -> str:
        """A time point's name as words."""
        return in_sentence(self.label("time_points", name)) or TIMEPOINTS.get(name, name.replace("_", " "))

    def title(self, analysis: Analysis) -> str:
        """`STPP against control: depression, post-treatment`."""
        question = f"{self.outcome(analysis.outcome)}, {self.timepoint(analysis.timepoint)}"
        return f"{self.contrast(analysis.contrast)}: {question}"

    def shown_moderators(self, analysis: Analysis) -> list[str]:
        """Moderators with figures of their own: the declared ones at the plan's first time point.

        Exploratory ones keep to the table and the overview, except those on a scale, whose curve is drawn.
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
            one = number == "1" and self.plan.get("standardise") != "none"
            return "per SD of the instrument" if one else f"per {number} of baseline"
        unit = unit_words(column)
        size = "log " if log else "" if number == "1" and unit else f"{number} "
        return f"per {size}{unit or column.replace('_', ' ')}"

    def axis_of(self, name: str) -> str:
        """A moderator's name and unit along an axis."""
        entry = self.plan["moderators"].get(name) or {}
        column = str(entry.get("column"))
        if column == "baseline":
            raw = self.plan.get("standardise") == "none"
            return f"{self.moderator(name)}{'' if raw else ' (SD of the instrument)'}"
        log = "log " if entry.get("transform") == "log" else ""
        unit = unit_words(column)
        return f"{wording.heading(column_words(column))}{f' ({log}{unit})' if unit else ''}"

    def headline(self, analysis: Analysis, stage: str, model: str | None = None) -> Row | None:
        """The treatment effect of a model and stage."""
        rows = self.records.of("estimates", analysis.ident(model or self.primary, stage))
        return first(rows, term="treatment", moderator="")

    def count(self, which: str | Ident, what: str, **wanted: str) -> Row | None:
        """The first row of counts of that kind, the whole (not a study's or arm's) unless asked."""
        asked: dict[str, Any] = {"study": "", "arm": "", **wanted}
        return first(self.records.of("counts", which), what=what, **asked)

    def counts_of(self, which: str | Ident, what: str, **wanted: str) -> list[Row]:
        """All rows of counts of that kind."""
        return list(select(self.records.of("counts", which), what=what, **wanted))


def condition(name: str) -> str:
    """A condition's label."""
    return CONDITIONS.get(name, wording.heading(name))


def split_label(label: str) -> tuple[str, str]:
    """The two sides that a label names, or two empty strings."""
    for word in (" against ", " versus ", " vs. ", " vs ", " v "):
        left, found, right = label.partition(word)
        if found and left.strip() and right.strip():
            return left.strip(), right.strip()
    return "", ""


def in_sentence(text: str) -> str:
    """A phrase as it stands inside a sentence: its first letter small, unless it is an abbreviation."""
    head = text.split(" ", 1)[0]
    return text if sum(letter.isupper() for letter in head) > 1 else text[:1].lower() + text[1:]
