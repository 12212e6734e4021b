"""Which trials a run has to harmonise: those without an upload, or not as their recipes would make it."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdma.provenance import digest_text
from ipdma.runs.layout import Run
from ipdma.runs.stamps import stamp_path, why_stale

AT_ONCE = 2_000_000  # bytes of trials' files that one process takes, in some six seconds
MOST_HANDS = 4
MAY_FORCE = re.compile(r"--force|-[^-]*[FR]|harmonise$")  # at the start of a word


@dataclass(frozen=True)
class Due:
    """Trials whose uploads one job makes.

    Attributes
    ----------
    run : Run
    studies : sequence of str
        Their ids, in the run's order.
    """

    run: Run
    studies: Sequence[str]

    @property
    def hands(self) -> int:
        """In how many processes they are made: small ones in one, since to start another takes longer."""
        paths = [path for study in self.studies for path in self.run.study(study).files]
        return min(MOST_HANDS, max(1, len(self.studies)), 1 + sum(map(size_of, paths)) // AT_ONCE)

    @property
    def digest(self) -> str:
        """One digest of what all are made from."""
        return digest_text(json.dumps({study: self.recipe(study) for study in self.studies}))

    @property
    def trials(self) -> dict[str, dict[str, Any]]:
        """Of each its folder, its recipe, and the files behind the digests of that."""
        return {
            study: {
                "folder": str(self.run.study(study).folder),
                "recipe": self.recipe(study),
                "files": {label: str(path) for label, path in self.run.files(f"harmonise/{study}").items()},
            }
            for study in self.studies
        }

    @property
    def how(self) -> dict[str, Any]:
        """What `admit` is told of all."""
        plan = self.run.plan
        told = {"codebook": plan["codebook"], "fewest": plan["minimum_cell"]}
        return {**told, "blind": self.run.blind, "contact": self.run.contact}

    def recipe(self, study: str) -> dict[str, object]:
        """What a trial's upload is made from."""
        return self.run.recipes[f"harmonise/{study}"]


def find_due(run: Run, again: bool) -> Due:
    """The trials whose uploads are to be made; all of them with `again`."""
    return Due(run, run.study_ids if again else list(undone(run)))


def asked_anew(words: Sequence[str], parser: Callable[[], ArgumentParser]) -> bool:
    """Whether Snakemake's command line, the program first, asks for every trial again.

    Snakemake tells its rules of that too late. Its own parser reads the words, and it is made only where one
    may say so, since that takes a sixth of a second. What a profile asks for is not seen.
    """
    program, *rest = words
    if "snakemake" not in program or not any(MAY_FORCE.match(word) for word in rest):
        return False
    asked = parser().parse_known_args(rest)[0]
    return bool(asked.forceall) or "harmonise" in {*(asked.forcerun or ()), *(asked.targets or ())}


def undone(run: Run) -> Iterator[str]:
    """Trials without a stamp, or with one that is no longer true."""
    for study in run.study_ids:
        job = f"harmonise/{study}"
        if not stamp_path(run.results, job).exists() or any(why_stale(run.results, job, run.recipes[job])):
            yield study


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where it went since the run began, which its job says."""
    return path.stat().st_size if path.exists() else 0
