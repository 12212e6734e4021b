"""Stack the uploads and write the rows of each contrast."""

from ipdma.bundle.guest import everyone, guest_of
from ipdma.codebook import load_codebook
from ipdma.cohort import stack
from ipdma.plan import Plan
from ipdma.runs.bundles import read_contributed
from ipdma.runs.files import analysis_files, read_registry, typed_files
from ipdma.runs.jobs import job
from ipdma.runs.tables import build_tables, describe

with job(snakemake, "cohort") as desk:
    plan = Plan(snakemake.params.plan)
    uploads, bundles = read_contributed(snakemake.params.uploads)
    codebook = load_codebook(snakemake.params.codebooks)
    registry = read_registry(snakemake.params.registry)
    aggregate = read_registry(snakemake.params.aggregate)
    cohort = stack(uploads, codebook, registry, [guest_of(bundle) for bundle in bundles])
    desk.put_all(typed_files("participants", everyone(cohort, bundles)), "private/cohort")
    for contrast in snakemake.params.contrasts:
        tables = build_tables(cohort, plan, contrast, aggregate)
        describe(contrast, tables, desk.say)
        desk.put_all(analysis_files(tables), f"private/cohort/{contrast}")
