"""Stack the uploads and write the rows of each contrast."""

from ipdma.codebook import load_codebook
from ipdma.cohort import stack
from ipdma.io import read_upload
from ipdma.plan import read_plan
from ipdma.runs.files import read_registry, write_analysis_rows, write_typed
from ipdma.runs.jobs import job
from ipdma.runs.tables import build_tables, describe

with job(snakemake.log[0], "cohort") as say:
    plan = read_plan(snakemake.input.plan)
    uploads = [read_upload(folder) for folder in snakemake.params.uploads]
    cohort = stack(
        uploads, load_codebook(snakemake.params.codebooks), read_registry(snakemake.params.registry)
    )
    write_typed(f"{snakemake.params.out}/participants", cohort.participants)
    for contrast in snakemake.params.contrasts:
        tables = build_tables(cohort, plan, contrast)
        describe(contrast, tables, say)
        write_analysis_rows(f"{snakemake.params.out}/{contrast}", tables)
