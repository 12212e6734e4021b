# From a contributed trial to its harmonised upload; the judgement of its files goes with it.
rule harmonise:
    input:
        plan=f"{RESULTS}/plan.yaml",
        files=lambda wildcards: RUN.files_of(wildcards.study),
    output:
        tables=update(
            expand(
                f"{PRIVATE}/harmonised/{{{{study}}}}/{{name}}",
                name=[
                    "participants.csv",
                    "assessments.csv",
                    "missing.csv",
                    "study.yaml",
                    "account.json",
                ],
            )
        ),
        shareable=update(f"{RESULTS}/validation/{{study}}.html"),
        local=update(f"{PRIVATE}/validation/{{study}}.html"),
    log:
        f"{LOGS}/harmonise/{{study}}.log",
    params:
        code=digest_code(["site"]),
        folder=lambda wildcards: str(RUN.study(wildcards.study).folder),
        out=lambda wildcards, output: os.path.dirname(output.tables[0]),
        to_fix=lambda wildcards: f"{PRIVATE}/to_fix/{wildcards.study}",
        codebook=RUN.plan["codebook"],
    message:
        "{wildcards.study}: checking and harmonising"
    script:
        "../scripts/harmonise.py"
