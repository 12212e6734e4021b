# From the record files to tables, figures and the page, with what can be worked out of them all; then the list of
# every file with its digest.
rule report:
    input:
        stamps=expand(f"{STAMPS}/{{job}}.json", job=["plan", "records"]),
    output:
        page=report(
            update(f"{RESULTS}/report.html"),
            caption="../report/page.rst",
            category="Report",
        ),
        figures=report(
            update(directory(f"{RESULTS}/figures")),
            patterns=["{name}.svg"],
            caption="../report/figure.rst",
            category="Figures",
        ),
        tables=report(
            update(directory(f"{RESULTS}/tables")),
            patterns=["{name}.html"],
            caption="../report/table.rst",
            category="Tables",
        ),
        stamp=f"{STAMPS}/report.json",
    log:
        f"{LOGS}/report.log",
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        recipe=recipe_of("report"),
        files=files_of("report"),
        plan=f"{RESULTS}/plan.yaml",
        records=expand(
            f"{RESULTS}/{{name}}.csv", name=["estimates", "study_estimates", "counts"]
        ),
        notes=f"{RESULTS}/parts/notes.csv",
        registry=lambda wildcards: RUN.registry_text,
        aggregate=lambda wildcards: RUN.aggregate_text,
        synthetic=lambda wildcards: RUN.synthetic,
        versions=lambda wildcards: RUN.versions,
        folders=lambda wildcards: RUN.folders,
    message:
        "Drawing tables, figures and the page"
    script:
        "../scripts/report.py"


rule manifest:
    input:
        stamps=[f"{STAMPS}/{job}.json" for job in RUN.jobs],
    output:
        f"{RESULTS}/manifest.json",
    log:
        f"{LOGS}/manifest.log",
    params:
        recipe=lambda wildcards: RUN.recipes,
    message:
        "Listing every file with its digest"
    script:
        "../scripts/manifest.py"
