# What the coordinating centre looks for in contributed data: one page per trial for its site, counts for the report.
rule integrity:
    input:
        stamps=expand(f"{STAMPS}/harmonise/{{study}}.json", study=RUN.study_ids),
    output:
        stamp=f"{STAMPS}/integrity.json",
    log:
        f"{LOGS}/integrity.log",
    params:
        recipe=recipe_of("integrity"),
        files=files_of("integrity"),
        uploads=expand(f"{PRIVATE}/harmonised/{{study}}", study=RUN.study_ids),
        codebooks=lambda wildcards: RUN.codebook_folders,
        registry=lambda wildcards: RUN.registry_text,
        stamp=lambda wildcards: RUN.stamp,
        least=lambda wildcards: RUN.plan["minimum_cell"],
        contact=lambda wildcards: RUN.contact,
    message:
        "Looking at the integrity of the contributed data"
    script:
        "../scripts/integrity.py"
