"""Run the plan's analyses on the rows of one contrast, unless all that they read is as it was."""

from ipdma.runs.jobs import job
from ipdma.runs.whole import fit_or_take

with job(snakemake, snakemake.wildcards.contrast) as desk:
    fit_or_take(desk, snakemake)
