# What the coordinating centre looks for in contributed data: one page per trial for its site.
rule integrity:
    input:
        plan=f"{RESULTS}/plan.yaml",
        uploads=expand(
            f"{PRIVATE}/harmonised/{{study}}/account.json", study=RUN.study_ids
        ),
    output:
        update(expand(f"{RESULTS}/integrity/{{study}}.html", study=RUN.study_ids)),
        table=update(f"{RESULTS}/integrity/results.csv"),
    log:
        f"{LOGS}/integrity.log",
    params:
        code=digest_code(["integrity"]),
        uploads=lambda wildcards, input: list(map(os.path.dirname, input.uploads)),
        codebooks=RUN.codebook_folders,
        footer=RUN.plan["footer"] or "",
        out=lambda wildcards, output: os.path.dirname(output.table),
    message:
        "Looking at the integrity of the contributed data"
    script:
        "../scripts/integrity.py"
