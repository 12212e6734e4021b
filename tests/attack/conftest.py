"""One finished run of three small trials, for all attacks on it; each works on a copy."""

import shutil

import pytest
from tests.builders.trials import make_consortium, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of the run."""
    folder = tmp_path_factory.mktemp("finished")
    make_consortium(folder)
    process = snakemake(folder)
    assert process.returncode == 0, process.stdout
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it, which loses its times and lies elsewhere."""
    folder = tmp_path / "another place"
    shutil.copytree(finished, folder, symlinks=True, copy_function=shutil.copyfile)
    return folder
