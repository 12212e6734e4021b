"""Gather the records of the jobs into the three record files, whole and as they may be shared."""

from ipdma.runs.explain import explain
from ipdma.runs.files import gather_tables
from ipdma.runs.found import earlier_solutions, keep
from ipdma.runs.jobs import job
from ipdma.runs.record_files import record_files

with job(snakemake, "records") as desk:
    tables = explain(gather_tables(snakemake.params.parts), snakemake.params.explanations)
    earlier = earlier_solutions(desk, snakemake.params.recipe)
    desk.put_all(record_files(tables, snakemake.params.plan, desk.say, earlier, snakemake.threads))
    keep(desk, earlier)
