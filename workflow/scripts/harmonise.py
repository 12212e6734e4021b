"""Check one trial's files, or read its bundle, and write its harmonised upload and reports."""

from ipdma.runs.admit import admit
from ipdma.runs.jobs import job

with job(snakemake, snakemake.wildcards.study) as desk:
    desk.put_all(
        admit(
            snakemake.wildcards.study,
            snakemake.params.folder,
            snakemake.params.codebook,
            desk.results,
            snakemake.params.least,
            desk.say,
            snakemake.params.blind,
            snakemake.params.contact,
        )
    )
