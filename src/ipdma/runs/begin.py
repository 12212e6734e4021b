"""The beginning of a run: plan, studies, results folder; all that is wrong is said before a job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdma.codebook import Codebook, load_codebook
from ipdma.errors import PlanError, join_faults, nearest
from ipdma.plan import PROGNOSIS, Plan, read_plan
from ipdma.provenance import digest_code, digest_text, find_versions
from ipdma.report.words import STAMP
from ipdma.runs.leftovers import claim
from ipdma.runs.registry import aggregate_faults, registry_faults
from ipdma.runs.studies import StudyFolder, find_studies

DEFAULT_PLAN = "config/config.yaml"
TRUE_WORDS = ("true", "yes", "1")


@dataclass(frozen=True)
class Run:
    """What the workflow's rules are laid out from.

    Attributes
    ----------
    plan : Plan
    results : Path
    studies : tuple of StudyFolder
    digest : str
        SHA-256 of the complete plan.
    notice : str or None
        A line to tell the user before the run.
    """

    plan: Plan
    results: Path
    studies: tuple[StudyFolder, ...]
    digest: str
    notice: str | None

    @property
    def study_ids(self) -> list[str]:
        """Ids of the contributed trials."""
        return [study.study for study in self.studies]

    def study(self, name: str) -> StudyFolder:
        """One contributed trial."""
        return next(study for study in self.studies if study.study == name)

    def files_of(self, name: str) -> list[str]:
        """The files that one trial's upload is made from."""
        return [str(path) for path in self.study(name).files]

    @property
    def cohorts(self) -> list[str]:
        """Contrasts of the plan, and `prognosis` where the plan asks for it: one job each."""
        asked = [PROGNOSIS] if self.plan["prognosis"]["conditions"] else []
        return [*self.plan["contrasts"], *asked]

    @property
    def parts(self) -> list[str]:
        """Folders of the records of each fitting job, under `parts/`."""
        looked = ["trials/integrity"] if self.plan["integrity"] else []
        imputed = [f"{contrast}/imputation" for contrast in self.plan["contrasts"]]
        return [*self.cohorts, *imputed, *looked]

    @property
    def pages(self) -> list[str]:
        """Pages beside the report: the integrity of each trial, where the plan asks for it."""
        return [f"integrity/{study}.html" for study in self.study_ids] if self.plan["integrity"] else []

    @property
    def folders(self) -> list[str]:
        """Folders of pages beside the report, one page per trial in each."""
        return ["validation/", *(["integrity/"] if self.plan["integrity"] else [])]

    @property
    def stamp(self) -> str:
        """What stands on every page: the plan's footer, or that the participants are invented."""
        return str(self.plan["footer"] or "") or (STAMP if self.synthetic else "")

    @property
    def tables(self) -> list[str]:
        """The registry and the aggregate results, where the plan has them."""
        return [str(path) for path in (self.registry, self.aggregate) if path]

    @property
    def codebook_folders(self) -> list[str]:
        """The plan's and the studies' own codebooks."""
        return [str(folder) for folder in codebook_folders(self.plan, self.studies)]

    @property
    def synthetic(self) -> bool:
        """Whether a truth.yaml beside the studies says that their participants are invented."""
        return any((study.folder.parent / "truth.yaml").is_file() for study in self.studies)

    @property
    def versions(self) -> dict[str, str]:
        """What the report prints under versions and digests."""
        digests = {"plan, SHA-256": self.digest, "seed": str(self.plan["seed"])}
        rooms = {f"code of {room}/, SHA-256": digest_code([room]) for room in ("site", "cohort", "analysis")}
        return {**find_versions(), **digests, **rooms}

    @property
    def registry_text(self) -> str | None:
        """The registry's path as text."""
        return str(self.registry) if self.registry else None

    @property
    def aggregate_text(self) -> str | None:
        """The path of the aggregate results as text."""
        return str(self.aggregate) if self.aggregate else None

    @property
    def registry(self) -> Path | None:
        """The table of all eligible trials."""
        return Path(self.plan["registry"]) if self.plan["registry"] else None

    @property
    def aggregate(self) -> Path | None:
        """Results of trials without participant data: the plan's file, or the one beside the registry."""
        return find_aggregate(self.plan)


