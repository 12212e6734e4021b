"""Run the plan's analyses on the rows of one contrast."""

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.plan import read_plan
from ipdma.provenance import digest_files
from ipdma.runs.files import read_analysis_rows, read_optional, read_registry, with_contrast, write_tables
from ipdma.runs.jobs import job
from ipdma.runs.parts import analyses_of

with job(snakemake.log[0], snakemake.wildcards.contrast) as say:
    tables, variants = with_contrast(snakemake.wildcards.contrast, read_analysis_rows(snakemake.params.rows))
    records = analyse(
        tables,
        read_plan(snakemake.input.plan),
        registry=read_registry(snakemake.params.registry),
        aggregate=read_registry(snakemake.params.aggregate),
        variants=variants,
        participants=read_optional(snakemake.params.participants),
        codebook=load_codebook(snakemake.params.codebooks),
        parts=analyses_of(snakemake.params.kind),
        source_digest=snakemake.params.code,
        data_digest=digest_files(snakemake.input.rows),
        say=say,
    )
    write_tables(snakemake.params.out, vars(records))
