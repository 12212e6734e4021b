"""The wheel and the sdist hold all that the commands need, and run from any folder."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest
import yaml
from tests.builders.gaussian_rows import draw_rows
from tests.builders.trials import REPOSITORY, write_trial

import ipdma

BUILD = "import sys; from setuptools.build_meta import build_{kind} as build; print(build(sys.argv[1]))"
SAFELY = (
    {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
)  # Python 3.11.2 has none, 3.12 asks for it


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel, made from the sdist as an installer makes it; and the sdist."""
    place = tmp_path_factory.mktemp("dist")
    sdist = place / build(REPOSITORY, "sdist", place)
    with tarfile.open(sdist) as archive:
        archive.extractall(place, **SAFELY)
    return place / build(place / f"ipdma-{ipdma.__version__}", "wheel", place), sdist


def build(folder, kind, out):
    """Build with the package's own backend; returns the file's name."""
    command = [sys.executable, "-c", BUILD.format(kind=kind), str(out)]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_every_file_of_the_package_is_in_the_wheel(built):
    source = REPOSITORY / "src"
    kept = {
        path.relative_to(source).as_posix()
        for path in (source / "ipdma").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert kept - set(zipfile.ZipFile(built[0]).namelist()) == set()


def test_the_wheel_checks_and_fits_from_any_folder(built, tmp_path):
    target = tmp_path / "installed"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
    ]
    subprocess.run([*pip, str(built[0])], check=True)
    here = tmp_path / "elsewhere"
    write_trial(here / "trial", "A")
    (here / "effects.csv").write_text("study,yi,vi\nA,-0.4,0.04\nB,-0.1,0.05\nC,-0.6,0.06\n")

    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=here,
            env={**os.environ, "PYTHONPATH": str(target)},
            text=True,
            capture_output=True,
            check=False,
        )

    where = run("-c", "import ipdma; print(ipdma.__file__)").stdout.strip()
    assert where.startswith(str(target))
    assert run("-m", "ipdma", "check", "trial").returncode == 0
    draw_rows().to_csv(here / "rows.csv", index=False)
    (here / "spec.yaml").write_text("outcome: y\ncovariates: [base]\n")
    assert run("-m", "ipdma", "fit", "rows.csv", "--spec", "spec.yaml").returncode == 0
    assert run("-m", "ipdma", "pool", "effects.csv", "--forest", "f.svg").returncode == 0
    assert (here / "f.svg").is_file()


def test_the_version_has_one_place():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == ipdma.__version__
