"""The record files as they may be shared: withheld numbers empty, with a last column that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ipdma.analysis.absolute import STATED
from ipdma.analysis.records import Ident, as_number
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
from ipdma.disclosure.protect import Protection
from ipdma.disclosure.ties import Ties
from ipdma.privacy.few import OTHER, is_few, say_few

WITHHELD = "withheld"
FILES = ("estimates", "study_estimates", "counts")
SHARES = ("characteristic_share", "events", "event_rate", "at_value")
MEANS = ("characteristic_mean", "characteristic_sd", "study_mean", "study_sd")
MEANS_OF_FEW = (*MEANS, "outcome_mean", "outcome_sd", "baseline_mean", "baseline_sd")
RATES = ("risk_difference", "risk_ratio", "control_risk", "active_risk", "absolute_effect")
TRIAL_EFFECT = ("estimate", "std_error", "ci_low", "ci_high", "weight")
COARSE = 1  # decimals of a mean whose number of people is withheld: times that number it is no whole number


def mask_tables(
    tables: Mapping[str, pd.DataFrame],
    plan: Mapping[str, Any],
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, pd.DataFrame]:
    """Withhold what must not be shared of the three record files.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `estimates`, `study_estimates`, `counts`, every cell as text.
    plan : mapping
        With its defaults filled in.
    say : callable
        Told of progress.

    Returns
    -------
    dict of str to DataFrame
        The same rows; withheld numbers are empty, and the column `withheld` says why of the first of them.
        `notes`, where given, gains a line for each number that could still be worked out.
    """
    return Mask(tables, plan, say).tables()


class Mask:
    """One run's decision about its numbers."""

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], plan: Mapping[str, Any], say: Callable[[str], None]
    ) -> None:
        self.whole, self.plan = tables, plan
        self.minimum = int(plan["minimum_cell"])
        self.reader = Reader.of_plan(plan)
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [{str(k): v for k, v in row.items()} for row in tables[name].to_dict("records")]
            for name in FILES
        }
        self.places = {name: [self.reader.places(name, r) for r in rows] for name, rows in self.rows.items()}
        self.plain = {name for name, model in models_of(plan).items() if not model}
        self.protection = Protection(Ties(self.stated()), self.minimum)
        self.protection.secure(say)

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

    def tables(self) -> dict[str, pd.DataFrame]:
        """The masked tables."""
        made = {"notes": self.notes()} if "notes" in self.whole else {}
        for name in FILES:
            changes: dict[str, list[str]] = {
                str(column): list(self.whole[name][column]) for column in self.whole[name]
            }
            changes[WITHHELD] = [""] * len(self.rows[name])
            for i, row in enumerate(self.rows[name]):
                self.mask_row(name, i, row, changes)
            made[name] = pd.DataFrame(changes)
        return made

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
        if is_mean_of_few(name, row, self.minimum):
            words["value"] = say_few(self.minimum)
        elif name == "counts" and row["what"] in MEANS and "n" in out and row["value"] != "":
            changes["value"][i] = str(round(float(row["value"]), COARSE))
        gone = [column for column in changes if column in words and row[column] != ""]
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
        """Arms of a trial whose events are withheld; the empty one is both together."""
        home = Cell(f"{ident.question}|{ANALYSED}", study, "", EVENTS, "yes")
        return [arm for arm in ("", *SIDES) if self.hides(home.but(arm=arm))]


def models_of(plan: Mapping[str, Any]) -> dict[str, bool]:
    """By the name of a model or of a sensitivity analysis: whether it adjusts for anything."""
    models = {name: bool((keys or {}).get("covariates")) for name, keys in plan["models"].items()}
    primary = models[plan["primary_model"]]
    for name, keys in (plan.get("sensitivity") or {}).items():
        own = {**((keys or {}).get("model") or {}), **(keys or {})} if isinstance(keys, Mapping) else {}
        models[name] = bool(own["covariates"]) if "covariates" in own else primary
    return models


def is_mean_of_few(name: str, row: Row, minimum: int) -> bool:
    """Whether a row is the mean or the spread of few people."""
    return name == "counts" and row["what"] in MEANS_OF_FEW and is_few(as_number(row["n"]), minimum)


def more_of_estimate(mask: Mask, row: Row, out: Mapping[str, str]) -> list[str]:
    """The `n` of fits to the same people as one whose `n` is withheld."""
    ident = Ident.parse(row["analysis_id"])
    return ["n"] if mask.withholds_known(ident) or mask.withholds_fitted(ident) else []


def more_of_trial(mask: Mask, row: Row, out: Mapping[str, str]) -> list[str]:
    """What would give withheld numbers of a trial back: means of few, shares with the event, odds ratios."""
    ident = Ident.parse(row["analysis_id"])
    if row["source"] == "aggregate":
        return []
    more = [f"n_{side}" for side in SIDES if mask.withholds_known(ident, row["study"], side)]
    more += [f"n_{side}" for side in SIDES] if mask.withholds_fitted(ident) else []
    for side in SIDES:
        if is_few(as_number(row[f"n_{side}"]), mask.minimum):
            more += [f"mean_{side}", f"sd_{side}"]
    events = mask.withholds_events(ident, row["study"])
    more += [f"mean_{side}" for side in SIDES if events]
    return [*more, *(TRIAL_EFFECT if events and gives_back(mask, ident) else ())]


def gives_back(mask: Mask, ident: Ident) -> bool:
    """Whether a trial's odds ratio with its interval gives its events back: nothing is adjusted for."""
    return ident.model in mask.plain and not ident.moderator


def more_of_count(mask: Mask, row: Row, out: Mapping[str, str]) -> list[str]:
    """Shares beside withheld counts, and all that such a count follows from."""
    ident, what = Ident.parse(row["analysis_id"]), row["what"]
    if what in SHARES:
        return ["value"] if out else []
    if what == "smd":
        level = Cell(str(ident), row["study"], "", row["variable"], row["level"])
        return ["value"] if row["level"] and mask.hides(level) else []
    if what == "excluded_rows":
        return ["n"] if mask.withholds_known(ident) or mask.withholds_fitted(ident) else []
    if what.startswith("odds_ratio") and row["study"]:
        return ["value"] if mask.withholds_events(ident, row["study"]) and gives_back(mask, ident) else []
    if what.startswith(RATES) or (what == "event_share" and ident.model == "non_responder"):
        arm = row["arm"] or "reference"
        home = Cell(f"{ident.question}|{ANALYSED}", "", arm, EVENTS, "yes")
        return ["value"] if mask.hides(home) and row["level"] != STATED else []
    return []


DEPENDENT: dict[str, Callable[[Mask, Row, Mapping[str, str]], list[str]]] = {
    "estimates": more_of_estimate,
    "study_estimates": more_of_trial,
    "counts": more_of_count,
}
