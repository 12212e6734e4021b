"""Try to work out of the shared files what the run withholds, and say what was found."""

from ipdma.runs.disclose import as_json, disclose, summary
from ipdma.runs.jobs import job

with job(snakemake, "disclose") as desk:
    found, notes = disclose(desk.results, desk.say)
    desk.put("disclosure.json", as_json(found, notes))
    for line in summary(found, notes):
        desk.say(line)
