# The plan, read and checked whole before a job starts; names that the other rule files use.
import os
import re
import sys
import time

from ipdma.errors import IpdmaError
from ipdma.provenance import digest_code
from ipdma.runs.begin import begin
from ipdma.runs.jobs import why_stopped

# Two cores are kept busy by two jobs, not by two libraries in each.
os.environ.update(
    OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", MPLBACKEND="Agg"
)

try:
    RUN = begin(
        workflow.config_settings.configfiles,
        workflow.config_settings.config,
        dry_run=workflow.output_settings.dryrun,
    )
except IpdmaError as error:
    sys.exit(f"\nThe run cannot start:\n{error}\n")

RESULTS = RUN.results.as_posix()
PRIVATE = f"{RESULTS}/private"
LOGS = f"{RESULTS}/logs"
STARTED = time.time()


wildcard_constraints:
    study="|".join(map(re.escape, RUN.study_ids)),
    contrast="|".join(map(re.escape, RUN.cohorts)),


onstart:
    print(RUN.notice or "", file=sys.stderr)
    print(
        f"{RUN.plan['title']}: {len(RUN.studies)} studies, results go to {RESULTS}/",
        file=sys.stderr,
    )


onsuccess:
    print(f"Done. Open {RESULTS}/report.html", file=sys.stderr)


onerror:
    print(why_stopped(LOGS, STARTED), file=sys.stderr)


rule plan:
    output:
        update(f"{RESULTS}/plan.yaml"),
    log:
        f"{LOGS}/plan.log",
    params:
        plan=RUN.digest,
        text=RUN.plan.as_yaml(),
    message:
        "The plan as it runs, defaults filled in"
    script:
        "../scripts/plan.py"
