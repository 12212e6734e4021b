"""Run the plan's analyses on the rows of one contrast, or a share of them that is kept for that."""

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.plan import Plan
from ipdma.runs.bundles import kept_bundles
from ipdma.runs.explain import mark_explanations
from ipdma.runs.files import digest_rows, read_analysis_rows, read_optional, read_registry, with_contrast
from ipdma.runs.found import earlier_results, keep, tables_found
from ipdma.runs.jobs import job
from ipdma.runs.parts import analyses_of

with job(snakemake, snakemake.wildcards.contrast) as desk:
    share = snakemake.wildcards.get("scatteritem", "")
    found = earlier_results(desk, snakemake.params.recipe, snakemake.params.kept_by, share)
    tables, variants = with_contrast(snakemake.wildcards.contrast, read_analysis_rows(snakemake.params.rows))
    records = analyse(
        tables,
        mark_explanations(Plan(snakemake.params.plan)),
        registry=read_registry(snakemake.params.registry),
        aggregate=read_registry(snakemake.params.aggregate),
        variants=variants,
        participants=read_optional(snakemake.params.participants),
        codebook=load_codebook(snakemake.params.codebooks),
        bundles=kept_bundles(snakemake.params.uploads),
        parts=analyses_of(snakemake.params.kind),
        source_digest=snakemake.params.recipe["code"],
        data_digest=digest_rows(snakemake.params.rows),
        say=desk.say,
        found=found,
    )
    desk.put_tables(tables_found(found, records), snakemake.params.out)
    keep(desk, found)
