# Where the plan asks for it: what may be published, with bundles in the place of rows.
rule share:
    input:
        stamps=[f"{STAMPS}/{job}.json" for job in RUN.jobs if job != "share"],
    output:
        stamp=f"{STAMPS}/share.json",
    log:
        f"{LOGS}/share.log",
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        recipe=recipe_of("share"),
        files=files_of("share"),
        plan=plan_of_run,
        uploads=expand(f"{PRIVATE}/harmonised/{{study}}", study=RUN.study_ids),
        codebooks=lambda wildcards: RUN.codebook_folders,
        registry=lambda wildcards: RUN.registry_text,
        aggregate=lambda wildcards: RUN.aggregate_text,
    message:
        "Making bundles, and attacking them"
    script:
        "../scripts/share.py"
