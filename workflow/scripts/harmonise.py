"""Check the files of each trial, or read its bundle, and write its harmonised upload and reports."""

import sys

from ipdma.runs.trials import admit_trials

sys.exit(admit_trials(snakemake))
