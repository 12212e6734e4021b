# Gaps counted; where the plan asks for it, filled in many times and every model refitted: a job for each contrast.
use rule fit as impute with:
    output:
        stamp=f"{STAMPS}/impute/{{contrast}}.json",
    log:
        f"{LOGS}/impute/{{contrast}}.log",
    params:
        recipe=recipe_of("impute/{contrast}"),
        files=files_of("impute/{contrast}"),
        kind="imputation",
        out="private/parts/{contrast}/imputation",
        plan=plan_of_run,
        rows=f"{PRIVATE}/cohort/{{contrast}}",
        codebooks=lambda wildcards: RUN.codebook_folders,
        registry=None,
        aggregate=None,
        participants=None,
        uploads=expand(f"{PRIVATE}/harmonised/{{study}}", study=RUN.study_ids),
    message:
        "{wildcards.contrast}: missing data"