def find_aggregate(plan: Mapping[str, Any]) -> Path | None:
    """The file of aggregate results that a plan has, or None."""
    if plan["aggregate"]:
        return Path(plan["aggregate"])
    if not plan["registry"]:
        return None
    beside = Path(plan["registry"]).with_name("aggregate.tsv")
    return beside if beside.is_file() else None


def begin(configfiles: list[Any], config: Mapping[str, Any], dry_run: bool) -> Run:
    """Read and check everything that a run starts from.

    Parameters
    ----------
    configfiles : list of path
        What `--configfile` names: at most one plan, which replaces the default plan.
    config : mapping
        What `--config` gives: `overwrite`, and top-level keys of the plan that win over the file's.
    dry_run : bool
        Change nothing.

    Raises
    ------
    PlanError
        In sentences: what, where, what to do.
    """
    if len(configfiles) > 1:
        raise PlanError(
            f"--configfile names {len(configfiles)} plans; a run has one plan, and plans are never merged"
        )
    overrides = dict(config)
    overwrite = str(overrides.pop("overwrite", "false")).lower() in TRUE_WORDS
    plan = read_plan(shortest(Path(configfiles[0])) if configfiles else DEFAULT_PLAN, overrides)
    faults = [*file_faults(plan)]
    studies: list[StudyFolder] = []
    try:
        studies = find_studies(plan["studies"])
    except PlanError as error:
        faults.extend(str(error).splitlines())
    if not faults:
        faults.extend(table_faults(plan, [study.study for study in studies]))
        faults.extend(word_faults(plan, load_codebook(codebook_folders(plan, studies))))
    if faults:
        raise PlanError(join_faults(faults))
    results = Path(plan["results"])
    notice = claim(results, plan, overwrite, dry_run)
    return Run(plan, results, tuple(studies), digest_text(plan.as_yaml()), notice)


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
    results = Path(plan["results"])
    if results.exists() and not results.is_dir():
        yield f"results: '{results}' is a file; expected a folder"


def table_faults(plan: Mapping[str, Any], studies: Sequence[str]) -> Iterator[str]:
    """What is wrong inside the registry and the aggregate results."""
    aggregate = find_aggregate(plan)
    if plan["registry"]:
        yield from registry_faults(Path(plan["registry"]), studies)
    if aggregate:
        yield from aggregate_faults(aggregate, plan)


def codebook_folders(plan: Mapping[str, Any], studies: Sequence[StudyFolder]) -> list[Path]:
    """The plan's and the studies' own codebooks."""
    folders = [Path(plan["codebook"])] if plan["codebook"] else []
    return folders + [s.folder / "codebook" for s in studies if (s.folder / "codebook").is_dir()]


def word_faults(plan: Mapping[str, Any], codebook: Codebook) -> Iterator[str]:
    """Conditions, instruments and variables that the plan names and the codebook does not know."""
    for name, contrast in plan["contrasts"].items():
        for side in ("active", "reference"):
            yield from unknown(f"contrasts.{name}.{side}", contrast[side], codebook.conditions, "condition")
    yield from unknown(
        "prognosis.conditions", plan["prognosis"]["conditions"], codebook.conditions, "condition"
    )
    lists = {"instruments.preference": plan["instruments"]["preference"], "external": plan["external"]}
    for name, own in plan["outcomes"].items():
        lists[f"outcomes.{name}.instruments"] = own["instruments"] or []
    for name, own in plan["sensitivity"].items():
        lists[f"sensitivity.{name}.preference"] = own.get("preference", [])
        lists[f"sensitivity.{name}.crosswalk"] = [own["crosswalk"]] if own.get("crosswalk") else []
    for where, names in lists.items():
        yield from unknown(where, names, codebook.instruments, "instrument")


def unknown(where: str, names: Any, known: Mapping[str, Any], kind: str) -> Iterator[str]:
    """One sentence per name that the codebook does not have."""
    for name in names:
        if name not in known:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            yield f"{where}: the codebook has no {kind} '{name}'{hint}"
