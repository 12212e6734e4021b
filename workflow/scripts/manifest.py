"""List every file of a finished run with its digest, and say that the run is finished."""

from ipdma.runs.manifest import finish

finish(snakemake.output[0], snakemake.log[0])
