"""What a coefficient is, and the one place that makes and reads its text.

treatment                    the treatment effect
treatment:within:M[L]        treatment by moderator M at level L, from within studies
treatment:across:M           treatment by the study mean of M
treatment:M                  treatment by M as it stands (naive)
treatment:at:M               the effect at a value of M; `treatment:spline:M` a test of its curve
treatment[VISIT]:within:M    any of them at a visit
treatment[NODE]:within:M     in a network, any of them of a node against the reference node
M[L], M:study_mean           the moderator's own columns
base[S01], intercept[S01]    a covariate or intercept of one study
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import NoReturn

INTERACTIONS = ("within", "across", "naive")
TREATMENT_KINDS = ("treatment", *INTERACTIONS, "at", "spline")
OWN_EFFECTS = ("treatment", "within", "naive")  # what a study can say of the treatment by itself
FIELDS = ("kind", "moderator", "level", "visit", "study", "column", "node")
TEXT = re.compile(
    r"treatment(?:\[(?P<visit>[^\]]*)\])?"
    r"(?::(?:(?P<kind>within|across|at|spline):)?(?P<moderator>[^\[]+)(?:\[(?P<level>.*)\])?)?"
)
PROGNOSIS = re.compile(r"(?P<kind>prognosis):(?P<moderator>[^\[]+)(?:\[(?P<level>.*)\])?")


class Term(str):
    """A coefficient: its text, which goes wherever text goes, and the parts that the text is made of.

    Equality and hash are those of the text, so that a term looks up what the text does. Frozen.

    Attributes
    ----------
    kind : str
        treatment, within, across, naive, at, spline (the treatment's); main, study_mean (the moderator's
        own columns), prognosis, covariate, intercept; contrast (a linear combination, by its name).
    moderator : str
        The moderator's column, or its name in a plan.
    level : str
        Of a categorical moderator.
    visit : str
    study : str
        The one study whose coefficient it is (stratified nuisance).
    column : str
        The covariate's column, or the contrast's name.
    node : str
        In a network, the arms whose effect it is; its text stands where a visit's does.
    """

    __slots__ = FIELDS
    kind: str
    moderator: str
    level: str
    visit: str
    study: str
    column: str
    node: str

    def __new__(
        cls,
        kind: str,
        moderator: str = "",
        level: str = "",
        visit: str = "",
        study: str = "",
        column: str = "",
        node: str = "",
    ) -> Term:
        """Make the text from the parts."""
        made = super().__new__(cls, text_of(kind, moderator, level, visit or node, study, column))
        parts = (kind, moderator, level, visit, study, column, node)
        for name, value in zip(FIELDS, parts, strict=True):
            object.__setattr__(made, name, value)
        return made

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a term is frozen."""
        raise FrozenInstanceError(f"cannot assign to field '{name}'")

    def __reduce__(self) -> tuple[type[Term], tuple[str, ...]]:
        """For pickle and copy."""
        return Term, self.parts

    @property
    def parts(self) -> tuple[str, ...]:
        """The fields in the order in which the constructor takes them."""
        return tuple(getattr(self, name) for name in FIELDS)

    @property
    def is_treatment(self) -> bool:
        """Whether it is the treatment effect or one of its interactions."""
        return self.kind in TREATMENT_KINDS

    def is_effect(self, kind: str, moderator: str) -> bool:
        """Whether it is this kind of interaction with this moderator, at whatever level."""
        return self.kind == kind and self.moderator == moderator

    def but(self, **changes: str) -> Term:
        """The term with some of its parts changed."""
        return Term(**{**dict(zip(FIELDS, self.parts, strict=True)), **changes})

    @classmethod
    def parse(cls, text: str) -> Term:
        """The term that a record's text stands for.

        The treatment's terms and prognosis come back whole. Text alone does not tell a covariate from a
        moderator's own column, or a study from a level: any other text is the covariate of that name.
        """
        if isinstance(text, Term):
            return text
        found = TEXT.fullmatch(text) or PROGNOSIS.fullmatch(text)
        if found is None:
            return cls("intercept") if text == "intercept" else cls("covariate", column=text)
        parts = {name: value or "" for name, value in found.groupdict().items()}
        kind = parts.pop("kind") or ("naive" if parts["moderator"] else "treatment")
        return cls(kind, **parts)


def text_of(kind: str, moderator: str, level: str, visit: str, study: str, column: str) -> str:
    """The text of a term as records and OUT.json write it."""
    at_visit, at_level = f"[{visit}]" if visit else "", f"[{level}]" if level else ""
    own = f"[{study}]" if study else ""
    if kind == "treatment":
        return f"treatment{at_visit}"
    if kind == "naive":
        return f"treatment{at_visit}:{moderator}{at_level}"
    if kind in TREATMENT_KINDS:
        return f"treatment{at_visit}:{kind}:{moderator}{at_level}"
    if kind == "prognosis":
        return f"prognosis:{moderator}{at_level}"
    if kind == "study_mean":
        return f"{moderator}{at_level}{at_visit}:study_mean"
    if kind == "main":
        return f"{moderator}{at_level}{at_visit}{own}"
    return f"{column or kind}{at_visit}{own}"


TREATMENT = Term("treatment")
INTERCEPT = Term("intercept")
