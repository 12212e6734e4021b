"""Try to work out of the shared files what the run withholds, and say what was found."""

from ipdma.runs.disclose import disclose
from ipdma.runs.jobs import job

with job(snakemake, "disclose") as desk:
    outcome = disclose(desk.results, desk.say, pages=False)
    desk.put("disclosure.json", outcome.as_json())
    for line in outcome.lines():
        desk.say(line)
