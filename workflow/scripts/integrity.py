"""Check the integrity of every contributed trial and write a page for each."""

from ipdma.codebook import load_codebook
from ipdma.runs.bundles import read_contributed
from ipdma.runs.examine import examine_uploads
from ipdma.runs.files import read_registry
from ipdma.runs.found import earlier_checks, keep
from ipdma.runs.integrity_pages import Look
from ipdma.runs.jobs import job

with job(snakemake, "integrity") as desk:
    uploads, bundles = read_contributed(snakemake.params.uploads)
    codebook = load_codebook(snakemake.params.codebooks)
    registry = read_registry(snakemake.params.registry)
    params = snakemake.params
    look = Look(registry, params.stamp, params.least, params.contact)
    earlier = earlier_checks(desk, params.recipe)
    desk.put_all(examine_uploads(uploads, codebook, look, desk.say, bundles, earlier))
    keep(desk, earlier)
