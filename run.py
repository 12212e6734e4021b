"""Set up what is missing, then run. The same as ./run where there is no shell: `python run.py`.

run                the main job: every table, figure and the report into results/
run test           the tests
run docs           the documentation as a site, docs/_build/index.html
run site-page      ipdma-site.html, the page for sites (needs node and npm)
run --dry-run      other words go to snakemake (run --configfile config/real.yaml)
"""

import os
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE / ".venv"
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK, INSTALLED = HERE / "requirements.lock", FOLDER / "installed.lock"
DOCS_LOCK, DOCS_INSTALLED = HERE / "requirements-docs.lock", FOLDER / "installed-docs.lock"
PIP = ["-m", "pip", "--disable-pip-version-check", "install", "-qq", "--root-user-action=ignore"]


def main(words):
    """Run what the words say; returns the exit status of the step that failed, or 0."""
    if words[:1] in (["-h"], ["--help"], ["help"]):
        print(__doc__.split("\n", 2)[2].rstrip())
        return 0
    os.chdir(HERE)
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MPLBACKEND="Agg", PYTHONUTF8="1")
    status = 0 if is_ready() else make_environment()
    if status:
        return status
    os.environ["PATH"] = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    if words[:1] == ["docs"]:
        status = install_once(DOCS_LOCK, DOCS_INSTALLED, "what the documentation is built with")
        return status or call(*command_of(words))
    return call(*command_of(words))


def command_of(words):
    """The arguments of the environment's Python."""
    if words[:1] == ["test"]:
        return ["-m", "pytest", "-n", "auto", "--dist", "loadfile", *words[1:]]
    if words[:1] == ["docs"]:
        return ["-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build", *words[1:]]
    if words[:1] == ["site-page"]:
        return ["tools/build_site_page.py", *words[1:]]
    return ["-m", "snakemake", "--logger", "ipdma", "--cores", "all", *words]


def is_ready():
    """Whether the environment is there, and made from the lock as it is now."""
    same = INSTALLED.is_file() and INSTALLED.read_bytes() == LOCK.read_bytes()
    return same and call("-c", "import ipdma", quiet=True) == 0


def make_environment():
    """Make .venv from the lock; what the package manager has to say is shown only where it fails."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this file is what tells an older Python)
        say(f"ipdma needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 2
    if find_spec("ensurepip") is None:
        say("Python's venv module is missing. On Debian or Ubuntu this line installs it; then start again:")
        say("  apt-get install python3-venv")
        return 2
    say("Setting up the environment in .venv from requirements.lock (once, a minute or two) ...")
    shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(FOLDER, with_pip=True)
    status = call(*PIP, "--require-hashes", "-r", LOCK.name)
    status = status or call(*PIP, "--no-deps", "--no-build-isolation", "--editable", ".")
    if status:
        say("The environment could not be set up; the lines above say why. Start again with the same words.")
        return status
    # pip compiles what it installs, but not an editable package: each job would, where nothing may be kept
    call("-m", "compileall", "-q", "src", quiet=True)
    INSTALLED.write_bytes(LOCK.read_bytes())
    return 0


def install_once(lock, installed, what):
    """Add the packages of a further lock to the environment, where they are not there yet."""
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return 0
    say(f"Adding {what} to .venv (once) ...")
    status = call(*PIP, "--require-hashes", "-r", lock.name)
    if not status:
        installed.write_bytes(lock.read_bytes())
    return status


def call(*arguments, quiet=False):
    """Run the environment's Python; returns its exit status."""
    stream = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen([str(PYTHON), *arguments], stdout=stream, stderr=stream)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the step has had it too, and ends in its own way


def say(line):
    """A line for the person who waits."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
