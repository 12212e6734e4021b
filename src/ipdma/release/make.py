"""Makes the bundle of one trial from its harmonised rows and the frozen plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.context import Context
from ipdma.analysis.settings import read_settings
from ipdma.bundle.digests import dictionary_digests, plan_digests
from ipdma.bundle.records import Arm, Bundle, Gate, Withheld
from ipdma.codebook import Codebook
from ipdma.cohort import Cohort, Upload, stack
from ipdma.integrity import check_integrity, read_tables
from ipdma.plan import Plan
from ipdma.provenance import find_versions
from ipdma.release.cells import Table, build_cells, count_cell, needs_all_trials
from ipdma.release.completed_sets import completed_row_sets
from ipdma.release.moments import Draft, draft_blocks
from ipdma.release.row_sets import row_sets
from ipdma.release.scales import SquaresDraft, draft_squares
from ipdma.release.site_plan import cut_scores, site_plan

PACKAGES = ("numpy", "pandas")
NEEDS_ALL = "it is derived with a standard deviation over all trials"
CUT_SCORES = "it cuts baseline scores that were divided by a constant, which may be that of all trials"
IN_POINTS = "let the outcome itself, not an analysis of it alone, stay in points (its standardise: none)"
GIVE_ONE = "let the plan's reliable_change name a standard deviation of each study, or an external one"


@dataclass(frozen=True)
class TrialDraft:
    """Everything that a trial could give, before the gate.

    Attributes
    ----------
    bundle : Bundle
        Without blocks and standardisers.
    blocks : list of Draft
        In the order of what they are worth, the headline's first.
    squares : list of SquaresDraft
    held : list of Withheld
        What no gate at this minimum would let pass, and so was not made.
    """

    bundle: Bundle
    blocks: list[Draft]
    squares: list[SquaresDraft]
    held: list[Withheld] = field(default_factory=list)


def draft_trial(upload: Upload, plan: Plan, codebook: Codebook, minimum: int = 1) -> TrialDraft:
    """Work out every moment of a trial that the plan uses; no other trial is opened.

    Where a gate of `minimum` people could let no completed data set of a cell pass, none is made.

    Raises
    ------
    DataError
        Where the upload holds no participant.
    """
    cohort = stack([upload], codebook)
    study = str(upload.study["study"]["id"])
    alone = site_plan(plan)
    tables = list(build_cells(cohort, alone))
    arms = arms_of(upload, cohort)
    head = Bundle(
        study=study_words(upload),
        arms=arms,
        plan=plan_digests(plan),
        dictionary=dictionary_digests(plan, codebook),
        versions=find_versions(PACKAGES),
        gate=Gate(plan["minimum_cell"], False, (), tuple(not_possible(plan))),
        scales=(),
        cells=tuple(count_cell(table, arms) for table in tables),
        blocks=(),
        integrity=integrity_counts(upload, study, codebook),
        time_points={name: own["timepoint"] for name, own in plan["time_points"].items()},
    )
    context = context_of(alone, tables, cohort, codebook)
    completed = list(completed_row_sets(context, plan, codebook, minimum))
    sets = (own for own in completed if not isinstance(own, Withheld))
    blocks = draft_blocks(chain(row_sets(context, codebook), sets))
    held = [own for own in completed if isinstance(own, Withheld)]
    return TrialDraft(head, blocks, draft_squares(cohort, plan, study, tables), held)


def context_of(plan: Plan, tables: list[Table], cohort: Cohort, codebook: Codebook) -> Context:
    """The trial's cells as the analyses read them."""
    settings = read_settings(plan)
    cells: dict[tuple[str, str, str], Cell] = {}
    variants: dict[str, dict[tuple[str, str, str], Any]] = {}
    for table in tables:
        key = (table.contrast, table.outcome, table.timepoint)
        if table.variant:
            variants.setdefault(table.variant, {})[key] = table.found
        elif not table.rows.empty:
            cells[key] = cell_of(key, table.found, settings.family_of(table.outcome))
    return Context(settings, cells, variants=variants, participants=cohort.participants, codebook=codebook)


def arms_of(upload: Upload, cohort: Cohort) -> dict[str, Arm]:
    """The arms with people in them."""
    said = upload.study.get("arms") or {}
    people = cohort.participants.groupby("arm")
    return {
        str(arm): Arm(str(own["condition"].iloc[0]), label_of(said, str(arm)), len(own))
        for arm, own in people
    }


def label_of(said: Mapping[str, Any], arm: str) -> str:
    """An arm's own label; empty where study.yaml gives none."""
    own = said.get(arm)
    return str(own.get("label") or "") if isinstance(own, Mapping) else ""


def study_words(upload: Upload) -> dict[str, Any]:
    """What study.yaml says of the trial."""
    own = upload.study["study"]
    return {
        "id": str(own["id"]),
        "country": str(own.get("country") or ""),
        "year": whole_or_none(own.get("year")),
        "randomised": whole_or_none(own.get("randomised")),
    }


def whole_or_none(value: Any) -> int | None:
    """A whole number written as text, or None."""
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def not_possible(plan: Plan) -> list[Withheld]:
    """Outcomes of the plan, and moderators of its analyses, that no bundle can carry."""
    found = [
        Withheld(f"outcome {name}", "none", NEEDS_ALL, GIVE_ONE)
        for name in plan["outcomes"]
        if needs_all_trials(plan, name)
    ]
    return found + [Withheld(what, "none", CUT_SCORES, IN_POINTS) for what in cut_analyses(plan)]


def cut_analyses(plan: Plan) -> Iterator[str]:
    """Where a plan asks for a moderator that cuts scores in other units than points."""
    cut = cut_scores(plan)
    scaled = [name for name in plan["outcomes"] if plan.outcome(name)["standardise"] != "none"]
    for outcome in scaled:
        asked = plan.outcome(outcome)["moderators"]
        yield from (f"outcome {outcome}: moderator {name}" for name in cut if asked is None or name in asked)
    for analysis, own in plan["sensitivity"].items():
        changed, asked = own.get("standardise", "none") != "none", own.get("moderators") or ()
        if changed or {*(own.get("outcomes") or [plan.first_outcome])} & {*scaled}:
            yield from (f"sensitivity {analysis}: moderator {name}" for name in cut if name in asked)
    own = plan["prognosis"]
    if own["conditions"] and {*own["outcomes"]} & {*scaled}:
        asked = own["predictors"]
        yield from (f"prognosis: predictor {name}" for name in cut if asked is None or name in asked)


def integrity_counts(upload: Upload, study: str, codebook: Codebook) -> tuple[tuple[str, str, int], ...]:
    """Checks of the trial's data by domain and outcome."""
    tables = read_tables(study, upload.study, upload.participants, upload.assessments, codebook)
    counts = Counter((str(own.domain), own.outcome) for own in check_integrity(tables))
    return tuple((domain, outcome, n) for (domain, outcome), n in sorted(counts.items()))
