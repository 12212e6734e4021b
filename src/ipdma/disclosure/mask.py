"""The record files as they may be shared: withheld numbers empty, with a last column that says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from ipdma.analysis.kept import Kept
from ipdma.analysis.record_words import SAME, STATED
from ipdma.analysis.records import Ident, as_number
from ipdma.disclosure.bounds import ENOUGH
from ipdma.disclosure.cells import (
    ANALYSED,
    EVENTS,
    FITTED,
    KNOWN,
    SIDES,
    Cell,
    Reader,
    Row,
)
from ipdma.disclosure.kinds import tells_people, tells_risk
from ipdma.disclosure.protect import Protection
from ipdma.disclosure.ties import Ties
from ipdma.disclosure.unadjusted import Unadjusted, given_back
from ipdma.privacy.few import OTHER, is_few, say_few

WITHHELD = "withheld"
FILES = ("estimates", "study_estimates", "counts")
SHARES = ("characteristic_share", "events", "event_rate", "at_value")
MEANS = ("characteristic_mean", "characteristic_sd", "study_mean", "study_sd")
MEANS_OF_FEW = (*MEANS, "outcome_mean", "outcome_sd", "baseline_mean", "baseline_sd")
NUMBERS = (
    "estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high", "tau2", "i2", "pi_low", "pi_high",
)  # fmt: skip
TRIAL_EFFECT = ("estimate", "std_error", "ci_low", "ci_high", "weight")
COARSE = 1  # decimals of a mean whose number of people is withheld: times that number it is no whole number


def mask_tables(
    tables: Mapping[str, pd.DataFrame],
    plan: Mapping[str, Any],
    say: Callable[[str], None] = lambda line: None,
    kept: Kept | None = None,
) -> dict[str, pd.DataFrame]:
    """Withhold what must not be shared of the three record files.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `estimates`, `study_estimates`, `counts`, every cell as text.
    plan : mapping
        With its defaults filled in.
    say : callable
        Told one line: how many numbers are withheld.
    kept : Kept, optional
        What an earlier run worked out of counts that are tied to each other.

    Returns
    -------
    dict of str to DataFrame
        The same rows; withheld numbers are empty, and the column `withheld` says why of the first of them.
        `notes`, where given, gains a line for each number that could still be worked out.
    """
    mask = Mask(tables, plan, say, kept or Kept({}))
    notes = {"notes": mask.notes()} if "notes" in tables else {}
    return notes | {name: mask.table(name) for name in FILES}


def rows_of(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a table by column."""
    names = [str(column) for column in table]
    for cells in zip(*(table[column].tolist() for column in table), strict=True):
        yield dict(zip(names, cells, strict=True))


