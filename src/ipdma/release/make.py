"""Makes the bundle of one trial from its harmonised rows and the frozen plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
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
IN_POINTS = "let the outcome stay in points (standardise: none)"
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
    """

    bundle: Bundle
    blocks: list[Draft]
    squares: list[SquaresDraft]


def draft_trial(upload: Upload, plan: Plan, codebook: Codebook) -> TrialDraft:
    """Work out every moment of a trial that the plan uses; no other trial is opened.

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
    blocks = draft_blocks(chain(row_sets(context, codebook), completed_row_sets(context, plan, codebook)))
    return TrialDraft(head, blocks, draft_squares(cohort, plan, study, tables))


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
    """Outcomes of the plan, and moderators of its outcomes, that no bundle can carry."""
    found = [
        Withheld(f"outcome {name}", "none", NEEDS_ALL, GIVE_ONE)
        for name in plan["outcomes"]
        if needs_all_trials(plan, name)
    ]
    for outcome in plan["outcomes"]:
        own, cut = plan.outcome(outcome), cut_scores(plan)
        if own["standardise"] != "none":
            asked = [name for name in cut if own["moderators"] is None or name in own["moderators"]]
            words = (f"outcome {outcome}: moderator {name}" for name in asked)
            found += [Withheld(what, "none", CUT_SCORES, IN_POINTS) for what in words]
    return found


def integrity_counts(upload: Upload, study: str, codebook: Codebook) -> tuple[tuple[str, str, int], ...]:
    """Checks of the trial's data by domain and outcome."""
    tables = read_tables(study, upload.study, upload.participants, upload.assessments, codebook)
    counts = Counter((str(own.domain), own.outcome) for own in check_integrity(tables))
    return tuple((domain, outcome, n) for (domain, outcome), n in sorted(counts.items()))
