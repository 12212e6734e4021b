"""Write the plan as it runs."""

from ipdma.runs.jobs import job

with job(snakemake, "plan") as desk:
    desk.put("plan.yaml", snakemake.params.text)
