"""Stack the uploads and write the rows of each contrast."""

from ipdma.codebook import load_codebook
from ipdma.cohort import stack
from ipdma.io import read_upload
from ipdma.plan import Plan
from ipdma.runs.files import analysis_files, read_registry, typed_files
from ipdma.runs.jobs import job
from ipdma.runs.tables import build_tables, describe

with job(snakemake, "cohort") as desk:
    plan = Plan(snakemake.params.plan)
    uploads = [read_upload(folder) for folder in snakemake.params.uploads]
    cohort = stack(
        uploads, load_codebook(snakemake.params.codebooks), read_registry(snakemake.params.registry)
    )
    desk.put_all(typed_files("participants", cohort.participants), "private/cohort")
    for contrast in snakemake.params.contrasts:
        tables = build_tables(cohort, plan, contrast)
        describe(contrast, tables, desk.say)
        desk.put_all(analysis_files(tables), f"private/cohort/{contrast}")
