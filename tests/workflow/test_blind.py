"""A blinded rehearsal and its unblinding, run whole: free of the true arms, and equal to a direct run."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders.trials import REPOSITORY, make_consortium, snakemake, write_plan

from ipdma.cli import main

pytestmark = pytest.mark.slow  # four whole runs
KEY = "IPDMA_BLIND_KEY"
SECRET = "a secret of the test"
APART = ("manifest.json", "private/stamps", "private/made", "logs", "unblinding.json", ".snakemake")


def permute_arms(folder):
    """Give the arms of each trial to other people, as many to each."""
    draw = random.Random(4)
    for path in sorted((folder / "trials").rglob("scores.csv")):
        head, *rows = [line.split(";") for line in path.read_text(encoding="utf-8").splitlines()]
        arms = [row[1] for row in rows]
        draw.shuffle(arms)
        lines = [";".join(head), *(";".join([r[0], a, *r[2:]]) for r, a in zip(rows, arms, strict=True))]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def held(folder):
    """The bytes of every file that a run made of numbers."""
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(APART)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A rehearsal, the same on permuted arms, and a direct run of what the unblinding will give."""
    patch = pytest.MonkeyPatch()
    patch.setenv(KEY, SECRET)
    folders = {}
    for name in ("blind", "permuted", "direct"):
        folder = folders[name] = tmp_path_factory.mktemp(name)
        make_consortium(folder)
        for part in ("Snakefile", "workflow"):
            (folder / part).symlink_to(REPOSITORY / part)
        changes = {"results": "out-unblinded"} if name == "direct" else {"blind": True}
        write_plan(folder / "plan.yaml", integrity=True, **changes)
        if name == "permuted":
            permute_arms(folder)
        ended = snakemake(folder)
        assert ended.returncode == 0, ended.stdout[-3000:]
    yield folders
    patch.undo()


def test_every_page_says_that_it_is_blinded_and_what_is_left_out(runs):
    out = runs["blind"] / "out"
    pages = [out / "report.html", out / "audit.html", *(out / "figures").glob("*.svg")]
    pages += (out / "tables").glob("*.html")
    assert len(pages) > 8
    for page in pages:
        assert "BLINDED" in page.read_text(encoding="utf-8"), page.name
    assert "Left out: therapists" in (out / "report.html").read_text(encoding="utf-8")
    assert not (out / "integrity").exists()
    assert not list(out.rglob("validation/*"))
    assert SECRET.encode() not in b"".join(
        p.read_bytes() for p in (runs["blind"] / "out").rglob("*") if p.is_file()
    )


def test_the_output_is_independent_of_the_true_arms(runs):
    one, other = (runs[name] / "trials" / "A" / "scores.csv" for name in ("blind", "permuted"))
    assert one.read_bytes() != other.read_bytes()
    assert held(runs["blind"] / "out") == held(runs["permuted"] / "out")


def test_the_arms_are_not_the_true_ones(runs):
    blind = (runs["blind"] / "out" / "private" / "harmonised" / "A" / "participants.csv").read_text()
    true = (
        runs["direct"] / "out-unblinded" / "private" / "harmonised" / "A" / "participants.csv"
    ).read_text()
    pairs = [[line.split(",")[1:4] for line in text.splitlines()[1:]] for text in (blind, true)]
    assert [p[0] for p in pairs[0]] == [p[0] for p in pairs[1]]
    assert sorted(p[2] for p in pairs[0]) == sorted(p[2] for p in pairs[1])
    assert pairs[0] != pairs[1]


def test_another_key_unblinds_nothing(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs["blind"])
    monkeypatch.setenv(KEY, "another")
    assert main(["unblind", "plan.yaml"]) == 2
    assert "not the key" in capsys.readouterr().err
    monkeypatch.delenv(KEY)
    assert main(["unblind", "plan.yaml"]) == 2
    assert KEY in capsys.readouterr().err
    assert not (runs["blind"] / "out-unblinded").exists()


def test_an_unblinded_run_is_the_direct_run_and_a_record(runs):
    folder = runs["blind"]
    command = [sys.executable, "-m", "ipdma", "unblind", "plan.yaml"]
    ended = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=400, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "are those of the blinded run" in ended.stdout
    record = json.loads((folder / "out-unblinded" / "unblinding.json").read_text())
    assert record["unchanged"] is True
    assert not any(record["changed"].values())
    unblinded, direct = folder / "out-unblinded", runs["direct"] / "out-unblinded"
    assert held(unblinded) == held(direct)
    assert (unblinded / "manifest.json").read_bytes() == (direct / "manifest.json").read_bytes()
    assert main(["verify", str(unblinded)]) == 0
    assert "BLINDED" not in (unblinded / "report.html").read_text(encoding="utf-8")


def test_a_plan_that_is_not_blinded_has_nothing_to_unblind(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs["direct"])
    assert main(["unblind", "plan.yaml"]) == 2
    assert "nothing to unblind" in capsys.readouterr().err
    assert Path("out-unblinded").exists()
