"""Leave what may be published: bundles, records, report, and how to repeat the run."""

from ipdma.plan import Plan
from ipdma.runs.jobs import job
from ipdma.runs.share import FOLDER, Shared, share_files

with job(snakemake, "share") as desk:
    shared = Shared(
        Plan(snakemake.params.plan),
        desk.results,
        snakemake.params.uploads,
        snakemake.params.codebooks,
        snakemake.params.registry,
        snakemake.params.aggregate,
    )
    desk.put_all(share_files(shared, desk.say), FOLDER)
