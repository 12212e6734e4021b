"""The default plan with gated bundles of the example trials: a Gaussian row is equal or named. Slow."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from tests.builders.guest_runs import bundle_of
from tests.builders.told_rows import differing, gaussian_rows, unnamed
from tests.builders.trials import REPOSITORY

from ipdma.analysis.records import Records
from ipdma.analysis.run import analyse
from ipdma.bundle.guest import everyone, guest_of
from ipdma.bundle.records import Bundle
from ipdma.codebook import load_codebook
from ipdma.cohort import Upload, stack
from ipdma.io import read_upload
from ipdma.plan import PROGNOSIS, read_plan
from ipdma.runs.files import read_registry, with_contrast
from ipdma.runs.tables import build_tables
from ipdma.site.harmonise import harmonise_study

pytestmark = pytest.mark.slow

CONFIG = REPOSITORY / "config"
PARTS = ("rows", "efficacy", "moderators", "subgroups", "risk_of_bias", "rob_moderators", "aggregate")
PARTS += ("small_studies", "sensitivity", "multiverse", "longitudinal", "missing")
SUBSETS = {"one": ("CH-A",), "several": ("US-A", "DE-A", "GB-B"), "all": ()}
OUT = "GB-C"  # three arms of 8: nothing of it may leave


@cache
def plan():
    """The default plan."""
    return read_plan(CONFIG / "config.yaml")


@pytest.fixture(scope="module")
def uploads(tmp_path_factory) -> dict[str, Upload]:
    """The example consortium, harmonised."""
    out, found = tmp_path_factory.mktemp("uploads"), {}
    for folder in sorted(path.parent for path in (REPOSITORY / "data/synthetic").glob("*/study.yaml")):
        assert harmonise_study(folder, out / folder.name).ready
        found[folder.name] = read_upload(out / folder.name)
    return found


@pytest.fixture(scope="module")
def bundles(uploads) -> dict[str, Bundle]:
    """What leaves of each trial that may leave."""
    return {name: bundle_of(upload, plan()) for name, upload in uploads.items() if name != OUT}


def run(uploads: dict[str, Upload], bundles: dict[str, Bundle], contrast: str) -> Records:
    """The records of one contrast with some trials as bundles."""
    registry, aggregate = (read_registry(CONFIG / f"{name}.tsv") for name in ("studies", "aggregate"))
    codebook, guests = load_codebook(), list(bundles.values())
    kept = [upload for name, upload in uploads.items() if name not in bundles]
    cohort = stack(kept, codebook, registry, [guest_of(own) for own in guests])
    tables, variants = with_contrast(contrast, build_tables(cohort, plan(), contrast, aggregate))
    return analyse(
        tables,
        plan(),
        registry=registry,
        aggregate=aggregate,
        variants=variants,
        participants=everyone(cohort, guests),
        codebook=codebook,
        bundles=guests,
        parts=PARTS,
    )


def scores(records: Records) -> pd.DataFrame:
    """Its Gaussian rows."""
    names = [name for name, own in plan()["outcomes"].items() if own["family"] == "gaussian"]
    return gaussian_rows(records.estimates, names)


@pytest.fixture(scope="module", params=[*plan()["contrasts"], PROGNOSIS])
def whole(request, uploads) -> tuple[str, pd.DataFrame]:
    """A contrast, and its rows where every trial came with rows."""
    return request.param, scores(run(uploads, {}, request.param))


@pytest.mark.parametrize("subset", SUBSETS)
def test_every_row_is_that_of_the_run_with_rows_or_is_named(uploads, bundles, whole, subset):
    contrast, wanted = whole
    own = {name: bundles[name] for name in SUBSETS[subset] or bundles}
    records = run(uploads, own, contrast)
    apart = differing(wanted, scores(records))
    assert unnamed(apart, records) == []
    if subset == "one":  # most of what there is of it leaves
        assert len(apart) < len(wanted) / 2
