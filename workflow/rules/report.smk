# From the record files to tables, figures and the page.
rule report:
    input:
        plan=f"{RESULTS}/plan.yaml",
        records=expand(
            f"{RESULTS}/{{name}}.csv", name=["estimates", "study_estimates", "counts"]
        ),
        notes=f"{RESULTS}/parts/notes.csv",
        tables=RUN.tables,
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
        claims=update(
            expand(
                f"{RESULTS}/{{name}}",
                name=["claims.csv", "claims.json", "captions.json"],
            )
        ),
        prisma=update(
            expand(f"{RESULTS}/prisma_ipd.{{kind}}", kind=["html", "docx", "json"])
        ),
    log:
        f"{LOGS}/report.log",
    threads: workflow.cores
    params:
        code=digest_code(["report"]),
        registry=lambda wildcards: RUN.registry_text,
        aggregate=lambda wildcards: RUN.aggregate_text,
        synthetic=RUN.synthetic,
        versions=RUN.versions,
        folders=RUN.folders,
        out=lambda wildcards, output: os.path.dirname(output.page),
    message:
        "Drawing tables, figures and the page"
    script:
        "../scripts/report.py"
