"""Tables 1 and 2: the trials and their participants, by contrast and side and over everyone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from ipdma.analysis.guest_notes import note_withheld
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.bundle import Bundle
from ipdma.bundle.guest import withheld_variables

Array = np.ndarray
IDENTITY = ("study", "participant", "arm", "condition", "treat", "therapist")


def count_participants(
    participants: pd.DataFrame,
    settings: Settings,
    variables: Sequence[str] | None = None,
    contrasts: Collection[str] | None = None,
    bundles: Sequence[Bundle] = (),
    everyone: bool = True,
) -> Ledger:
    """Counts, means and shares of everyone contributed, and of each contrast's participants by side.

    Parameters
    ----------
    participants : DataFrame
        `study, participant, arm, condition` and the codebook's variables.
    variables : sequence of str, optional
        Columns to describe; default all but identity columns.
    contrasts : collection of str, optional
        Contrasts to describe beside everyone; default all of the plan.
    bundles : sequence of Bundle
        Trials among the participants whose rows are nobody's: what their gates withheld is not missing.
    everyone : bool
        Describe everyone too, and what each trial's gate withheld.
    """
    ledger = Ledger()
    people = participants.assign(study=participants["study"].astype(str))
    names = [v for v in (variables or people.columns) if v not in IDENTITY and v in people]
    if everyone:
        count_heads(ledger, "cohort", people, "condition")
        describe(ledger, "cohort", people, names, {"": np.arange(len(people))})
        count_missing(ledger, people, names, {own.study_id: withheld_variables(own) for own in bundles})
        for bundle in bundles:
            note_withheld(ledger, "cohort", bundle)
    for contrast, keys in settings.plan["contrasts"].items():
        chosen = contrast_people(people, keys)
        if chosen.empty or (contrasts is not None and contrast not in contrasts):
            continue
        groups = {"": np.arange(len(chosen)), **positions(chosen, "side")}
        count_heads(ledger, contrast, chosen, "side")
        describe(ledger, contrast, chosen, names, groups)
        count_balance(ledger, contrast, chosen, names)
    return ledger


def contrast_people(people: pd.DataFrame, keys: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Participants of both sides of a contrast, in studies that have both, with their `side`."""
    side = people["condition"].map(
        {**dict.fromkeys(keys["reference"], "reference"), **dict.fromkeys(keys["active"], "active")}
    )
    chosen = people[side.notna()].assign(side=side[side.notna()])
    both = chosen.groupby("study")["side"].transform("nunique") == 2
    return chosen[both]


def count_heads(ledger: Ledger, name: str, people: pd.DataFrame, by: str) -> None:
    """Write participants by study and arm."""
    ledger.count(name, "participants", n=len(people))
    ledger.count(name, "contributed_studies", n=people["study"].nunique())
    for arm, n in people.groupby(by).size().items():
        ledger.count(name, "participants", arm=str(arm), n=int(n), of=len(people))
    for study, part in people.groupby("study"):
        ledger.count(name, "participants", study=str(study), n=len(part))
        for arm, n in part.groupby(by).size().items():
            ledger.count(name, "participants", study=str(study), arm=str(arm), n=int(n), of=len(part))


def describe(
    ledger: Ledger,
    name: str,
    people: pd.DataFrame,
    variables: Sequence[str],
    groups: Mapping[str, Array],
) -> None:
    """Write mean and SD of numbers and shares of categories, pooled by group and for each study.

    `groups` are the positions of each group's rows.
    """
    by_study = positions(people, "study")
    places = [({"arm": group}, at) for group, at in groups.items()]
    places += [({"study": study}, at) for study, at in by_study.items()]
    for variable in variables:
        values, levels = coded(people[variable])
        if np.isnan(values).all():
            continue
        measured = sum(not np.isnan(values[at]).all() for at in by_study.values())
        ledger.count(name, "characteristic_studies", variable=variable, n=measured, of=len(by_study))
        for place, at in places:
            write_values(ledger, name, values[at], levels, variable, **place)


