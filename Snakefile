# The door to the workflow, so that `snakemake` finds it here; all of it is in workflow/Snakefile.
include: "workflow/Snakefile"


localrules:
    default,


rule default:
    default_target: True
    input:
        rules.all.input,
