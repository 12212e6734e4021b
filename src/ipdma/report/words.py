"""The plan's and the registry's names as words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.plan import is_good_event
from ipdma.report import wording
from ipdma.report.records import as_text
from ipdma.site.study_file import TWIN

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
NAME = r"[^\W\d_][\w'\u2019-]*"
PARTICLES = r"(?:(?:[Dd]e[nr]?|[Vv]an|[Vv]on|[Ll][ae]|[Dd][aiu]|[Dd]el|[Tt]e[rn]|[Aa]l|[Ee]l)\s)*"
INITIALS = r"(?:[A-Z]{1,3}|(?:[A-Z]\.?[ -]?){1,3}[A-Z]?\.)(?:[,.;&(]|\s|$)"
AUTHOR = re.compile(
    rf"({PARTICLES}{NAME})"
    rf"(?=,?\s+{INITIALS}|,?\s+et\s+al|,?\s+(?:and|&)\s+[A-Z]|,?\s+\(?(?:19|20)\d\d)"
)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
TIMEPOINTS = {
    "post": "post-treatment",
    "follow_up": "follow-up",
    "interim": "interim",
    "baseline": "baseline",
}
MODERATOR_KINDS = {  # what a moderator describes, by its column; the rest are clinical
    "Demographic": {"age", "sex", "education", "relationship", "employment"},
    "Clinical": set(),
    "Treatment": {"antidepressant_at_baseline", "sessions_attended", "therapist"},
}
LEFT_OUT = {  # the cohort's reasons in a reader's words
    "no arm of this contrast": "without arms of this comparison",
    "no participant in the active arm": "without an active arm of this comparison",
    "no participant in the reference arm": "without a reference arm of this comparison",
    "no instrument of the preference with a baseline and an outcome score": "without both of the scores",
    "no outcome observed in the active arm": "without an outcome in the active arm",
    "no outcome observed in the reference arm": "without an outcome in the reference arm",
}
ARM_LEFT_OUT = "arm takes no part in this contrast"  # of a trial that stays in
BLINDED = "BLINDED: arms drawn at random inside each trial; nothing here is a result."
LEFT_OUT_BLINDED = (
    "therapists, sessions and other variables of some arms alone, published numbers, labels of arms, "
    "the pages for sites and on the integrity of the data, aggregate results, trials that came as bundles"
)
STAMP = "SYNTHETIC data: invented participants, not a finding."
USUAL_LEAST = 10  # people in a cell; a plan that prints fewer says so on every page
STANDARDISE = {
    "instrument_baseline_sd": "the pooled within-arm baseline SD of each instrument",
    "study_baseline_sd": "each study's pooled within-arm baseline SD",
    "instrument_post_sd": "the pooled within-arm outcome SD of each instrument",
    "study_post_sd": "each study's pooled within-arm outcome SD",
    "external": "external SDs named in the plan",
    "none": "nothing: raw points of the instrument",
}


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


def foot_line(plan: Mapping[str, Any], synthetic: bool | str) -> str:
    """The plan's footer, else that of synthetic data; and that small counts are printed, where they are.

    Data that are the twin of real ones (`synthetic` is `TWIN`) are called so whatever the plan's footer says.
    """
    line = str(plan.get("footer") or "") or (STAMP if synthetic is True else "")
    if synthetic == TWIN:
        line = f"{TWIN}: nobody's rows, with the moments of real arms. {line}".strip()
    return " ".join(filter(None, (blinded_note(plan), line, threshold_note(plan))))


def blinded_note(plan: Mapping[str, Any]) -> str:
    """That a run is a blinded rehearsal, or nothing."""
    return BLINDED if plan.get("blind") else ""


def threshold_note(plan: Mapping[str, Any]) -> str:
    """A sentence where a plan prints counts of fewer people than is usual, or nothing."""
    least = int(plan.get("minimum_cell") or USUAL_LEAST)
    if least >= USUAL_LEAST:
        return ""
    return f"Counts from {least} people on are printed (minimum_cell: {least}; usual is {USUAL_LEAST})."


@lru_cache(maxsize=1)
def instruments() -> Mapping[str, Any]:
    """The built-in codebook's instruments."""
    return load_codebook().instruments