class Mask:
    """One run's decision about its numbers."""

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        plan: Mapping[str, Any],
        say: Callable[[str], None],
        kept: Kept,
        processes: int = 1,
    ) -> None:
        self.whole, self.plan = tables, plan
        self.minimum = int(plan["minimum_cell"])
        self.reader = Reader.of_plan(plan)
        self.rows: dict[str, list[dict[str, Any]]] = {name: list(rows_of(tables[name])) for name in FILES}
        self.places = {name: [self.reader.places(name, r) for r in rows] for name, rows in self.rows.items()}
        self.unadjusted = Unadjusted(plan, self.rows["counts"], self.rows["study_estimates"])
        self.protection = Protection(Ties(self.stated()), self.minimum, kept)
        self.hide_events_around()
        self.protection.secure(say, processes)
        self.lost = self.fits_of_few_trials()
        self.incomplete = self.fits_without_few()

    def stated(self) -> dict[Cell, float | None]:
        """The number of every cell."""
        found: dict[Cell, float | None] = {}
        for name in FILES:
            for row, places in zip(self.rows[name], self.places[name], strict=True):
                for column, cell in places.items():
                    number = as_number(row[column])
                    if number is not None:
                        found[cell] = number
        return found

    def table(self, name: str) -> pd.DataFrame:
        """A masked table."""
        whole = self.whole[name]
        changes: dict[str, list[str]] = {str(column): whole[column].tolist() for column in whole}
        changes[WITHHELD] = [""] * len(whole)
        for i, row in enumerate(self.rows[name]):
            self.mask_row(name, i, row, changes)
        return pd.DataFrame(changes)

    def notes(self) -> pd.DataFrame:
        """The notes of a run, with a line for each number that could be worked out in spite of all."""
        found = [
            {
                "analysis_id": cell.people.partition("|")[0],
                "kind": "exposed",
                "text": f"few people ({cell.variable}, trial {cell.study or 'all'}) can be worked out from "
                "what is published; nothing more could be withheld around them",
            }
            for cell in sorted(self.protection.exposed)
        ]
        whole = self.whole["notes"]
        return pd.concat([whole, pd.DataFrame(found, columns=whole.columns)], ignore_index=True)

    def mask_row(self, name: str, i: int, row: Row, changes: dict[str, list[str]]) -> None:
        """Empty the withheld numbers of one row and say why."""
        places = self.places[name][i]
        out = {column: self.protection.why(cell) for column, cell in places.items() if self.hides(cell)}
        more = DEPENDENT[name](self, row, out)
        words = {**{column: OTHER for column in more}, **out}
        if name == "counts" and not places and self.is_unread_few(row):
            words = {**words, "n": say_few(self.minimum), "value": OTHER}
        if is_mean_of_few(name, row, self.minimum):
            words["value"] = say_few(self.minimum)
        elif name == "counts" and row["what"] in MEANS and "n" in out and row["value"] != "":
            changes["value"][i] = str(round(float(row["value"]), COARSE))
        gone = [column for column in row if column in words and row[column] != ""] if words else []
        for column in gone:
            changes[column][i] = ""
        if gone:
            changes[WITHHELD][i] = words[gone[0]]

    def hides(self, cell: Cell) -> bool:
        """Whether the number of a cell is withheld."""
        return cell in self.protection.hidden

    def withholds_known(self, ident: Ident, study: str = "", arm: str = "") -> bool:
        """Whether the number of participants with a fit's moderator is withheld."""
        if ident.moderator not in self.reader.columns:
            return False
        people = f"{ident.question}|{ANALYSED}"
        return self.hides(Cell(people, study, arm, self.reader.variable(ident), KNOWN))

    def withholds_fitted(self, ident: Ident) -> bool:
        """Whether the number of rows of a fit without moderator is withheld."""
        return self.hides(
            Cell(str(ident.but(stage="one", moderator="", variant="")), "", "", "(row)", FITTED)
        )

    def withholds_events(self, ident: Ident, study: str) -> list[str]:
        """Arms of a trial, or of all, whose events are withheld; the empty one is both together."""
        home = Cell(f"{ident.question}|{ANALYSED}", study, "", EVENTS, "yes")
        return [arm for arm in ("", *SIDES) if self.hides(home.but(arm=arm))]

    def is_unread_few(self, row: Row) -> bool:
        """Whether a count that no cell stands for is of few people with an attribute."""
        return tells_people(row["what"]) and is_few(as_number(row["n"]), self.minimum)

    def without_events(self) -> dict[str, set[str]]:
        """Trials whose events are withheld, by question."""
        found: dict[str, set[str]] = {}
        for cell in self.protection.hidden:
            if cell.variable == EVENTS and cell.study:
                found.setdefault(cell.people.partition("|")[0], set()).add(cell.study)
        return found

    def with_events(self) -> dict[str, dict[str, float]]:
        """Participants of each trial that counts events, by question."""
        found: dict[str, dict[str, float]] = {}
        for cell in self.protection.ties.stated:
            if cell.variable == EVENTS and cell.study:
                size = self.protection.truth.get(Cell(cell.people, cell.study), 0.0)
                found.setdefault(cell.people.partition("|")[0], {})[cell.study] = size
        return found

    def hide_events_around(self) -> None:
        """Where an analysis of events adjusts for nothing, three trials or none have theirs withheld."""
        hidden = self.without_events()
        fits = (Ident.parse(row["analysis_id"]) for row in self.rows["estimates"])
        plain = {
            str(i.question) for i in fits if str(i.question) in hidden and self.unadjusted.is_unadjusted(i)
        }
        for question, sizes in self.with_events().items():
            own = hidden.get(question, set()) if question in plain else set()
            more = sorted(sizes.keys() - own, key=lambda s: (sizes[s], s))[: max(0, ENOUGH - len(own))]
            blocks = {(f"{question}|{ANALYSED}", study) for study in more if own}
            self.protection.hidden |= {
                c for c in self.protection.ties.stated if c.variable == EVENTS and c[:2] in blocks
            }

    def fits_of_few_trials(self) -> set[str]:
        """Fits of events that adjust for nothing and would give back those of fewer than three trials."""
        hidden, everyone, found = self.without_events(), self.with_events(), set()
        for row in self.rows["estimates"]:
            ident = Ident.parse(row["analysis_id"])
            own = hidden.get(str(ident.question))
            if own and self.unadjusted.is_unadjusted(ident):
                inside = self.unadjusted.trials(ident, row, set(everyone[str(ident.question)]))
                if given_back(inside, own):
                    found.add(row["analysis_id"])
        return found

    def fits_without_few(self) -> set[str]:
        """Fits that leave few people out, by rows missing or by what a sensitivity analysis selects."""
        sizes = {
            (row["analysis_id"], row["term"]): (as_number(row["k"]), as_number(row["n"]))
            for row in self.rows["estimates"]
        }
        found = set()
        for (name, term), (k, n) in sizes.items():
            ident = Ident.parse(name)
            if ident.model in (self.plan.get("sensitivity") or {}):
                for usual in (self.plan["primary_model"], f"{ident.model}:{SAME}"):
                    trials, people = sizes.get((str(ident.but(model=usual)), term), (None, None))
                    lacking = None if n is None or people is None or k != trials else people - n
                    if is_few(lacking, self.minimum):
                        found.add(name)
        for row, places in zip(self.rows["counts"], self.places["counts"], strict=True):
            if row["what"] == "excluded_rows" and not places and is_few(as_number(row["n"]), self.minimum):
                found.add(row["analysis_id"])
        return found


