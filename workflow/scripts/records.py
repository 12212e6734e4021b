"""Gather the records of the jobs into the three record files."""

from ipdma.runs.files import gather_tables, write_tables
from ipdma.runs.jobs import job

with job(snakemake.log[0], "records"):
    tables = gather_tables(snakemake.params.parts)
    write_tables(f"{snakemake.params.out}/parts", {"notes": tables.pop("notes")})
    write_tables(snakemake.params.out, tables)
