"""The exact twin of a trial: rows that nobody ever was, from its bundle and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ipdma.bundle.records import INDICATORS, Bundle
from ipdma.bundle.rows import NoRows
from ipdma.bundle.twin.arm import Arm, ArmTwin, invent_arm, is_event
from ipdma.bundle.twin.baselines import baselines_of
from ipdma.bundle.twin.columns import (
    FROM_SCORES,
    Attribute,
    Known,
    Score,
    Use,
    Variable,
    events_in,
    known_of,
    told,
    uses_of,
)
from ipdma.bundle.twin.events import Rule
from ipdma.bundle.write import bundle_digest
from ipdma.codebook import Codebook, Instrument
from ipdma.cohort.derive import own_rule, scoring_of

WITHIN = "an event by category; its count in the arm comes out"
ANOTHER = "an event that no score and no variable of the bundle tells"


@dataclass(frozen=True)
class Twin:
    """The twin of a trial.

    Attributes
    ----------
    bundle : Bundle
    participants : DataFrame
        `study, participant, arm, condition` and the variables; TWIN-0001 and so on.
    assessments : DataFrame
        `study, participant, instrument, rating, timepoint, weeks, score, scoring`.
    lost : tuple of str
        What does not come out as in the bundle, in sentences; empty for an exact twin.
    """

    bundle: Bundle
    participants: pd.DataFrame
    assessments: pd.DataFrame
    lost: tuple[str, ...]


def invent_twin(bundle: Bundle, codebook: Codebook) -> Twin:
    """Invent the people of a trial, seeded by the bundle's digest.

    Parameters
    ----------
    bundle : Bundle
    codebook : Codebook
        For the rules of response and remission, and the dictionary's variables.

    Raises
    ------
    NoRows
        Where the counts of the bundle fit no people at all.
    """
    uses, lost = uses_of(bundle)
    known, sizes = known_of(uses), sizes_of(bundle)
    baselines, more = baselines_of(bundle, uses, sizes)
    rules, unruled = rules_of(uses, codebook)
    seed = [int(bundle_digest(bundle)[i : i + 8], 16) for i in (0, 8, 16)]
    twins: dict[str, ArmTwin] = {}
    for number, (arm, n) in enumerate(sizes.items()):
        try:
            mine = [use for use in uses if arm in use.block.arms and not is_event(use)]
            own = Arm(arm, n, mine, known, baselines[arm], rules)
            twins[arm] = invent_arm(own, [*seed, number])
        except NoRows as error:
            raise NoRows(f"trial {bundle.study_id}, arm {arm}: {error}") from None
    told = [*lost, *more, *unruled, *(sentence for twin in twins.values() for sentence in twin.lost)]
    return Twin(bundle, *tables(bundle, twins, known), tuple(dict.fromkeys(told)))


def sizes_of(bundle: Bundle) -> dict[str, int]:
    """People of each arm; where their number is withheld, those of the largest block."""
    return {
        arm: own.n
        if own.n is not None
        else max((block.arms[arm].n for block in bundle.blocks if arm in block.arms), default=0)
        for arm, own in bundle.arms.items()
    }


def rules_of(uses: Sequence[Use], codebook: Codebook) -> tuple[list[Rule], list[str]]:
    """Events that follow from scores, by the instruments' rules, and sentences for those that cannot be
    had."""
    rules: dict[object, Rule] = {}
    lost = []
    for use, measure in events_in(uses):
        if len(use.block.columns) > 1:
            if all(column.coding in INDICATORS for column in use.block.columns):
                lost.append(f"{told(use.block)}: {WITHIN}")
            continue
        own = use.attributes[0]
        counts = {arm: (m.n, round(float(m.means[0] * m.n))) for arm, m in use.block.arms.items()}
        if measure in FROM_SCORES and isinstance(own, Score) and own.instrument in codebook.instruments:
            rule = rule_of(measure, own, codebook.instruments[own.instrument], counts)
            if rule is not None:
                rules.setdefault((measure, own, use.block.serves[0].contrast), rule)
                continue
        lost.append(f"{use.block.serves[0].outcome} ({use.block.serves[0].timepoint}): {ANOTHER}")
    merged: dict[object, Rule] = {}
    for (measure, own, _), rule in rules.items():  # type: ignore[misc]
        first = merged.setdefault((measure, own), rule)
        first.counts.update({arm: n for arm, n in rule.counts.items() if arm not in first.counts})
    return list(merged.values()), lost


def rule_of(
    measure: str, own: Score, instrument: Instrument, counts: dict[str, tuple[int, int]]
) -> Rule | None:
    """The line that divides those with an event; None where the instrument has no rule."""
    scoring = scoring_of(instrument, own.scoring)
    rule = own_rule(scoring, instrument, measure)
    if not rule:
        return None
    turn = 1.0 if instrument.higher_is_worse else -1.0
    if measure == "remission":
        return Rule(measure, own, turn, float(rule.value), 0.0, counts)
    floor = scoring.range.bounds[0 if instrument.higher_is_worse else 1]
    share = 1 - float(rule.value)
    return Rule(measure, own, turn, floor * (1 - share), share, counts)


def tables(
    bundle: Bundle, twins: Mapping[str, ArmTwin], known: Mapping[Attribute, Known]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Everyone's variables and scores, in the columns of an upload."""
    people, scores, start = [], [], 0
    for arm, twin in twins.items():
        names = [f"TWIN-{start + i + 1:04d}" for i in range(twin.people.n)]
        start += twin.people.n
        columns: dict[str, object] = {"study": bundle.study_id, "participant": names, "arm": arm}
        columns["condition"] = bundle.arms[arm].condition
        columns |= {own.name: values_of(own, twin, known[own]) for own in known if isinstance(own, Variable)}
        people.append(pd.DataFrame(columns))
        scores += list(score_rows(bundle, twin, names))
    participants = pd.concat(people, ignore_index=True)
    head = ["study", "participant", "instrument", "rating", "timepoint", "weeks", "score", "scoring"]
    order = ["participant", "instrument", "timepoint", "weeks"]
    return participants, pd.DataFrame(scores, columns=head).sort_values(order, ignore_index=True)


def values_of(own: Attribute, twin: ArmTwin, known: Known) -> np.ndarray:
    """A variable of everyone in an arm: numbers, or a level's word; missing where somebody has none."""
    if own in twin.places:
        return twin.column(own)
    words = np.array([*known.levels, None], dtype=object)
    return words[twin.people.level[own]]


def score_rows(bundle: Bundle, twin: ArmTwin, names: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """A row for each score that somebody has."""
    for own in (own for own in twin.places if isinstance(own, Score)):
        numbers = twin.column(own)
        kind = bundle.time_points.get(own.timepoint, own.timepoint)
        for name, value in zip(names, numbers, strict=True):
            if np.isfinite(value):
                yield (
                    bundle.study_id,
                    name,
                    own.instrument,
                    own.rating,
                    kind,
                    own.weeks,
                    float(value),
                    own.scoring,
                )
