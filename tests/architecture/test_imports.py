"""The house keeps its direction: a room imports only what stands left of it."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ipdma"
LAYERS = [
    {"archives", "errors", "provenance", "exchange", "harmless", "processes", "workers", "__init__"},
    {"codebook", "privacy", "yaml_values", "writing"},
    {"site", "integrity", "cohort", "model"},
    {"plan", "web"},
    {"imputation"},
    {"bundle"},
    {"analysis"},
    {"disclosure", "release"},
    {"report"},
    {"synthetic", "io", "runs", "library", "commands", "cli", "__main__"},
]
ONLY_IN = {
    "matplotlib": ("report/", "library/forest"),
    "statsmodels": ("model/engines/",),
    "rpy2": ("model/engines/",),
    "snakemake": (),
}
STANDARD_LIBRARY_ROOMS = (
    "codebook",
    "privacy",
    "site",
    "web",
    "writing",
    "exchange",
    "harmless",
    "processes",
    "workers",
)


def modules():
    """Every module of the package, as a path relative to it."""
    return sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))


def imported(path):
    """Full names that a module imports, wherever in the file."""
    names = []
    for node in ast.walk(ast.parse((SOURCE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module)
            if node.module == "ipdma":
                names += [f"ipdma.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = path.parts[: len(path.parts) - node.level]
            names.append(".".join(["ipdma", *parents, node.module or ""]).rstrip("."))
    return names


def room(path):
    """The room of a module: its folder, or its own name at the top."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def layer(name):
    """How far right a room stands."""
    found = [i for i, names in enumerate(LAYERS) if name in names]
    assert found, f"'{name}' has no place in the house"
    return found[0]


@pytest.mark.parametrize("path", modules(), ids=str)
def test_a_room_imports_only_what_stands_left_of_it(path):
    here = room(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "ipdma" or len(parts) == 1 or parts[1] == "__version__":
            continue
        there = parts[1]
        if there == here:
            continue
        last = layer(here) == len(LAYERS) - 1
        assert layer(there) < layer(here) or (last and layer(there) == layer(here)), f"{path} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=str)
def test_libraries_stay_in_their_rooms(path):
    for name in imported(path):
        allowed = ONLY_IN.get(name.split(".")[0])
        if allowed is not None:
            assert path.as_posix().startswith(allowed), f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in modules() if room(p) in STANDARD_LIBRARY_ROOMS], ids=str)
def test_site_rooms_need_only_the_standard_library_and_yaml(path):
    if path.as_posix().startswith("site/formats"):
        return
    for name in imported(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top in ("yaml", "ipdma"), f"{path} imports {name}"


def test_the_page_stands_right_of_the_site_rooms_alone():
    """`web` runs in a browser, where only these rooms are; nothing else of the package needs it."""
    for path in modules():
        rooms = {name.split(".")[1] for name in imported(path) if name.startswith("ipdma.")}
        if room(path) == "web":
            assert rooms <= {"web", "site", "privacy", "codebook", "errors", "writing"}, path
        else:
            assert "web" not in rooms, path


def is_inert(node):
    """A statement at module level that only defines or declares."""
    kinds = (
        ast.Import,
        ast.ImportFrom,
        ast.FunctionDef,
        ast.ClassDef,
        ast.Assign,
        ast.AnnAssign,
        ast.If,
        ast.Try,
    )
    return isinstance(node, kinds) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


@pytest.mark.parametrize("path", modules(), ids=str)
def test_importing_a_module_does_nothing(path):
    body = ast.parse((SOURCE / path).read_text(encoding="utf-8")).body
    assert all(is_inert(node) for node in body), f"{path} acts when imported"


def test_tests_mirror_the_rooms():
    """`tests/unit/<room>/test_<file>.py` stands beside a file or folder of that name, and none lies flat."""
    unit = Path(__file__).parents[1] / "unit"
    for test in unit.rglob("test_*.py"):
        source = SOURCE / test.relative_to(unit).with_name(test.stem.removeprefix("test_"))
        assert source.is_dir() or source.with_suffix(".py").exists(), test.relative_to(unit)


def test_no_test_imports_another():
    """What two tests share stands in a module that is no test."""
    for test in Path(__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
                assert not node.module.rsplit(".", 1)[-1].startswith("test_"), test.name
