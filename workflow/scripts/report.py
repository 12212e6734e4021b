"""Draw every table, figure and page of a run from its record files."""

from ipdma.plan import read_plan
from ipdma.report.material import Material
from ipdma.report.render import render
from ipdma.runs.files import count_exposed, read_notes, read_record, read_registry
from ipdma.runs.jobs import job

with job(snakemake, "report") as desk:
    material = Material(
        *map(read_record, snakemake.params.records),
        read_plan(snakemake.params.plan).as_mapping(),
        read_registry(snakemake.params.registry),
        read_registry(snakemake.params.aggregate),
        read_notes(snakemake.params.notes),
        snakemake.params.synthetic,
        snakemake.params.versions,
        snakemake.params.folders,
        count_exposed(snakemake.params.notes),
    )
    desk.put_all(render(material, desk.say, workers=snakemake.threads))
    desk.keep_folders("figures", "tables")
