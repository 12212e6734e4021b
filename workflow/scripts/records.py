"""Gather the records of the jobs into the three record files, whole and as they may be shared."""

from ipdma.disclosure.mask import mask_tables
from ipdma.runs.explain import explain
from ipdma.runs.files import gather_tables
from ipdma.runs.found import earlier_solutions, keep
from ipdma.runs.jobs import job

with job(snakemake, "records") as desk:
    tables = explain(gather_tables(snakemake.params.parts), snakemake.params.explanations)
    earlier = earlier_solutions(desk, snakemake.params.recipe)
    shared = mask_tables(tables, snakemake.params.plan, desk.say, earlier)
    desk.put_tables({"notes": shared.pop("notes")}, "parts")
    desk.put_tables({name: tables[name] for name in shared}, "private/records")
    desk.put_tables(shared)
    keep(desk, earlier)
