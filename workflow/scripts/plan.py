"""Write the plan as it runs."""

from ipdma.runs.jobs import job
from ipdma.writing import write_file

with job(snakemake.log[0], "plan"):
    write_file(snakemake.output[0], snakemake.params.text)
