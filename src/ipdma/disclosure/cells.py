"""Which group of people each count of a run stands for.

The record files state the same people many times: those with a value of a variable are the `of` of its
shares, the `n` of its mean, and less those without outcome the `n` of a model with it. Each such number is
read as a `Cell`: the group of people that it counts. Two numbers of one cell are one number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ipdma.analysis.records import Ident

KNOWN: str = "(known)"  # has a value of the variable
MISSING: str = "(missing)"  # has none, though the trial asked
WITHOUT: str = "(without)"  # has none, whether the trial asked or not
ASKED: str = "(asked)"  # is of a trial that asked, with a value or without
FITTED, LEFT_OUT = "(fitted)", "(left out)"
LEAF, ROOT, BELOW = "(leaf)", "all participants", " & "
ROW, EVENTS, OUTCOME = "(row)", "(events)", "outcome"
ROWS, ANALYSED = "rows", "analysed"
SIDES = ("active", "reference")


class Cell(NamedTuple):
    """A group of people.

    Attributes
    ----------
    people : str
        Whom it is taken from: `cohort`, a contrast, or `contrast.outcome.timepoint|rows` or `|analysed`.
    study, arm : str
        Empty: all.
    variable, level : str
        The attribute; both empty: everyone. A level of a moderator that the plan cuts is `NAME=LEVEL`.
    """

    people: str
    study: str = ""
    arm: str = ""
    variable: str = ""
    level: str = ""

    @property
    def personal(self) -> bool:
        """Whether it tells something of people beyond their trial, arm and loss."""
        return bool(self.variable) and self.variable != OUTCOME and self.level != ASKED

    def but(
        self,
        people: str | None = None,
        study: str | None = None,
        arm: str | None = None,
        variable: str | None = None,
        level: str | None = None,
    ) -> Cell:
        """A copy with some parts changed."""
        return Cell(
            self.people if people is None else people,
            self.study if study is None else study,
            self.arm if arm is None else arm,
            self.variable if variable is None else variable,
            self.level if level is None else level,
        )


Row = Mapping[str, Any]
Places = dict[str, Cell]


@dataclass(frozen=True)
class Reader:
    """Reads rows of the record files as cells.

    Attributes
    ----------
    columns : mapping of str to str
        The variable behind each of the plan's moderators.
    cut : set of str
        Moderators whose levels are not those of their variable.
    models : set of str
        Models of the plan: they are fitted to the analysed participants.
    """

    columns: Mapping[str, str]
    cut: frozenset[str]
    models: frozenset[str]

    @classmethod
    def of_plan(cls, plan: Mapping[str, Any]) -> Reader:
        """What the plan says of its moderators and models."""
        entries = {name: entry or {} for name, entry in plan["moderators"].items()}
        columns = {name: str(entry.get("column") or name) for name, entry in entries.items()}
        cut = frozenset(n for n, e in entries.items() if e.get("cuts") or e.get("labels") or e.get("levels"))
        return cls(columns, cut, frozenset(plan["models"]))

    def places(self, file: str, row: Row) -> Places:
        """The cells of one row, by column."""
        ident = Ident.parse(row["analysis_id"])
        if file == "estimates":
            return self.estimate(ident, row)
        if file == "study_estimates":
            return self.study_estimate(ident, row)
        reader = COUNTS.get(row["what"])
        return reader(self, ident, row) if reader else {}

    def analysed(self, ident: Ident) -> str:
        """The people of a fit."""
        own = ident.model and ident.model not in self.models
        return f"{ident if own else ident.question}|{ANALYSED}"

    def variable(self, ident: Ident) -> str:
        """The variable behind a fit's moderator."""
        return self.columns.get(ident.moderator, ident.moderator)

    def level(self, ident: Ident, level: str) -> str:
        """A moderator's level as the cell has it."""
        return f"{ident.moderator}={level}" if ident.moderator in self.cut else level

    def estimate(self, ident: Ident, row: Row) -> Places:
        """The `n` of a fit: everyone, those with a value of its moderator, or those not left out."""
        if ident.model == "tree":
            return {"n": leaf(ident, row["level"])}
        if ident.model not in self.models or ident.stage != "one" or ident.variant == "spline":
            return {}
        if ident.moderator in self.columns:
            return {"n": Cell(self.analysed(ident), variable=self.variable(ident), level=KNOWN)}
        return {"n": Cell(str(ident.but(moderator="", variant="")), "", "", ROW, FITTED)}

    def study_estimate(self, ident: Ident, row: Row) -> Places:
        """The arms of one trial in a fit."""
        if ident.moderator not in self.columns or ident.model not in self.models:
            return {}
        home = Cell(self.analysed(ident), row["study"], "", self.variable(ident), KNOWN)
        return {f"n_{side}": home.but(arm=side) for side in SIDES}


