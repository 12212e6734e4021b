"""Check one trial's files and write its harmonised upload and reports."""

from ipdma.runs.admit import admit_study
from ipdma.runs.jobs import job

with job(snakemake.log[0], snakemake.wildcards.study) as say:
    admit_study(
        snakemake.params.folder,
        snakemake.params.out,
        local=snakemake.output.local,
        shareable=snakemake.output.shareable,
        to_fix=snakemake.params.to_fix,
        codebook=snakemake.params.codebook,
        say=say,
    )
