# First, so that the folder says whose results it holds.
rule plan:
    output:
        plan=update(f"{RESULTS}/plan.yaml"),
        stamp=f"{STAMPS}/plan.json",
    log:
        f"{LOGS}/plan.log",
    priority: 1
    params:
        recipe=recipe_of("plan"),
        text=lambda wildcards: RUN.plan.as_yaml(),
    message:
        "The plan as it runs, defaults filled in"
    script:
        "../scripts/plan.py"
