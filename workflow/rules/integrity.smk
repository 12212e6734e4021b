# What the coordinating centre looks for in contributed data: one page per trial for its site, counts for the report.
rule integrity:
    input:
        plan=f"{RESULTS}/plan.yaml",
        uploads=expand(
            f"{PRIVATE}/harmonised/{{study}}/account.json", study=RUN.study_ids
        ),
        tables=RUN.tables,
    output:
        update(expand(f"{RESULTS}/integrity/{{study}}.html", study=RUN.study_ids)),
        tables=update(
            expand(
                f"{RESULTS}/integrity/{{name}}.csv", name=["results", "disposition"]
            )
        ),
        records=update(
            expand(
                f"{RESULTS}/parts/trials/integrity/{{name}}.csv",
                name=["estimates", "study_estimates", "counts", "notes"],
            )
        ),
    log:
        f"{LOGS}/integrity.log",
    params:
        code=digest_code(["integrity"]),
        uploads=lambda wildcards, input: list(map(os.path.dirname, input.uploads)),
        codebooks=RUN.codebook_folders,
        registry=lambda wildcards: RUN.registry_text,
        stamp=RUN.stamp,
        out=lambda wildcards, input: os.path.dirname(input.plan),
    message:
        "Looking at the integrity of the contributed data"
    script:
        "../scripts/integrity.py"
