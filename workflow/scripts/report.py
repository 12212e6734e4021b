"""Draw every table, figure and page of a run from its records; try to work out of them what is withheld."""

from ipdma.plan import read_plan
from ipdma.report.material import Material
from ipdma.report.render import render
from ipdma.runs.disclose import attack_records
from ipdma.runs.files import count_exposed, read_notes, read_record, read_registry
from ipdma.runs.found import earlier_figures, keep
from ipdma.runs.jobs import job

with job(snakemake, "report") as desk:
    plan = read_plan(snakemake.params.plan)

    def attacked(ledger):
        """How many withheld numbers follow from the records and all that is printed."""
        printed = (claim.as_mapping() for claim in ledger.claims)
        outcome = attack_records(snakemake.params.records, plan, printed, desk.say)
        desk.put("disclosure.json", outcome.as_json())
        for line in outcome.lines():
            desk.say(line)
        return len(outcome.exposed)

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
    drawn = earlier_figures(desk, snakemake.params.recipe)
    desk.put_all(render(material, desk.say, snakemake.threads, attacked, drawn))
    keep(desk, drawn)
    desk.keep_folders("figures", "tables")
