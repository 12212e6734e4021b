# The whole analysis of one plan. `snakemake --cores all` runs config/config.yaml;
# `snakemake --cores all --configfile PLAN.yaml` runs another plan in its place (nothing is merged).
from snakemake.utils import min_version

min_version("9.27")


# An image for those who deploy with containers; ./run installs requirements.lock into .venv instead.
container: "docker://python:3.11"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/site.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/imputation.smk"
include: "workflow/rules/integrity.smk"
include: "workflow/rules/report.smk"


rule all:
    input:
        f"{RESULTS}/plan.yaml",
        f"{RESULTS}/estimates.csv",
        f"{RESULTS}/study_estimates.csv",
        f"{RESULTS}/counts.csv",
        f"{RESULTS}/report.html",
        f"{RESULTS}/manifest.json",
