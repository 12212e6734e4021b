"""Write the plan as it runs."""

from ipdma.io import write_atomically
from ipdma.runs.jobs import job

with job(snakemake.log[0], "plan"):
    write_atomically(snakemake.output[0], snakemake.params.text)
