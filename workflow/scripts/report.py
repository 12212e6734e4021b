"""Draw every table, figure and page of a run from its records; try to work out of them what is withheld."""

from ipdma.plan import read_plan
from ipdma.report.material import Material
from ipdma.report.render import render
from ipdma.runs.attack_printed import attacker
from ipdma.runs.files import count_exposed, read_notes, read_record, read_registry
from ipdma.runs.found import earlier_files, keep
from ipdma.runs.jobs import job

with job(snakemake, "report") as desk:
    plan = read_plan(snakemake.params.plan)
    material = Material(
        *map(read_record, snakemake.params.records),
        plan.as_mapping(),
        read_registry(snakemake.params.registry),
        read_registry(snakemake.params.aggregate),
        read_notes(snakemake.params.notes),
        snakemake.params.synthetic,
        snakemake.params.versions,
        snakemake.params.folders,
        count_exposed(snakemake.params.notes),
    )
    earlier = earlier_files(desk, snakemake.params.recipe)
    attacked = attacker(desk, plan, earlier)
    desk.put_all(render(material, desk.say, snakemake.threads, attacked, earlier))
    keep(desk, earlier)
    desk.keep_folders("figures", "tables")
