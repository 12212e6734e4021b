"""A run as its rules are laid out: studies, jobs, what each job is made from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ipdma.plan import Plan
from ipdma.provenance import digest_code, digest_text, find_versions
from ipdma.report.words import foot_line
from ipdma.runs.blinding import blind_key
from ipdma.runs.recipes import codebook_files, digest_fit, digest_numbers, make_recipe, rows_plan
from ipdma.runs.studies import StudyFolder
from ipdma.site.harmonise import KEY
from ipdma.site.study_file import TWIN

SHARD = 1000  # trials times questions of a contrast that one fitting job takes, in some ten minutes


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
    notices : list of str
        Lines to tell the user before the run.
    scatter : int or None
        Among how many jobs the analyses of each contrast are dealt out; None: by the plan's size.
    """

    plan: Plan
    results: Path
    studies: tuple[StudyFolder, ...]
    digest: str
    notices: list[str]
    scatter: int | None = None

    @property
    def study_ids(self) -> list[str]:
        """Ids of the contributed trials."""
        return [study.study for study in self.studies]

    def study(self, name: str) -> StudyFolder:
        """One contributed trial, by its id. Raises StopIteration where the run has none of that id."""
        return next(study for study in self.studies if study.study == name)

    @property
    def cohorts(self) -> list[str]:
        """Contrasts of the plan, `prognosis` and `network` where it asks for them: one job each."""
        return self.plan.jobs

    @property
    def parts(self) -> list[str]:
        """Folders of the records of each fitting job, under `private/parts/`."""
        looked = ["trials/integrity"] if self.looks else []
        imputed = [f"{contrast}/imputation" for contrast in self.plan["contrasts"]]
        return [*self.cohorts, *imputed, *looked]

    @property
    def blind(self) -> bool:
        """Whether arms are drawn anew and what would tell them is left out."""
        return bool(self.plan["blind"])

    @property
    def looks(self) -> bool:
        """Whether the integrity of the data is looked at: its pages tell of true arms."""
        return bool(self.plan["integrity"]) and not self.blind

    @property
    def folders(self) -> list[str]:
        """Folders of pages beside the report, one page per trial in each."""
        return [] if self.blind else ["validation/", *(["integrity/"] if self.looks else [])]

    @property
    def stamp(self) -> str:
        """What stands on every page."""
        return foot_line(self.plan, self.synthetic)

    @property
    def contact(self) -> str:
        """Whom a site asks, or nothing."""
        return str(self.plan["contact"] or "")

    @property
    def codebook_folders(self) -> list[str]:
        """The plan's and the studies' own codebooks."""
        return [str(folder) for folder in codebook_folders(self.plan, self.studies)]

    @property
    def synthetic(self) -> bool | str:
        """Whether a truth.yaml beside the studies says that their participants are invented.

        `TWIN` where a study's arms say that it is a twin.
        """
        if any(study.twin for study in self.studies):
            return TWIN
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

    @property
    def jobs(self) -> list[str]:
        """Every job whose stamp the run needs, each after those that it builds upon."""
        fits = [f"fit/{contrast}" for contrast in self.cohorts]
        imputes = [f"impute/{contrast}" for contrast in self.plan["contrasts"]]
        fitted = [job for fit in (*fits, *imputes) for job in (*self.shards_of(fit), fit)]
        looked = ["integrity"] if self.looks else []
        uploads = [f"harmonise/{study}" for study in self.study_ids]
        after = ["records", "report", *(["share"] if self.plan["share"] else [])]
        return ["plan", *uploads, "cohort", *fitted, *looked, *after]

    @property
    def recorded(self) -> list[str]:
        """The jobs whose records are gathered."""
        fitted = ("fit", "impute", "integrity")
        return [job for job in self.jobs if job.partition("/")[0] in fitted and not is_shard(job)]

    @property
    def shards(self) -> int:
        """Among how many jobs the analyses of each contrast are dealt out; 1 where none is needed."""
        if self.scatter:
            return self.scatter
        questions = max(len(self.plan.cells(contrast)) for contrast in self.plan["contrasts"])
        return max(1, len(self.studies) * questions // SHARD)

    def shards_of(self, job: str) -> list[str]:
        """The jobs that make the results of a fitting job, which then gathers them; none of a small plan."""
        if self.shards < 2 or job.partition("/")[2] not in self.plan["contrasts"]:
            return []
        return [f"{job}/{turn}-of-{self.shards}" for turn in range(1, self.shards + 1)]

    def kept_by(self, job: str) -> list[str]:
        """The jobs whose results a fitting job may take: its shards, or the job that it is a shard of."""
        return [job.rpartition("/")[0]] if is_shard(job) else self.shards_of(job)

    @property
    def has_bundles(self) -> bool:
        """Whether a trial came without rows."""
        return any(study.bundle is not None for study in self.studies)

    def files(self, job: str) -> dict[str, Path]:
        """What a job reads that no other job made, by what it may be called outside."""
        kind, _, name = job.partition("/")
        if kind == "harmonise":
            own = {"plan": Path(self.plan["codebook"])} if self.plan["codebook"] else {}
            return self.study(name).labelled | codebook_files(own)
        if kind in ("plan", "records"):
            return {}
        tables = {"registry": self.registry, "aggregate": self.aggregate}
        if kind == "integrity":
            tables.pop("aggregate")
        if kind == "impute":
            tables = {}
        named = {label: path for label, path in tables.items() if path is not None}
        books = {f"codebook {n}": Path(f) for n, f in enumerate(self.codebook_folders, 1)}
        return named | (codebook_files(books) if kind != "report" else {})

    @cached_property
    def rows_plan(self) -> dict[str, Any]:
        """What the job that makes the rows is given of the plan."""
        return rows_plan(self.plan)

    @cached_property
    def recipes(self) -> dict[str, dict[str, object]]:
        """What each job is made from, by digest, as it was when the run began."""
        return {job: self.recipe(job) for job in self.jobs}

    def recipe(self, job: str) -> dict[str, object]:
        """What a job is made from, by digest."""
        kind = job.partition("/")[0]
        more: dict[str, Any] = {}
        if kind in ("plan", "report"):
            more = {"plan": self.digest}
        elif kind == "records":
            more = {"explanations": self.plan["explanations"], "parts": self.parts}
            more |= {"plan": digest_numbers(self.plan)}
        elif kind == "cohort":
            more = {"plan": digest_text(json.dumps(self.rows_plan))}
        elif kind in ("fit", "impute"):
            more = {"plan": digest_fit(self.plan, kind, job.split("/")[1])}
        elif kind == "integrity":
            more = {"stamp": self.stamp, "least": self.plan["minimum_cell"], "contact": self.contact}
        elif kind == "harmonise":
            more = {"pseudonyms": digest_key(os.environ.get(KEY, "")), "least": self.plan["minimum_cell"]}
            if self.contact:
                more |= {"contact": self.contact}
            if self.blind:
                more |= {"blind": digest_key(blind_key()), "package": digest_code(["runs"])}
        elif kind == "share":
            more = {"plan": self.digest}
        if kind == "report":
            printed = [list(pair) for pair in self.versions.items()]
            more |= {"versions_printed": printed, "folders": self.folders, "synthetic": self.synthetic}
        one = kind == "harmonise"
        bundles = self.study(job.partition("/")[2]).bundle is not None if one else self.has_bundles
        return make_recipe(kind, self.files(job), bundles, **more)


def is_shard(job: str) -> bool:
    """Whether a job makes a share of another's results, as `fit/main/1-of-3`."""
    return job.count("/") == 2


def digest_key(key: str) -> str:
    """What tells two keys apart and costs a guesser dearly (PBKDF2); it stays in private stamps.

    Empty without a key.
    """
    return hashlib.pbkdf2_hmac("sha256", key.encode(), b"ipdma", 50_000).hex()[:16] if key else ""


def find_aggregate(plan: Mapping[str, Any]) -> Path | None:
    """The file of aggregate results that a plan has, or None."""
    if plan.get("blind"):
        return None  # published contrasts tell the arms
    if plan["aggregate"]:
        return Path(plan["aggregate"])
    if not plan["registry"]:
        return None
    beside = Path(plan["registry"]).with_name("aggregate.tsv")
    return beside if beside.is_file() else None


def codebook_folders(plan: Mapping[str, Any], studies: Sequence[StudyFolder]) -> list[Path]:
    """The plan's and the studies' own codebooks."""
    folders = [Path(plan["codebook"])] if plan["codebook"] else []
    return folders + [s.folder / "codebook" for s in studies if (s.folder / "codebook").is_dir()]
