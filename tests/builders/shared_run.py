"""A results folder of three small trials with its shared folder, made in this process."""

from __future__ import annotations

from pathlib import Path

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.cohort import stack
from ipdma.io import read_upload
from ipdma.plan import read_plan
from ipdma.runs.files import csv_text, with_contrast
from ipdma.runs.parts import analyses_of
from ipdma.runs.share import Shared, share_files
from ipdma.runs.tables import build_tables
from ipdma.site.harmonise import harmonise_study
from ipdma.writing import write_files
from tests.builders.trials import write_plan, write_trial

STUDIES = {"A": 60, "B": 80, "C": 100}


def make_results(place: Path, sizes=None, **changes) -> Shared:
    """Trials, plan, uploads and record files; what the job that shares is given."""
    sizes = sizes or STUDIES
    results = place / "out"
    uploads = []
    for number, (study, n) in enumerate(sizes.items()):
        write_trial(place / "trials" / study, study, seed=number, n=n)
        uploads.append(results / "private" / "harmonised" / study)
        assert harmonise_study(place / "trials" / study, uploads[-1]).ready
    write_plan(place / "plan.yaml", share=True, **changes)
    plan, codebook = read_plan(place / "plan.yaml"), load_codebook()
    cohort = stack([read_upload(folder) for folder in uploads], codebook)
    tables, variants = with_contrast("main", build_tables(cohort, plan, "main"))
    records = analyse(
        tables,
        plan,
        variants=variants,
        participants=cohort.participants,
        codebook=codebook,
        parts=analyses_of("fit"),
    )
    for name in ("estimates", "study_estimates", "counts"):
        (results / f"{name}.csv").write_text(csv_text(getattr(records, name)), encoding="utf-8")
    (results / "report.html").write_text("<!doctype html><title>report</title>", encoding="utf-8")
    return Shared(plan, results, list(map(str, uploads)), [], None, None)


def share(place: Path, sizes=None, **changes) -> Path:
    """The shared folder of such a run."""
    shared = make_results(place, sizes, **changes)
    write_files(shared.results / "share", share_files(shared, lambda line: None))
    return shared.results / "share"
