"""Check the integrity of every contributed trial and write a page for each."""

from ipdma.codebook import load_codebook
from ipdma.io import read_upload
from ipdma.runs.examine import examine_uploads
from ipdma.runs.files import read_registry, write_files
from ipdma.runs.jobs import job

with job(snakemake.log[0], "integrity") as say:
    uploads = [read_upload(folder) for folder in snakemake.params.uploads]
    codebook = load_codebook(snakemake.params.codebooks)
    registry = read_registry(snakemake.params.registry)
    write_files(
        snakemake.params.out, examine_uploads(uploads, codebook, registry, snakemake.params.stamp, say)
    )
