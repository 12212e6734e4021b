"""The notebooks: kept without outputs, defining nothing, and running from the first cell to the last."""

import ast
import json
import os
import shutil

import pytest
from tests.builders.trials import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
REQUIRED = "IPDMA_REQUIRE_NOTEBOOKS"
SECONDS = 1800
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path, kind):
    """The cells of one kind, as the file has them."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def test_there_are_three():
    assert [path.name[:3] for path in NOTEBOOKS] == ["01_", "02_", "03_"]


@by_name
def test_stored_without_outputs(path):
    for cell in cells_of(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@by_name
def test_defines_nothing(path):
    for cell in cells_of(path, "code"):
        tree = ast.parse("".join(cell["source"]))
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert not [node for node in ast.walk(tree) if isinstance(node, defined)]


@by_name
def test_explains_itself(path):
    assert len(cells_of(path, "markdown")) >= 4


def missing_piece():
    """What a notebook needs and is not there, or an empty text."""
    if not (REPOSITORY / "results" / "report.html").is_file():
        return "there is no finished run in results/ (./run makes one)"
    for module in ("nbclient", "ipykernel"):
        if not has_module(module):
            return f"{module} is not installed"
    return ""


def has_module(name):
    """Whether a module can be imported."""
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def participants():
    """Identifiers of the participants of the finished run."""
    found = set()
    for path in (REPOSITORY / "results" / "private" / "harmonised").glob("*/participants.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        found |= {line.split(",")[1] for line in lines}
    return found


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of what the notebooks read, so that nothing of the repository can change."""
    why = missing_piece()
    if why and os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, but {why}")
    if why:
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("repository")
    for name in ("notebooks", "config", "data", "results"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy(REPOSITORY / "Snakefile", folder)
    return folder


@pytest.mark.slow
@by_name
def test_runs_to_its_end(path, repository):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(repository / "notebooks")}}
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=where).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert sum(bool(cell.outputs) for cell in code) >= len(code) - 1
    assert not [
        o for cell in code for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"
    ]
    shown = json.dumps([cell.outputs for cell in code])
    assert not [i for i in participants() if len(i) > 4 and i in shown]
