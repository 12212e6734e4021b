"""One finished run of three small trials, for all attacks on it, and a blinded one; each works on a copy."""

import shutil

import pytest
from tests.builders.share_scenes import SECRET
from tests.builders.trials import REPOSITORY, make_consortium, snakemake, write_plan

from ipdma.cli import main
from ipdma.runs.blinding import BLIND_KEY


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of the run."""
    folder = tmp_path_factory.mktemp("finished")
    make_consortium(folder)
    write_plan(folder / "plan.yaml", integrity=True)
    process = snakemake(folder)
    assert process.returncode == 0, process.stdout
    return folder


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory):
    """The folder of a blinded run and its unblinding."""
    folder = tmp_path_factory.mktemp("rehearsed")
    make_consortium(folder)
    write_plan(folder / "plan.yaml", blind=True)
    for part in ("Snakefile", "workflow"):
        (folder / part).symlink_to(REPOSITORY / part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BLIND_KEY, SECRET)
        patch.chdir(folder)
        process = snakemake(folder)
        assert process.returncode == 0, process.stdout
        assert main(["unblind", "plan.yaml"]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it, which loses its times and lies elsewhere."""
    folder = tmp_path / "another place"
    shutil.copytree(finished, folder, symlinks=True, copy_function=shutil.copyfile)
    return folder
