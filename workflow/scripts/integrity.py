"""Check the integrity of every contributed trial and write a page for each."""

from ipdma.codebook import load_codebook
from ipdma.io import read_upload
from ipdma.runs.examine import examine_uploads
from ipdma.runs.files import write_files
from ipdma.runs.jobs import job

with job(snakemake.log[0], "integrity") as say:
    uploads = [read_upload(folder) for folder in snakemake.params.uploads]
    codebook = load_codebook(snakemake.params.codebooks)
    pages = examine_uploads(uploads, codebook, snakemake.params.footer, say)
    write_files(snakemake.params.out, pages)
