# The plan, read and checked whole before a job starts; names that the other rule files use.
import os
import re
import sys
import time

try:
    from ipdma import __version__
    from ipdma.errors import IpdmaError
    from ipdma.harmless import for_terminal
    from ipdma.runs.announce import announce, say_end, say_start
    from ipdma.runs.begin import begin
    from ipdma.runs.due import asked_anew, find_due
    from ipdma.runs.jobs import why_stopped
except ModuleNotFoundError as error:
    sys.exit(
        f"\nThe run cannot start: the Python of this snakemake ({sys.executable}) has no '{error.name}'.\n"
        "Install the package beside it (pip install . in the repository), or use ./run, which does.\n"
    )

# Two cores are kept busy by two jobs, not by two libraries in each.
os.environ.update(
    OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", MPLBACKEND="Agg"
)

try:
    RUN = begin(
        workflow.config_settings.configfiles,
        workflow.config_settings.config,
        works=workflow.is_main_process and not workflow.output_settings.dryrun,
        scatter=workflow.resource_settings.overwrite_scatter.get("shard"),
    )
except IpdmaError as error:
    sys.exit(for_terminal(f"\nThe run cannot start:\n{error}\n"))

RESULTS = RUN.results.as_posix()
PRIVATE = f"{RESULTS}/private"
STAMPS = f"{PRIVATE}/stamps"
LOGS = f"{RESULTS}/logs"
STARTED = time.time()


# A job is known by what it is made from; a changed recipe is a changed parameter to Snakemake.
def recipe_of(job):
    return lambda wildcards: RUN.recipes[job.format(**wildcards)]


# The files behind the digests of a recipe. Their names reach no pattern of Snakemake, whatever they hold.
def files_of(job):
    return lambda wildcards: {
        label: str(path) for label, path in RUN.files(job.format(**wildcards)).items()
    }


# A fitting job begins with the contrasts' rows; of a large plan its analyses are dealt out, and it gathers them.
def stamps_before(kind):
    return lambda wildcards: [
        f"{STAMPS}/{job}.json"
        for job in ["cohort", *RUN.shards_of(f"{kind}/{wildcards.contrast}")]
    ]


def kept_by(job):
    return lambda wildcards: RUN.kept_by(job.format(**wildcards))


# The whole plan. It asks for `input`, which tells Snakemake that it is no reason to run again: the recipe
# holds what counts of it, and its words do not.
def plan_of_run(wildcards, input):
    return RUN.plan.as_mapping()


scattergather:
    shard=RUN.shards,


wildcard_constraints:
    contrast="|".join(map(re.escape, RUN.cohorts)),


if workflow.is_main_process:
    announce(RUN)


onstart:
    say_start(RUN)


onsuccess:
    print(say_end(RUN, time.time() - STARTED), file=sys.stderr)


onerror:
    print(why_stopped(LOGS, STARTED), file=sys.stderr)
