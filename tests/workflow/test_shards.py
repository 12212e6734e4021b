"""A large plan's analyses are dealt out to several jobs; the files are those of a job for each contrast."""

import json

from tests.builders.trials import make_consortium, planned, snakemake, write_plan

RECORDS = [f"out/{name}.csv" for name in ("estimates", "study_estimates", "counts")]
SHARDS = ["--set-scatter", "shard=2"]
PLAN = {
    "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"], "label": "Main"}},
    "sensitivity": {
        "common": {"model": {"treatment_effect": "common"}},
        "men": {"participants": {"sex": ["male"]}},
    },
    "missing": {"method": "multiple_imputation", "m": 2, "iterations": 2},
}


def contents(folder):
    """Bytes of every file that the fitting jobs and the job of the records made, but for the shards' own."""
    stamps = [json.loads(path.read_text("utf-8")) for path in (folder / "out/private/stamps").rglob("*.json")]
    jobs = [
        s
        for s in stamps
        if s["job"].split("/")[0] in ("fit", "impute", "records") and s["job"].count("/") < 2
    ]
    return {name: (folder / "out" / name).read_bytes() for stamp in jobs for name in stamp["files"]}


def test_shards_leave_the_same_files(tmp_path):
    folders = tmp_path / "whole", tmp_path / "dealt"
    for folder, options in zip(folders, ([], SHARDS), strict=True):
        make_consortium(folder)
        write_plan(folder / "plan.yaml", **PLAN)
        process = snakemake(folder, *options, "--", *RECORDS)
        assert process.returncode == 0, process.stdout
        jobs = planned(process)
        assert [jobs.get(name, 0) for name in ("fit_shard", "impute_shard")] == (
            [2, 2] if options else [0, 0]
        )
    whole, dealt = map(contents, folders)
    assert whole == dealt
    assert "main: 0 of" in process.stdout  # the gathering job makes nothing
    found = [
        json.loads(p.read_text("utf-8"))["found"]
        for p in (folders[1] / "out/private/found/fit/main").iterdir()
    ]
    assert len(found) == 2
    assert sum(map(len, found)) == len({key for own in found for key in own}) > 5