def instrument_words(name: str) -> str:
    """An instrument by its label, or its name in capitals."""
    return str(getattr(instruments().get(name), "label", "") or name.upper().replace("_", " "))


class Words:
    """How a plan and its registry call things in print.

    Attributes
    ----------
    plan : mapping
        The plan with its defaults filled in.
    registry : DataFrame or None
        `studies.tsv`.
    synthetic : bool or str
        True when the participants are invented; `TWIN` when they are the synthetic twin of real data.
    """

    plan: Mapping[str, Any]
    registry: pd.DataFrame | None
    synthetic: bool | str

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
        """The line at the foot of every figure and page."""
        return foot_line(self.plan, self.synthetic)

    @property
    def points(self) -> str:
        """The points in which absolute effects are told: `HAM-D points`."""
        name = str((self.plan.get("absolute") or {}).get("instrument") or "hamd17")
        return "HAM-D points" if name == "hamd17" else f"{name.upper()} points"

    def label(self, group: str, name: str) -> str:
        """The label that the plan gives an entry of `outcomes`, `moderators`, `models`, `sensitivity`...,
        or nothing."""
        entry = (self.plan.get(group) or {}).get(name)
        return str(entry.get("label") or "") if isinstance(entry, Mapping) else ""

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
        """How a study is called in print, everywhere: `Author year` from the registry, else its id."""
        return self.study_names.get(name, name)

    @cached_property
    def study_names(self) -> dict[str, str]:
        """`Driessen 2013` by id; trials of one author and year are told apart by a letter, in order of id."""
        names = {s: author_year(e.get("citation", ""), e.get("year", "")) for s, e in self.citations.items()}
        shared = {n: sorted(s for s in names if names[s] == n) for n in names.values() if n}
        found: dict[str, str] = {}
        for name, studies in shared.items():
            letters = [""] if len(studies) == 1 else [chr(ord("a") + i) for i in range(len(studies))]
            found |= {s: f"{name}{letter}" for s, letter in zip(studies, letters, strict=True)}
        return found

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

    def scores_in(self, outcome: str) -> str:
        """What scores of an outcome are in: standard deviations, or points where they are left so."""
        return "points" if self.standardise(outcome) == "none" else "SD"

    def good(self, outcome: str) -> bool:
        """Whether a higher value is good: response and remission are, dropout and deterioration are not."""
        entry = self.plan.get("outcomes", {}).get(outcome) or {}
        return self.is_binary(outcome) and is_good_event(str(entry.get("measure") or outcome))

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

    def kind_of_moderator(self, name: str) -> str:
        """`Demographic`, `Clinical` or `Treatment`."""
        column = str((self.plan["moderators"].get(name) or {}).get("column") or name)
        return next((kind for kind, columns in MODERATOR_KINDS.items() if column in columns), "Clinical")

    def outcome(self, name: str) -> str:
        """An outcome's name as words inside a sentence."""
        label = self.label("outcomes", name)
        if not label and name in instruments():
            return instrument_words(name)
        return in_sentence(label or name.replace("_", " "))

    def timepoint(self, name: str) -> str:
        """A time point's name as words."""
        return in_sentence(self.label("time_points", name)) or TIMEPOINTS.get(name, name.replace("_", " "))

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


def author_year(citation: str, year: str) -> str:
    """`Driessen 2013` of a citation that begins with its first author, else nothing.

    An author is a surname before initials, `et al.`, another author or the year: `Driessen E, Van HL`,
    `de Jonghe, F.`, `Barkham et al. 1996`, `Proudfoot (2003)`. A title alone names nobody.
    """
    found = AUTHOR.match(citation.strip())
    when = year or (YEAR.search(citation).group() if YEAR.search(citation) else "")  # type: ignore[union-attr]
    return f"{found.group(1)} {when}".strip() if found else ""


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
