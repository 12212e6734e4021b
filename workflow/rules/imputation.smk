# Gaps counted; where the plan asks for it, filled in many times and every model refitted: a job for each contrast.
use rule fit as impute with:
    output:
        update(
            expand(
                f"{RESULTS}/parts/{{{{contrast}}}}/imputation/{{name}}.csv",
                name=["estimates", "study_estimates", "counts", "notes"],
            )
        ),
    log:
        f"{LOGS}/impute/{{contrast}}.log",
    params:
        kind="imputation",
        codebooks=RUN.codebook_folders,
        code=digest_code(["analysis"]),
        rows=lambda wildcards, input: os.path.dirname(input.rows[0]),
        out=lambda wildcards, output: os.path.dirname(output[0]),
        registry=None,
        aggregate=None,
        participants=None,
    message:
        "{wildcards.contrast}: missing data"
