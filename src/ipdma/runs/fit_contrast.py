"""The body of a fitting job: the plan's analyses on the rows of one contrast."""

from __future__ import annotations

from typing import Any

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.plan import Plan
from ipdma.runs.bundles import kept_bundles
from ipdma.runs.explain import mark_explanations
from ipdma.runs.files import digest_rows, read_analysis_rows, read_optional, read_registry, with_contrast
from ipdma.runs.found import earlier_results, keep, tables_found
from ipdma.runs.jobs import Desk
from ipdma.runs.parts import analyses_of


def fit_contrast(desk: Desk, work: Any) -> None:
    """Run the plan's analyses on the rows of one contrast, or a share of them that is kept for that.

    Parameters
    ----------
    desk : Desk
        Gets the records, and what was found.
    work : object
        Snakemake's: `wildcards` and `params` of the rule.
    """
    params, contrast = work.params, work.wildcards.contrast
    found = earlier_results(desk, params.recipe, params.kept_by, work.wildcards.get("scatteritem", ""))
    tables, variants = with_contrast(contrast, read_analysis_rows(params.rows))
    records = analyse(
        tables,
        mark_explanations(Plan(params.plan)),
        registry=read_registry(params.registry),
        aggregate=read_registry(params.aggregate),
        variants=variants,
        participants=read_optional(params.participants),
        everyone=params.everyone,
        codebook=load_codebook(params.codebooks),
        bundles=kept_bundles(params.uploads),
        parts=analyses_of(params.kind),
        source_digest=params.recipe["code"],
        data_digest=digest_rows(params.rows),
        say=desk.say,
        found=found,
    )
    desk.put_tables(tables_found(found, records), params.out)
    keep(desk, found)
