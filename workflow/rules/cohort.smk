# One row per participant for each contrast, outcome and time point.
rule cohort:
    input:
        plan=f"{RESULTS}/plan.yaml",
        uploads=expand(
            f"{PRIVATE}/harmonised/{{study}}/account.json", study=RUN.study_ids
        ),
        tables=RUN.tables,
    output:
        rows=update(
            expand(
                f"{PRIVATE}/cohort/{{contrast}}/{{name}}",
                contrast=RUN.cohorts,
                name=["rows.csv", "exclusions.csv", "scales.csv", "types.json"],
            )
        ),
        participants=update(
            expand(
                f"{PRIVATE}/cohort/{{name}}",
                name=["participants.csv", "participants.json"],
            )
        ),
    log:
        f"{LOGS}/cohort.log",
    params:
        code=digest_code(["cohort"]),
        uploads=lambda wildcards, input: list(map(os.path.dirname, input.uploads)),
        codebooks=RUN.codebook_folders,
        contrasts=RUN.cohorts,
        out=lambda wildcards, output: os.path.dirname(output.participants[0]),
        registry=lambda wildcards: RUN.registry_text,
    message:
        "Stacking the studies, choosing instruments, standardising"
    script:
        "../scripts/cohort.py"