def of_head(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants by study and arm."""
    whole = Cell(str(ident), row["study"])
    return {"n": whole.but(arm=row["arm"]), **({"of": whole} if row["arm"] else {})}


def of_share(reader: Reader, ident: Ident, row: Row) -> Places:
    """People at a level, of those with a value."""
    here = Cell(str(ident), row["study"], row["arm"], row["variable"], row["level"])
    return {"n": here, "of": here.but(level=KNOWN)}


def of_mean(reader: Reader, ident: Ident, row: Row) -> Places:
    """People with a value, of everyone."""
    whole = Cell(str(ident), row["study"], row["arm"])
    return {"n": whole.but(variable=row["variable"], level=KNOWN), "of": whole}


def of_lost(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants without a value of a characteristic."""
    whole = Cell(str(ident), row["study"])
    if row["level"] == "systematic":
        return {"of": whole}
    return {"n": whole.but(variable=row["variable"], level=MISSING), "of": whole}


def of_balance(reader: Reader, ident: Ident, row: Row) -> Places:
    """People behind a standardised difference."""
    return {"n": Cell(str(ident), row["study"], "", row["variable"], KNOWN)}


def of_rows(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants with a baseline score."""
    return {"n": Cell(f"{ident}|{ROWS}", row["study"], row["arm"])}


def of_analysed(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants with an outcome, of those with a baseline score."""
    return {"n": Cell(f"{ident}|{ANALYSED}", row["study"], row["arm"]), **of_rows_of(ident, row)}


def of_rows_of(ident: Ident, row: Row) -> Places:
    """The whole that a loss is of."""
    return {"of": Cell(f"{ident}|{ROWS}", row["study"], row["arm"])}


def of_missing(reader: Reader, ident: Ident, row: Row) -> Places:
    """Missing values among the rows of a question."""
    here = Cell(f"{ident}|{ROWS}", row["study"], row["arm"], row["variable"], MISSING)
    if row["level"] == "systematic":
        return {}
    return {"n": here, "of": here.but(level=ASKED)}


def of_events(reader: Reader, ident: Ident, row: Row) -> Places:
    """People with the event of a binary outcome."""
    whole = Cell(reader.analysed(ident), row["study"], row["arm"])
    return {"n": whole.but(variable=EVENTS, level="yes"), "of": whole}


def of_event_rate(reader: Reader, ident: Ident, row: Row) -> Places:
    """The events of all reference arms."""
    return of_events(reader, ident, {**row, "arm": "reference"}) if ident.model in reader.models else {}


def of_complete(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants with a moderator, of those analysed."""
    whole = Cell(reader.analysed(ident), row["study"])
    return {"n": whole.but(variable=reader.variable(ident), level=KNOWN), "of": whole}


def of_moderator_missing(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants without it."""
    if row["level"] == "systematic":
        return {}
    return {"n": Cell(reader.analysed(ident), row["study"], "", reader.variable(ident), MISSING)}


def of_level(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants at a level of it; the `of` of an arm is the level in both arms."""
    variable, level = reader.variable(ident), reader.level(ident, row["level"])
    here = Cell(reader.analysed(ident), row["study"], row["arm"], variable, level)
    return {"n": here, "of": here.but(arm="") if row["arm"] else here.but(level=KNOWN)}


def of_value(reader: Reader, ident: Ident, row: Row) -> Places:
    """A level at which an effect is shown; values of a continuous moderator count nobody."""
    known = ident.model in reader.models and ident.moderator in reader.columns
    return of_level(reader, ident, row) if known else {}


def of_mix(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants behind a study's mean of a moderator."""
    return {"n": Cell(reader.analysed(ident), row["study"], "", reader.variable(ident), KNOWN)}


def of_excluded(reader: Reader, ident: Ident, row: Row) -> Places:
    """Rows left out of a fit for a missing value."""
    if ident.model not in reader.models or ident.stage != "one":
        return {}
    if ident.moderator in reader.columns:
        return {"n": Cell(reader.analysed(ident), "", "", reader.variable(ident), WITHOUT)}
    return {"n": Cell(str(ident.but(moderator="", variant="")), "", "", ROW, LEFT_OUT)}


def of_node(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants in a leaf of a tree."""
    return {"n": leaf(ident, row["level"], row["arm"]), "of": fitted(ident)}


def leaf(ident: Ident, path: str, arm: str = "") -> Cell:
    """Participants in a node of a tree; those at its root are all that it was fitted to."""
    return Cell(str(ident), "", arm, LEAF, path) if arm or path != ROOT else fitted(ident)


def of_split(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants in a node that is split."""
    return {"n": leaf(ident, row["level"])}


def fitted(ident: Ident) -> Cell:
    """Participants that a fit did not leave out."""
    return Cell(str(ident), "", "", ROW, FITTED)


def of_dropped(reader: Reader, ident: Ident, row: Row) -> Places:
    """Participants that a tree left out."""
    return {"n": fitted(ident).but(level=LEFT_OUT), "of": Cell(f"{ident.question}|{ANALYSED}")}


def of_observed(reader: Reader, ident: Ident, row: Row) -> Places:
    """Observed values beside imputed ones."""
    return {"n": Cell(f"{ident.question}|{ROWS}", "", "", row["variable"], KNOWN)}


def of_imputed(reader: Reader, ident: Ident, row: Row) -> Places:
    """Imputed values, those of people whose trial never asked among them."""
    return {"n": Cell(f"{ident.question}|{ROWS}", "", "", row["variable"], WITHOUT)}


COUNTS: dict[str, Callable[[Reader, Ident, Row], Places]] = {
    "participants": of_head,
    "characteristic_share": of_share,
    "characteristic_mean": of_mean,
    "characteristic_sd": of_mean,
    "characteristic_missing": of_lost,
    "smd": of_balance,
    "rows": of_rows,
    "analysed": of_analysed,
    "missing": of_missing,
    "events": of_events,
    "event_rate": of_event_rate,
    "moderator_complete": of_complete,
    "moderator_missing": of_moderator_missing,
    "moderator_level": of_level,
    "at_value": of_value,
    "study_mean": of_mix,
    "study_sd": of_mix,
    "excluded_rows": of_excluded,
    "tree_node": of_node,
    "tree_split": of_split,
    "tree_dropped": of_dropped,
    "observed_mean": of_observed,
    "observed_sd": of_observed,
    "imputed_mean": of_imputed,
    "imputed_sd": of_imputed,
}
