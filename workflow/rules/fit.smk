# The models of the plan, a job for each contrast; then the three record files.
rule fit:
    input:
        plan=f"{RESULTS}/plan.yaml",
        rows=expand(
            f"{PRIVATE}/cohort/{{{{contrast}}}}/{{name}}",
            name=["rows.csv", "exclusions.csv", "scales.csv", "types.json"],
        ),
        participants=expand(
            f"{PRIVATE}/cohort/{{name}}",
            name=["participants.csv", "participants.json"],
        ),
        tables=RUN.tables,
    output:
        update(
            expand(
                f"{RESULTS}/parts/{{{{contrast}}}}/{{name}}.csv",
                name=["estimates", "study_estimates", "counts", "notes"],
            )
        ),
    log:
        f"{LOGS}/fit/{{contrast}}.log",
    params:
        kind="fit",
        codebooks=RUN.codebook_folders,
        code=digest_code(["analysis"]),
        participants=lambda wildcards, input: os.path.splitext(input.participants[0])[0],
        rows=lambda wildcards, input: os.path.dirname(input.rows[0]),
        out=lambda wildcards, output: os.path.dirname(output[0]),
        registry=lambda wildcards: RUN.registry_text,
        aggregate=lambda wildcards: RUN.aggregate_text,
    message:
        "{wildcards.contrast}: fitting the plan's models"
    script:
        "../scripts/fit.py"


rule records:
    input:
        expand(
            f"{RESULTS}/parts/{{part}}/{{name}}.csv",
            part=RUN.parts,
            name=["estimates", "study_estimates", "counts", "notes"],
        ),
    output:
        update(
            expand(
                f"{RESULTS}/{{name}}.csv",
                name=["estimates", "study_estimates", "counts"],
            )
        ),
        notes=update(f"{RESULTS}/parts/notes.csv"),
    log:
        f"{LOGS}/records.log",
    params:
        parts=expand(f"{RESULTS}/parts/{{part}}", part=RUN.parts),
        out=lambda wildcards, output: os.path.dirname(output[0]),
    message:
        "Gathering the record files"
    script:
        "../scripts/records.py"
