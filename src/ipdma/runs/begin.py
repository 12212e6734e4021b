"""The beginning of a run: plan, studies, results folder; all that is wrong is said before a job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipdma.codebook import Codebook, load_codebook
from ipdma.errors import PlanError, join_faults, nearest
from ipdma.plan import read_plan
from ipdma.provenance import digest_text
from ipdma.report.words import LEFT_OUT_BLINDED
from ipdma.runs.blinding import blind_key
from ipdma.runs.bundles import bundle_faults
from ipdma.runs.layout import Run, codebook_folders, find_aggregate
from ipdma.runs.leftovers import claim, drop_stale, remove_other_jobs
from ipdma.runs.lock import take_lock
from ipdma.runs.places import place_faults
from ipdma.runs.registry import aggregate_faults, registry_faults
from ipdma.runs.studies import StudyFolder, find_studies

DEFAULT_PLAN = "config/config.yaml"
TRUE_WORDS = ("true", "yes", "1")


def begin(configfiles: list[Any], config: Mapping[str, Any], works: bool, scatter: int | None = None) -> Run:
    """Read and check everything that a run starts from.

    Parameters
    ----------
    configfiles : list of path
        What `--configfile` names: at most one plan, which replaces the default plan.
    config : mapping
        What `--config` gives: `overwrite`, and top-level keys of the plan that win over the file's.
    works : bool
        Whether jobs will run: the results folder is taken for this process, and what is out of date in it is
        marked so. Otherwise nothing is changed.
    scatter : int, optional
        See Run.

    Raises
    ------
    PlanError
        In sentences: what, where, what to do. Faults inside the plan come first, then those of what it names.
    """
    if len(configfiles) > 1:
        raise PlanError(
            f"--configfile names {len(configfiles)} plans; a run has one plan, and plans are never merged"
        )
    overrides = dict(config)
    overwrite = str(overrides.pop("overwrite", "false")).lower() in TRUE_WORDS
    path = shortest(Path(configfiles[0])) if configfiles else Path(DEFAULT_PLAN)
    plan = read_plan(path, overrides)
    faults = [*file_faults(plan), *place_faults(Path(plan["results"]), what_is_read(path, plan))]
    studies: list[StudyFolder] = []
    try:
        studies = find_studies(plan["studies"])
    except PlanError as error:
        faults.extend(str(error).splitlines())
    if not faults:
        codebook = load_codebook(codebook_folders(plan, studies))
        faults.extend(table_faults(plan, [study.study for study in studies], codebook))
        faults.extend(word_faults(plan, codebook))
        for study in studies:
            if study.bundle is not None:
                faults.extend(bundle_faults(study.folder, study.bundle, plan, codebook))
    if faults:
        raise PlanError(join_faults(faults))
    notices: list[str] = []
    if plan["blind"]:
        blind_key()
        studies, notices = without_bundles(studies)
    run = Run(plan, Path(plan["results"]), tuple(studies), digest_text(plan.as_yaml()), notices, scatter)
    run.notices.extend(claim(run.results, plan, overwrite))
    if works:
        run.notices.extend(take_lock(run.results))
    run.notices.extend(drop_stale(run.results, run.recipes, works))
    run.notices.extend(remove_other_jobs(run.results, run.jobs, works))
    return run


def without_bundles(studies: Sequence[StudyFolder]) -> tuple[list[StudyFolder], list[str]]:
    """The trials whose arms can be drawn anew, and lines that say what a blinded run leaves out.

    Raises PlanError where every trial came as a bundle.
    """
    kept = [study for study in studies if study.bundle is None]
    if not kept:
        raise PlanError("blind: every trial came as a bundle, whose arms cannot be drawn anew")
    bundles = [study.study for study in studies if study.bundle is not None]
    lines = [f"BLINDED: arms are drawn anew inside each trial. Left out: {LEFT_OUT_BLINDED}."]
    return kept, lines + ([f"BLINDED: without the bundles of {', '.join(bundles)}"] if bundles else [])


def shortest(path: Path) -> Path:
    """A path as seen from here, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def file_faults(plan: Mapping[str, Any]) -> Iterator[str]:
    """Files and folders that the plan names and that are not there."""
    for key in ("registry", "aggregate"):
        if plan[key] and not Path(plan[key]).is_file():
            yield f"{key}: '{plan[key]}' is not there, seen from where snakemake runs"
    if plan["codebook"] and not Path(plan["codebook"]).is_dir():
        yield f"codebook: '{plan['codebook']}' is no folder, seen from where snakemake runs"