def is_mean_of_few(name: str, row: Row, minimum: int) -> bool:
    """Whether a row is the mean or the spread of few people."""
    return name == "counts" and row["what"] in MEANS_OF_FEW and is_few(as_number(row["n"]), minimum)


def more_of_estimate(mask: Mask, row: Row, out: Mapping[str, str]) -> list[str]:
    """The `n` of fits to the same people as one whose `n` is withheld; results that give events back."""
    ident = Ident.parse(row["analysis_id"])
    lost = list(NUMBERS) if row["analysis_id"] in mask.lost else []
    return [*lost, "n"] if withholds_size(mask, ident) else lost


def withholds_size(mask: Mask, ident: Ident) -> bool:
    """Whether how many people a fit has is withheld."""
    return mask.withholds_known(ident) or mask.withholds_fitted(ident) or main_fit(ident) in mask.incomplete


def main_fit(ident: Ident) -> str:
    """The fit of which an analysis is a variant; a variant without moderator has `none` in its place."""
    return str(ident.but(variant="", moderator="" if ident.moderator == "none" else ident.moderator))


def more_of_trial(mask: Mask, row: Row, out: Mapping[str, str]) -> list[str]:
    """What would give withheld numbers of a trial back: means of few, shares with the event, odds ratios."""
    ident = Ident.parse(row["analysis_id"])
    if row["source"] == "aggregate":
        return []
    more = [f"n_{side}" for side in SIDES if mask.withholds_known(ident, row["study"], side)]
    whole = mask.withholds_fitted(ident) or main_fit(ident) in mask.incomplete
    more += [f"n_{side}" for side in SIDES] if whole else []
    for side in SIDES:
        if is_few(as_number(row[f"n_{side}"]), mask.minimum):
            more += [f"mean_{side}", f"sd_{side}"]
    events = mask.withholds_events(ident, row["study"])
    more += [f"mean_{side}" for side in SIDES if events]
    return [*more, *(TRIAL_EFFECT if events and mask.unadjusted.is_unadjusted(ident) else ())]


def more_of_count(mask: Mask, row: Row, out: Mapping[str, str]) -> list[str]:
    """Shares beside withheld counts, and all that such a count follows from."""
    ident, what = Ident.parse(row["analysis_id"]), row["what"]
    if what in SHARES:
        return ["value"] if out else []
    if what == "smd":
        level = Cell(str(ident), row["study"], "", row["variable"], row["level"])
        return ["value"] if row["level"] and mask.hides(level) else []
    if what == "excluded_rows":
        return ["n"] if withholds_size(mask, ident) else []
    if what == "choice" or not ident.stage:
        return []
    if row["analysis_id"] in mask.lost:
        return told_of(row)
    if what.startswith("odds_ratio") and row["study"]:
        plain = mask.unadjusted.is_unadjusted(ident)
        return ["value"] if plain and mask.withholds_events(ident, row["study"]) else []
    if row["value"] != "" and tells_risk(what) and row["level"] != STATED:
        return told_of(row) if mask.withholds_events(ident, "") else []
    return []


def told_of(row: Row) -> list[str]:
    """Columns of a count that hold a result: its number, and words and rates with digits in them."""
    return ["value", *(column for column in ("variable", "level") if any(map(str.isdigit, row[column])))]


# by file, the columns of a row to be emptied beside those whose own number (`out`) is withheld
DEPENDENT: dict[str, Callable[[Mask, Row, Mapping[str, str]], list[str]]] = {
    "estimates": more_of_estimate,
    "study_estimates": more_of_trial,
    "counts": more_of_count,
}
