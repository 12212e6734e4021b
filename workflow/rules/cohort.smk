# One row per participant for each contrast, outcome and time point.
rule cohort:
    input:
        stamps=expand(f"{STAMPS}/harmonise/{{study}}.json", study=RUN.study_ids),
    output:
        stamp=f"{STAMPS}/cohort.json",
        rows=update(
            expand(f"{PRIVATE}/cohort/{{contrast}}/rows.csv", contrast=RUN.cohorts)
        ),
    log:
        f"{LOGS}/cohort.log",
    params:
        recipe=recipe_of("cohort"),
        files=files_of("cohort"),
        plan=lambda wildcards: RUN.rows_plan,
        uploads=expand(f"{PRIVATE}/harmonised/{{study}}", study=RUN.study_ids),
        codebooks=lambda wildcards: RUN.codebook_folders,
        contrasts=RUN.cohorts,
        registry=lambda wildcards: RUN.registry_text,
        aggregate=lambda wildcards: RUN.aggregate_text,
    message:
        "Stacking the studies, choosing instruments, standardising"
    script:
        "../scripts/cohort.py"