def what_is_read(path: Path, plan: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Everything that a run reads, with its name in a sentence."""
    yield "the plan", path
    studies = plan["studies"]
    for place in [studies] if isinstance(studies, str) else studies:
        yield "the data", Path(place)
    for key in ("registry", "aggregate", "codebook"):
        if plan[key]:
            yield f"the plan's {key}", Path(plan[key])


def table_faults(plan: Mapping[str, Any], studies: Sequence[str], codebook: Codebook) -> Iterator[str]:
    """What is wrong inside the registry and the aggregate results."""
    aggregate = find_aggregate(plan)
    if plan["registry"]:
        yield from registry_faults(Path(plan["registry"]), studies)
    if aggregate:
        yield from aggregate_faults(aggregate, plan, codebook)


def word_faults(plan: Mapping[str, Any], codebook: Codebook) -> Iterator[str]:
    """Conditions, instruments and variables that the plan names and the codebook does not know."""
    yield from condition_faults(plan, codebook)
    yield from knot_faults(plan["moderators"], codebook)
    yield from unknown(
        "prognosis.conditions", plan["prognosis"]["conditions"], codebook.conditions, "condition"
    )
    network = plan["network"]
    known = codebook.conditions
    for node, conditions in network["nodes"].items():
        yield from unknown(f"network.nodes.{node}", conditions, known, "condition")
    if network["reference"] and not network["nodes"]:
        yield from unknown("network.reference", [network["reference"]], known, "condition")
    if plan["nesting"]["column"]:
        yield from unknown("nesting.column", [plan["nesting"]["column"]], codebook.variables, "variable")
    lists = {"instruments.preference": plan["instruments"]["preference"], "external": plan["external"]}
    for name, own in plan["outcomes"].items():
        lists[f"outcomes.{name}.instruments"] = own["instruments"] or []
    for name, own in plan["sensitivity"].items():
        lists[f"sensitivity.{name}.preference"] = own.get("preference", [])
        stated = own.get("reliability")
        lists[f"sensitivity.{name}.reliability"] = stated if isinstance(stated, Mapping) else []
        lists[f"sensitivity.{name}.crosswalk"] = [own["crosswalk"]] if own.get("crosswalk") else []
    for name, own in plan["moderators"].items():
        lists[f"moderators.{name}.spline"] = own["spline"] if isinstance(own["spline"], Mapping) else []
    for where, names in lists.items():
        yield from unknown(where, names, codebook.instruments, "instrument")


def condition_faults(plan: Mapping[str, Any], codebook: Codebook) -> Iterator[str]:
    """Conditions of the contrasts that the codebook does not know."""
    for name, contrast in plan["contrasts"].items():
        for side in ("active", "reference"):
            yield from unknown(f"contrasts.{name}.{side}", contrast[side], codebook.conditions, "condition")


def knot_faults(moderators: Mapping[str, Any], codebook: Codebook) -> Iterator[str]:
    """Knots on a variable that holds no numbers."""
    for name, own in moderators.items():
        known = codebook.variables.get(own["column"])
        if isinstance(own["spline"], list) and known is not None and known.type != "number":
            yield (
                f"moderators.{name}.spline: expected knots of a variable of numbers, got "
                f"'{own['column']}', whose type in the codebook is {known.type}; leave spline out"
            )


def unknown(where: str, names: Any, known: Mapping[str, Any], kind: str) -> Iterator[str]:
    """One sentence per name that the codebook does not have."""
    for name in names:
        if name not in known:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            yield f"{where}: the codebook has no {kind} '{name}'{hint}"
