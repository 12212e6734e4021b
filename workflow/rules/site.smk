# From a contributed trial to its harmonised upload; the judgement of its files goes with it.
rule harmonise:
    output:
        stamp=f"{STAMPS}/harmonise/{{study}}.json",
    log:
        f"{LOGS}/harmonise/{{study}}.log",
    params:
        recipe=recipe_of("harmonise/{study}"),
        files=files_of("harmonise/{study}"),
        folder=lambda wildcards: str(RUN.study(wildcards.study).folder),
        codebook=lambda wildcards: RUN.plan["codebook"],
        least=lambda wildcards: RUN.plan["minimum_cell"],
        blind=lambda wildcards: RUN.blind,
        contact=lambda wildcards: RUN.contact,
    message:
        "{wildcards.study}: checking and harmonising"
    script:
        "../scripts/harmonise.py"
