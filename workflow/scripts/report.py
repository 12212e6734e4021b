"""Draw every table, figure and page of a run from its record files."""

from ipdma.plan import read_plan
from ipdma.report.material import Material
from ipdma.report.render import render
from ipdma.runs.files import read_notes, read_record, read_registry, write_rendering
from ipdma.runs.jobs import job

with job(snakemake.log[0], "report") as say:
    material = Material(
        *map(read_record, snakemake.input.records),
        read_plan(snakemake.input.plan).as_mapping(),
        read_registry(snakemake.params.registry),
        read_registry(snakemake.params.aggregate),
        read_notes(snakemake.input.notes),
        snakemake.params.synthetic,
        snakemake.params.versions,
        snakemake.params.folders,
    )
    write_rendering(snakemake.params.out, render(material, say, workers=snakemake.threads))