def positions(people: pd.DataFrame, by: str) -> dict[str, Array]:
    """Where the rows of each group stand, groups in the order of their names."""
    codes, names = pd.factorize(people[by].astype(str), sort=True)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.searchsorted(codes[order], np.arange(len(names))))[1:]  # none stands before
    return {str(name): at for name, at in zip(names, parts, strict=True)}


def coded(column: pd.Series) -> tuple[Array, tuple[str, ...] | None]:
    """Numbers without levels, or the position of each text among the sorted levels; NaN where missing."""
    if is_number(column):
        return column.to_numpy(dtype=float, na_value=np.nan), None
    there = column.notna().to_numpy()
    codes, levels = pd.factorize(column[there].astype(str), sort=True)
    values = np.full(len(column), np.nan)
    values[there] = codes
    return values, tuple(map(str, levels))


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_bool_dtype(values)


def write_values(
    ledger: Ledger, name: str, values: Array, levels: tuple[str, ...] | None, variable: str, **place: str
) -> None:
    """Write one group's mean and SD, or its shares."""
    given = values[~np.isnan(values)]
    if not len(given):
        return
    place |= {"variable": variable}
    sizes = {"n": len(given), "of": len(values)}
    if levels is None:
        ledger.count(name, "characteristic_mean", **place, **sizes, value=float(given.mean()))
        if len(given) > 1:
            ledger.count(name, "characteristic_sd", **place, **sizes, value=float(given.std(ddof=1)))
        return
    for level, n in zip(levels, np.bincount(given.astype(int), minlength=len(levels)).tolist(), strict=True):
        if n:
            share = {"n": n, "of": len(given), "value": n / len(given)}
            ledger.count(name, "characteristic_share", **place, level=level, **share)


def count_missing(
    ledger: Ledger,
    people: pd.DataFrame,
    variables: Sequence[str],
    withheld: Mapping[str, Collection[str]],
) -> None:
    """Write what is missing: sporadic in a study that measured the variable, systematic in others.

    Of what a trial's gate withheld (`withheld`, by study) nobody knows, and nothing is counted.
    """
    by_study = positions(people, "study")
    for variable in variables:
        total, asked = {"sporadic": 0, "systematic": 0}, 0
        missing = people[variable].isna().to_numpy()
        for study, at in by_study.items():
            if variable in withheld.get(study, ()):
                continue
            asked += len(at)
            gone = int(missing[at].sum())
            kind = "systematic" if gone == len(at) else "sporadic"
            total[kind] += gone
            place = {"study": study, "variable": variable, "level": kind}
            ledger.count("cohort", "characteristic_missing", **place, n=gone, of=len(at))
        for kind, n in total.items():
            ledger.count("cohort", "characteristic_missing", variable=variable, level=kind, n=n, of=asked)


def count_balance(ledger: Ledger, name: str, people: pd.DataFrame, variables: Sequence[str]) -> None:
    """Write each study's standardised mean difference between sides at baseline, to describe alone."""
    by_study, active = positions(people, "study"), (people["side"] == "active").to_numpy()
    for variable in variables:
        for level, values in numbers_of(people[variable]).items():
            for study, at in by_study.items():
                own, side = values[at], active[at]
                smd = standardised_difference(own[side], own[~side])
                if smd is not None:
                    place = {"study": study, "variable": variable, "level": level}
                    ledger.count(name, "smd", **place, n=int((~np.isnan(own)).sum()), value=smd)


def numbers_of(column: pd.Series) -> dict[str, Array]:
    """A column of numbers as it is, else 0 and 1 for each level; for yes and no the yes alone."""
    values, levels = coded(column)
    if levels is None:
        return {"": values}
    kept = ["yes"] if set(levels) == {"no", "yes"} else levels
    there = ~np.isnan(values)
    return {level: np.where(there, values == levels.index(level), np.nan) for level in kept}


def standardised_difference(active: Array, reference: Array) -> float | None:
    """(mean active - mean reference) / root of the mean of the two variances; None where it is undefined."""
    a, b = active[~np.isnan(active)], reference[~np.isnan(reference)]
    if len(a) < 2 or len(b) < 2:
        return None
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return float((a.mean() - b.mean()) / spread) if spread > 0 else None
