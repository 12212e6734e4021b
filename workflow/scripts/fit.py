"""Run the plan's analyses on the rows of one contrast, unless all that they read is as it was."""

from ipdma.runs.jobs import job
from ipdma.runs.whole import digest_read, keep_whole, take_whole

with job(snakemake, snakemake.wildcards.contrast) as desk:
    read = digest_read(snakemake)
    if not take_whole(desk, read):
        # here, since to load what models need takes longer than to see that nothing changed
        from ipdma.runs.fit_contrast import fit_contrast

        fit_contrast(desk, snakemake)
        keep_whole(desk, read)
