# Gaps counted; where the plan asks for it, filled in many times and every model refitted: a job for each contrast.
use rule fit as impute with:
    input:
        stamps=stamps_before("impute"),
        rows=f"{PRIVATE}/cohort/{{contrast}}/rows.csv",
    output:
        stamp=f"{STAMPS}/impute/{{contrast}}.json",
    log:
        f"{LOGS}/impute/{{contrast}}.log",
    params:
        recipe=recipe_of("impute/{contrast}"),
        files=files_of("impute/{contrast}"),
        kind="imputation",
        kept_by=kept_by("impute/{contrast}"),
        out="private/parts/{contrast}/imputation",
        registry=None,
        aggregate=None,
        participants=None,
    message:
        "{wildcards.contrast}: missing data"


use rule impute as impute_shard with:
    input:
        stamps=f"{STAMPS}/cohort.json",
        rows=f"{PRIVATE}/cohort/{{contrast}}/rows.csv",
    output:
        stamp=f"{STAMPS}/impute/{{contrast}}/{{scatteritem}}.json",
    log:
        f"{LOGS}/impute/{{contrast}}/{{scatteritem}}.log",
    params:
        recipe=recipe_of("impute/{contrast}/{scatteritem}"),
        files=files_of("impute/{contrast}/{scatteritem}"),
        kept_by=kept_by("impute/{contrast}/{scatteritem}"),
    message:
        "{wildcards.contrast}: missing data, share {wildcards.scatteritem}"
