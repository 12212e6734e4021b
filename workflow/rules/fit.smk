# The models of the plan, a job for each contrast, of a large plan with several before it; then the record files.
rule fit:
    input:
        stamps=stamps_before("fit"),
        # by whose size the largest contrasts start first, fits and imputations alike: the short jobs of prognosis
        # and network fill both cores to the end
        rows=f"{PRIVATE}/cohort/{{contrast}}/rows.csv",
    output:
        stamp=f"{STAMPS}/fit/{{contrast}}.json",
    log:
        f"{LOGS}/fit/{{contrast}}.log",
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        recipe=recipe_of("fit/{contrast}"),
        files=files_of("fit/{contrast}"),
        kind="fit",
        kept_by=kept_by("fit/{contrast}"),
        out="private/parts/{contrast}",
        plan=plan_of_run,
        rows=lambda wildcards, input: os.path.dirname(input.rows),
        participants=f"{PRIVATE}/cohort/participants",
        everyone=lambda wildcards: wildcards.contrast == RUN.cohorts[0],
        uploads=expand(f"{PRIVATE}/harmonised/{{study}}", study=RUN.study_ids),
        codebooks=lambda wildcards: RUN.codebook_folders,
        registry=lambda wildcards: RUN.registry_text,
        aggregate=lambda wildcards: RUN.aggregate_text,
    message:
        "{wildcards.contrast}: fitting the plan's models"
    script:
        "../scripts/fit.py"


# A share of a large plan's models: what it finds is kept, and the contrast's own job takes it from there.
use rule fit as fit_shard with:
    input:
        stamps=f"{STAMPS}/cohort.json",
        rows=f"{PRIVATE}/cohort/{{contrast}}/rows.csv",
    output:
        stamp=f"{STAMPS}/fit/{{contrast}}/{{scatteritem}}.json",
    log:
        f"{LOGS}/fit/{{contrast}}/{{scatteritem}}.log",
    params:
        recipe=recipe_of("fit/{contrast}/{scatteritem}"),
        files=files_of("fit/{contrast}/{scatteritem}"),
        kept_by=kept_by("fit/{contrast}/{scatteritem}"),
    message:
        "{wildcards.contrast}: fitting the plan's models, share {wildcards.scatteritem}"


rule records:
    input:
        stamps=[f"{STAMPS}/{job}.json" for job in RUN.recorded],
    output:
        records=update(
            expand(
                f"{RESULTS}/{{name}}.csv",
                name=["estimates", "study_estimates", "counts"],
            )
        ),
        stamp=f"{STAMPS}/records.json",
    log:
        f"{LOGS}/records.log",
    threads: 2
    params:
        recipe=recipe_of("records"),
        parts=expand(f"{PRIVATE}/parts/{{part}}", part=RUN.parts),
        plan=plan_of_run,
        explanations=lambda wildcards: RUN.plan["explanations"],
    message:
        "Gathering the record files"
    script:
        "../scripts/records.py"
